#include "smtp/ehlo_answer.h"

#include <charconv>

namespace malleposte::smtp {
namespace {

// Keywords are compared without case (RFC 5321 2.4).
bool is(std::string_view word, std::string_view keyword) {
  if (word.size() != keyword.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    char c = word[i];
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c != keyword[i]) return false;
  }
  return true;
}

}  // namespace

EhloAnswer parse_ehlo_answer(std::string_view text) {
  EhloAnswer answer;
  for (auto end = text.find('\n'); end != std::string_view::npos;) {
    text.remove_prefix(end + 1);
    end = text.find('\n');
    auto line = text.substr(0, end);
    auto blank = line.find(' ');
    auto keyword = line.substr(0, blank);
    if (is(keyword, "PIPELINING")) answer.pipelining = true;
    if (is(keyword, "8BITMIME")) answer.eight_bit_mime = true;
    if (is(keyword, "SIZE")) {
      answer.size = true;
      auto value = blank == std::string_view::npos ? "" : line.substr(blank + 1);
      std::uint64_t limit = 0;
      auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), limit);
      if (error == std::errc() && (rest == value.data() + value.size() || *rest == ' '))
        answer.size_limit = limit;
    }
  }
  return answer;
}

}  // namespace malleposte::smtp
