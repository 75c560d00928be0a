#include "smtp/xtext.h"

namespace malleposte::smtp {
namespace {

constexpr std::string_view hex = "0123456789ABCDEF";

bool plain(char c) {
  return c >= 33 && c <= 126 && c != '+' && c != '=';
}

}  // namespace

std::string encode_xtext(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (plain(c)) {
      out.push_back(c);
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out.push_back('+');
      out.push_back(hex[octet >> 4]);
      out.push_back(hex[octet & 15]);
    }
  }
  return out;
}

std::optional<std::string> decode_xtext(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (plain(text[i])) {
      out.push_back(text[i]);
      continue;
    }
    if (text[i] != '+' || text.size() - i < 3) return {};
    const std::size_t high = hex.find(text[i + 1]), low = hex.find(text[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return {};
    out.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return out;
}

}  // namespace malleposte::smtp
