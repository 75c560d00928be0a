#include "smtp/ehlo_answer.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "smtp/command.h"

namespace malleposte::smtp {
namespace {

// Takes the next word off the front of `line`; blanks between words may be several.
std::string_view next_word(std::string_view& line) {
  const auto begin = line.find_first_not_of(" \t");
  line.remove_prefix(begin == std::string_view::npos ? line.size() : begin);
  const auto word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

// The whole word as a number; nothing for anything else, also for one that is too large.
template <typename Number>
std::optional<Number> number(std::string_view word) {
  Number value = 0;
  const auto end = word.data() + word.size();
  const auto [rest, error] = std::from_chars(word.data(), end, value);
  if (word.empty() || error != std::errc() || rest != end) return std::nullopt;
  return value;
}

// RFC 9422 3.1: NAME or NAME=VALUE.
bool is_limit(std::string_view word) {
  const auto equals = word.find('=');
  const auto name = word.substr(0, equals);
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), in_name)) return false;
  if (equals == std::string_view::npos) return true;
  const auto value = word.substr(equals + 1);
  const auto in_value = [](char c) { return c > ' ' && c < 0x7f && c != ';'; };
  return !value.empty() && std::all_of(value.begin(), value.end(), in_value);
}

// RFC 9422 4: at most six digits, the first not a zero. A limit that is not so is none, and neither
// is one that has no meaning to us.
void read_limit(std::string_view word, EhloAnswer& answer) {
  const auto equals = word.find('=');
  if (equals == std::string_view::npos) return;
  const auto name = word.substr(0, equals);
  const auto digits = word.substr(equals + 1);
  if (digits.size() > 6 || digits.starts_with('0')) return;
  const auto value = number<std::uint32_t>(digits);
  if (!value) return;
  if (same_text(name, "MAILMAX")) answer.mails_max = *value;
  if (same_text(name, "RCPTMAX")) answer.recipients_max = *value;
  if (same_text(name, "RCPTDOMAINMAX")) answer.recipient_domains_max = *value;
}

// RFC 9422 3.7: with a word that is none, no limit counts.
void read_limits(std::string_view line, EhloAnswer& answer) {
  auto limited = answer;
  for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
    if (!is_limit(word)) return;
    read_limit(word, limited);
  }
  answer = limited;
}

void read_line(std::string_view line, EhloAnswer& answer) {
  const auto keyword = next_word(line);  // of any case (RFC 5321 2.4)
  const auto count = [&line] { return number<std::uint64_t>(next_word(line)).value_or(0); };
  if (same_text(keyword, "PIPELINING")) answer.pipelining = true;
  if (same_text(keyword, "8BITMIME")) answer.eight_bit_mime = true;
  if (same_text(keyword, "CHUNKING")) answer.chunking = true;
  if (same_text(keyword, "BINARYMIME")) answer.binary_mime = true;
  if (same_text(keyword, "SMTPUTF8")) answer.smtputf8 = true;
  if (same_text(keyword, "DSN")) answer.dsn = true;
  if (same_text(keyword, "ENHANCEDSTATUSCODES")) answer.enhanced_status_codes = true;
  if (same_text(keyword, "MT-PRIORITY")) answer.mt_priority = true;
  if (same_text(keyword, "SIZE")) {
    answer.size = true;
    answer.size_limit = count();
  }
  if (same_text(keyword, "DELIVERBY")) {
    answer.deliver_by = true;
    answer.deliver_by_min_s = count();
  }
  if (same_text(keyword, "FUTURERELEASE")) {
    answer.future_release = true;
    answer.hold_max_s = count();
  }
  if (same_text(keyword, "LIMITS")) read_limits(line, answer);
}

}  // namespace

EhloAnswer parse_ehlo_answer(std::string_view text) {
  EhloAnswer answer;
  for (auto end = text.find('\n'); end != std::string_view::npos;) {
    text.remove_prefix(end + 1);
    end = text.find('\n');
    read_line(text.substr(0, end), answer);
  }
  answer.binary_mime = answer.binary_mime && answer.chunking;  // RFC 3030 3: nothing without BDAT
  answer.smtputf8 = answer.smtputf8 && answer.eight_bit_mime;  // RFC 6531 3.1, 8
  return answer;
}

}  // namespace malleposte::smtp
