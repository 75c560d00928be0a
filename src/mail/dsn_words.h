// All that we say to senders in their language: one table a language (dsn_words_en.cc, _fr.cc,
// _ja.cc), so that who adds a sentence or a language sees what is missing. The texts are in UTF-8
// and are wrapped by who uses them; {} and {name} are filled in. What hosts say is not in here: it
// stays in its own words.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "mail/language.h"

namespace malleposte::mail {

// Whole sentences.
struct PlainWords {
  std::string_view what;    // what an answer means
  std::string_view advice;  // what the sender can do about it
};

// What an enhanced status means, by its subject and detail (RFC 3463): "1.1" of 5.1.1.
struct Meaning {
  std::string_view kind;
  PlainWords words;
};

struct DsnWords {
  Language language;

  // Subjects.
  std::string_view failure_subject, delay_subject, success_subject, delivered_subject;
  std::string_view report_subject;  // {} notices

  // How a DSN begins.
  std::string_view greeting;  // {host}: ours
  std::string_view failure;
  std::string_view warning;  // shouted
  std::string_view delay;    // {span} it is late, {until} when it is given up
  std::string_view success;
  std::string_view delivered;

  // About a recipient, or several with whom the same happened.
  std::string_view expired;    // {span}
  std::string_view host_said;  // {host}
  std::string_view at_host;    // {host}
  std::string_view more;       // {count} that are not named

  // How it ends; {date} of arrival.
  std::string_view all_attached, header_attached;

  // In a report.
  std::string_view report;                               // {count} notices
  std::string_view message_of;                           // {date}
  std::string_view failed, late, relayed, delivered_to;  // {}: the recipient

  // What answers mean. The same kinds in each language, sorted as people would.
  std::span<const Meaning> meanings;
  PlainWords refused, not_now;  // where the kind is unknown: for good, at present

  // Spans of time.
  struct Unit {
    std::string_view one, many;  // {}
  };
  Unit day, hour, minute, second;
  std::string_view under_a_second;
  // Of a date: {weekday}, {day} and {month} as numbers or names, {year}, {clock} "05:33:29".
  std::string_view date;
  std::array<std::string_view, 7> weekdays;  // Sunday first
  std::array<std::string_view, 12> months;
};

const DsnWords& words_in(Language language);

// "5 days", "4 hours", "1 minute", "30 seconds": the largest unit that says it well, rounded down.
std::string span_of_time(Duration span, const DsnWords& words);
// In UTC, with the day of the week.
std::string date_in(WallTime when, const DsnWords& words);

// The tables themselves, for words_in().
extern const DsnWords english_words, french_words, japanese_words;

}  // namespace malleposte::mail
