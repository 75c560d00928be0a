#include "mail/dsn_words.h"

#include <fmt/format.h>

#include <utility>

namespace malleposte::mail {

using namespace std::chrono_literals;

const DsnWords& words_in(Language language) {
  switch (language) {
    case Language::english:
      break;
    case Language::french:
      return french_words;
    case Language::japanese:
      return japanese_words;
  }
  return english_words;
}

std::string span_of_time(Duration span, const DsnWords& words) {
  const std::pair<Duration, const DsnWords::Unit*> units[] = {
      {24h, &words.day}, {1h, &words.hour}, {1min, &words.minute}, {1s, &words.second}};
  for (const auto& [length, unit] : units) {
    // "36 hours" says more than "1 day".
    const auto count = span / length;
    if (count >= 2 || (count == 1 && span % length < length / 10))
      return fmt::format(fmt::runtime(count == 1 ? unit->one : unit->many), count);
  }
  return std::string(words.under_a_second);
}

std::string date_in(WallTime when, const DsnWords& words) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(when - day));
  return fmt::format(
      fmt::runtime(words.date),
      fmt::arg("weekday", words.weekdays[std::chrono::weekday(day).c_encoding()]),
      fmt::arg("day", static_cast<unsigned>(date.day())),
      fmt::arg("month", words.months[static_cast<unsigned>(date.month()) - 1]),
      fmt::arg("year", static_cast<int>(date.year())),
      fmt::arg("clock", fmt::format("{:02}:{:02}:{:02}", clock.hours().count(),
                                    clock.minutes().count(), clock.seconds().count())));
}

}  // namespace malleposte::mail
