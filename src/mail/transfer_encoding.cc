#include "mail/transfer_encoding.h"

#include <cassert>

#include "mail/code_points.h"
#include "mail/mime_codec.h"

namespace malleposte::mail {
namespace {

// RFC 2047 2: of a line in which an encoded word stands, and of that what is not the text.
constexpr std::size_t word_line_octets = 76;
constexpr std::string_view word_begins = "=?utf-8?B?", word_ends = "?=";

std::string encoded(std::string_view octets, TransferEncoding encoding) {
  TransferEncoder encoder(encoding);
  std::string text;
  encoder.encode(octets, text);
  encoder.finish(text);
  return text;
}

// Of binary mail: in quoted-printable it would become a line end.
bool has_bare_line_feed(std::string_view text) {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    if (at == 0 || text[at - 1] != '\r') return true;
  return false;
}

}  // namespace

EncodedText encoded_text(std::string_view text) {
  if (is_ascii(text)) return {"7bit", std::string(text)};
  auto readable = encoded(text, TransferEncoding::quoted_printable);
  auto compact = encoded(text, TransferEncoding::base64) + "\r\n";
  if (readable.size() <= compact.size() && !has_bare_line_feed(text))
    return {"quoted-printable", std::move(readable)};
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
    words += encoded(text.substr(0, length), TransferEncoding::base64);  // less than a line
    words += word_ends;
    before = 1;  // the blank
    text.remove_prefix(length);
  }
  return words;
}

}  // namespace malleposte::mail
