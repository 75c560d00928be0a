#include "monitor/line_text.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstring>
#include <ctime>

#include "base/utf8.h"

namespace malleposte::monitor {
namespace {

// Octets that go into a JSON string, and into a log line, as they are.
constexpr auto plain = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0x20; c < 0x7f; ++c) table[c] = c != '"' && c != '\\';
  return table;
}();

constexpr std::string_view hex = "0123456789abcdef";

// U+0080 to U+009F: control characters that some terminals obey.
bool c1_control(std::string_view sequence) {
  return sequence.size() == 2 && sequence[0] == '\xc2' &&
         static_cast<unsigned char>(sequence[1]) < 0xa0;
}

void append_escape(std::string& out, unsigned code) {
  char text[6] = {'\\', 'u', '0', '0', hex[(code >> 4U) & 15U], hex[code & 15U]};
  out.append(text, sizeof text);
}

// One character that is not plain; returns how many octets it was.
std::size_t append_json_special(std::string& out, std::string_view text) {
  unsigned char c = static_cast<unsigned char>(text.front());
  if (c >= 0x80) {
    std::size_t length = utf8_length(text);
    if (length == 0) {
      out += "\\ufffd";
      return 1;
    }
    auto sequence = text.substr(0, length);
    if (c1_control(sequence))
      append_escape(out, static_cast<unsigned char>(sequence[1]));
    else
      out += sequence;
    return length;
  }
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      append_escape(out, c);
  }
  return 1;
}

std::size_t append_clean_special(std::string& out, std::string_view text) {
  unsigned char c = static_cast<unsigned char>(text.front());
  if (c == '"' || c == '\\') {
    out += text.front();
    return 1;
  }
  std::size_t length = c >= 0x80 ? utf8_length(text) : 0;
  if (length == 0 || c1_control(text.substr(0, length))) {
    out += '?';
    return length == 0 ? 1 : length;
  }
  out += text.substr(0, length);
  return length;
}

template <class Special>
void append_runs(std::string& out, std::string_view text, Special special) {
  while (!text.empty()) {
    std::size_t run = 0;
    while (run < text.size() && plain[static_cast<unsigned char>(text[run])]) ++run;
    out.append(text.data(), run);
    text.remove_prefix(run);
    if (!text.empty()) text.remove_prefix(special(out, text));
  }
}

void put_two(char* at, int number) {
  at[0] = static_cast<char>('0' + number / 10 % 10);
  at[1] = static_cast<char>('0' + number % 10);
}

// `fraction` in microseconds as its first `decimals` digits.
void append_fraction(std::string& out, std::int64_t fraction, unsigned decimals) {
  char digits[6];
  for (int i = 5; i >= 0; --i, fraction /= 10) digits[i] = static_cast<char>('0' + fraction % 10);
  out.append(digits, decimals);
}

struct Split {
  std::int64_t second;
  std::int64_t fraction;  // microseconds, 0 to 999999
};

Split split(WallTime time) {
  auto second = std::chrono::floor<std::chrono::seconds>(time);
  return {second.time_since_epoch().count(), (time - second).count()};
}

}  // namespace

void append_json(std::string& out, std::string_view text) {
  out += '"';
  append_runs(out, text, append_json_special);
  out += '"';
}

void append_clean(std::string& out, std::string_view text) {
  append_runs(out, text, append_clean_special);
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_seconds(std::string& out, Duration duration, unsigned decimals) {
  assert(decimals >= 1 && decimals <= 6);
  auto micros = std::max<std::int64_t>(duration.count(), 0);
  append_number(out, static_cast<std::uint64_t>(micros / 1'000'000));
  out += '.';
  append_fraction(out, micros % 1'000'000, decimals);
}

void ClockText::append_rfc3339(std::string& out, WallTime time, unsigned decimals) {
  assert(decimals >= 1 && decimals <= 6);
  auto [second, fraction] = split(time);
  if (second != utc_second_) {
    utc_second_ = second;
    std::time_t clock = second;
    std::tm parts{};
    gmtime_r(&clock, &parts);
    char text[] = "0000-00-00T00:00:00.";
    put_two(text, (parts.tm_year + 1900) / 100);
    put_two(text + 2, (parts.tm_year + 1900) % 100);
    put_two(text + 5, parts.tm_mon + 1);
    put_two(text + 8, parts.tm_mday);
    put_two(text + 11, parts.tm_hour);
    put_two(text + 14, parts.tm_min);
    put_two(text + 17, parts.tm_sec);
    utc_ = text;
  }
  out += utc_;
  append_fraction(out, fraction, decimals);
  out += 'Z';
}

void ClockText::append_syslog(std::string& out, WallTime time) {
  auto second = split(time).second;
  if (second != local_second_) {
    local_second_ = second;
    std::time_t clock = second;
    std::tm parts{};
    localtime_r(&clock, &parts);
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[] = "Jan 00 00:00:00";
    std::memcpy(text, months.data() + static_cast<std::size_t>(parts.tm_mon) * 3, 3);
    put_two(text + 4, parts.tm_mday);
    if (text[4] == '0') text[4] = ' ';
    put_two(text + 7, parts.tm_hour);
    put_two(text + 10, parts.tm_min);
    put_two(text + 13, parts.tm_sec);
    local_ = text;
  }
  out += local_;
}

}  // namespace malleposte::monitor
