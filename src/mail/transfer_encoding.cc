#include "mail/transfer_encoding.h"

#include <fmt/format.h>

#include <cassert>
#include <cstdint>

#include "mail/code_points.h"

namespace malleposte::mail {
namespace {

constexpr std::size_t line_octets = 76;  // RFC 2045 6.7, 6.8
// RFC 2047 2: of a line in which an encoded word stands, and of that what is not the text.
constexpr std::size_t word_line_octets = 76;
constexpr std::string_view word_begins = "=?utf-8?B?", word_ends = "?=";

void append_base64(std::string& text, std::string_view octets) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t at = 0; at < octets.size(); at += 3) {
    const auto three = octets.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= three.size() ? digits[bits >> (18 - 6 * i) & 63] : '=';
  }
}

}  // namespace

std::string base64(std::string_view octets) {
  std::string text;
  constexpr std::size_t at_once = line_octets / 4 * 3;
  for (std::size_t at = 0; at < octets.size(); at += at_once) {
    append_base64(text, octets.substr(at, at_once));
    text += "\r\n";
  }
  return text;
}

std::string quoted_printable(std::string_view octets) {
  std::string text;
  std::size_t line = 0;  // octets of the line so far
  for (std::size_t at = 0; at < octets.size(); ++at) {
    const char c = octets[at];
    if (octets.substr(at, 2) == "\r\n") {
      text += "\r\n";
      line = 0;
      ++at;
      continue;
    }
    const bool ends = octets.substr(at + 1, 2) == "\r\n" || at + 1 == octets.size();
    const bool blank = c == ' ' || c == '\t';
    const bool plain = (c > ' ' && c <= '~' && c != '=') || (blank && !ends);
    const std::size_t length = plain ? 1 : 3;
    if (line + length > line_octets - (ends ? 0 : 1)) {
      text += "=\r\n";
      line = 0;
    }
    text += plain ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c));
    line += length;
  }
  return text;
}

EncodedText encoded_text(std::string_view text) {
  if (is_ascii(text)) return {"7bit", std::string(text)};
  auto readable = quoted_printable(text);
  auto compact = base64(text);
  if (readable.size() <= compact.size()) return {"quoted-printable", std::move(readable)};
  return {"base64", std::move(compact)};
}

std::string encoded_words(std::string_view text, std::size_t before) {
  assert(before < 60);
  if (is_ascii(text)) return std::string(text);
  std::string words;
  while (!text.empty()) {
    const auto frame = before + word_begins.size() + word_ends.size();
    const auto most = (word_line_octets - frame) / 4 * 3;
    std::size_t length = 0;
    while (length < text.size()) {
      const auto next = first_code_point(text.substr(length)).octets;
      if (length + next > most) break;
      length += next;
    }
    if (!words.empty()) words += "\r\n ";
    words += word_begins;
    append_base64(words, text.substr(0, length));
    words += word_ends;
    before = 1;  // the blank
    text.remove_prefix(length);
  }
  return words;
}

}  // namespace malleposte::mail
