#include "smtp/utc_time.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace malleposte::smtp {
namespace {

namespace chrono = std::chrono;

void append_number(std::string& out, unsigned value, unsigned digits) {
  std::array<char, 4> text{};
  for (unsigned i = digits; i > 0; --i, value /= 10) {
    text.at(i - 1) = static_cast<char>('0' + value % 10);
  }
  out.append(text.data(), digits);
}

bool digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes fixed numbers of digits, and the marks between them, from the front of a text.
class Digits {
 public:
  explicit Digits(std::string_view text) : text_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      good_ = good_ && i < text_.size() && digit(text_[i]);
      if (good_) value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(std::min(digits, text_.size()));
    return value;
  }
  // One of two marks; they differ in case only.
  void mark(char upper, char lower) {
    good_ = good_ && !text_.empty() && (text_[0] == upper || text_[0] == lower);
    text_.remove_prefix(text_.empty() ? 0 : 1);
  }
  void mark(char one) { mark(one, one); }

  bool good() const { return good_; }
  std::string_view rest() const { return text_; }
  void skip(std::size_t octets) { text_.remove_prefix(octets); }

 private:
  std::string_view text_;
  bool good_ = true;
};

}  // namespace

std::string utc_time(WallTime when) {
  const auto day = chrono::floor<chrono::days>(when);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss time(chrono::floor<chrono::seconds>(when - day));
  std::string out;
  append_number(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out.push_back('-');
  append_number(out, static_cast<unsigned>(date.month()), 2);
  out.push_back('-');
  append_number(out, static_cast<unsigned>(date.day()), 2);
  out.push_back('T');
  append_number(out, static_cast<unsigned>(time.hours().count()), 2);
  out.push_back(':');
  append_number(out, static_cast<unsigned>(time.minutes().count()), 2);
  out.push_back(':');
  append_number(out, static_cast<unsigned>(time.seconds().count()), 2);
  out.push_back('Z');
  return out;
}

std::optional<WallTime> parse_utc_time(std::string_view text) {
  Digits digits(text);
  const int year = digits.number(4);
  digits.mark('-');
  const int month = digits.number(2);
  digits.mark('-');
  const int day = digits.number(2);
  digits.mark('T', 't');
  const int hour = digits.number(2);
  digits.mark(':');
  const int minute = digits.number(2);
  digits.mark(':');
  const int second = digits.number(2);
  if (digits.rest().starts_with('.')) {
    digits.skip(1);
    digits.number(1);
    while (!digits.rest().empty() && digit(digits.rest()[0])) digits.skip(1);
  }
  chrono::minutes offset{0};
  if (digits.rest().starts_with('+') || digits.rest().starts_with('-')) {
    const int sign = digits.rest()[0] == '+' ? 1 : -1;
    digits.skip(1);
    const int hours = digits.number(2);
    digits.mark(':');
    const int minutes = digits.number(2);
    if (hours > 23 || minutes > 59) return {};
    offset = sign * (chrono::hours(hours) + chrono::minutes(minutes));
  } else {
    digits.mark('Z', 'z');
  }
  const chrono::year_month_day date(chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day)));
  if (!digits.good() || !digits.rest().empty() || !date.ok() || hour > 23 || minute > 59 ||
      second > 60) {
    return {};
  }
  return WallTime(chrono::sys_days(date)) + chrono::hours(hour) + chrono::minutes(minute) +
         chrono::seconds(second) - offset;
}

}  // namespace malleposte::smtp
