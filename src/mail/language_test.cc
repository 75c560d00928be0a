#include "mail/language.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"
#include "mail/dsn_words.h"

namespace malleposte::mail {
namespace {

using enum Language;

Language of(const std::string& header) {
  return language_for(header + "\r\nbody\r\nAccept-Language: ja\r\n");
}

TEST(LanguageOfASender, IsTheOneThatAcceptLanguagePrefers) {
  EXPECT_EQ(of("Accept-Language: fr\r\n"), french);
  EXPECT_EQ(of("Subject: x\r\naccept-language:JA-jp\r\n"), japanese);
  EXPECT_EQ(of("Accept-Language: fr-CA, en;q=0.8\r\n"), french);
  EXPECT_EQ(of("Accept-Language: en;q=0.5, fr;q=0.7, ja;q=0.6\r\n"), french);
  EXPECT_EQ(of("Accept-Language: de, ja;q=0.2\r\n"), japanese);
  EXPECT_EQ(of("Accept-Language: en, ja\r\n"), english) << "of equals the first";
  EXPECT_EQ(of("Accept-Language: de,\r\n fr;q=0.9,\r\n\tja ; Q = 0.95\r\n"), japanese);
  EXPECT_EQ(of("Accept-Language: (my) de, fr (or \\) not, en\r\n"), french) << "a comment";
  EXPECT_EQ(of("Accept-Language: fr (la mienne, ja)\r\n"), french);
  EXPECT_EQ(of("Accept-Language: *, ja;q=0.1\r\n"), english);
}

TEST(LanguageOfASender, IsElseTheOneOfTheMessage) {
  EXPECT_EQ(of("Content-Language: ja\r\n"), japanese);
  EXPECT_EQ(of("Content-Language: de, fr\r\n"), french);
  EXPECT_EQ(of("Content-Language: fr\r\nAccept-Language: ja\r\n"), japanese);
  EXPECT_EQ(of("Content-Language: fr\r\nAccept-Language: de\r\n"), french);
  EXPECT_EQ(of("Content-Language: fr\r\nAccept-Language: ja;q=0\r\n"), french);
  EXPECT_EQ(of(""), english);
  EXPECT_EQ(of("Content-Language: de\r\n"), english);
}

TEST(LanguageOfASender, WhatIsNoLanguageListSaysNothing) {
  for (auto text : {"frx", "french", "f", "-", ",,,;;;", ";q=1", "fr;q=2", "fr;q=0.1234", "fr;q=x",
                    "fr;q=", "fr;q=-1", "fr;q=1.5", "\xff\xff", "((((((("})
    EXPECT_EQ(of(std::string("Accept-Language: ") + text + "\r\n"), english) << text;
  EXPECT_EQ(of("X-Accept-Language: fr\r\nAccept-Language-Not: fr\r\n: fr\r\n"), english);
}

TEST(LanguageOfASender, OfAnEndlessFieldOnlyTheBeginningCounts) {
  std::string field = "Accept-Language: ";
  while (field.size() < 1'000'000) field += "de-DE-1996,\r\n ";
  EXPECT_EQ(of(field + "fr\r\n"), english);
  EXPECT_EQ(of("Accept-Language: ja, " + std::string(1'000'000, 'x') + "\r\n"), japanese);
}

// --- What is said in it
// ---------------------------------------------------------------------------

TEST(Words, EveryLanguageHasAllOfThem) {
  for (auto language : all_languages) {
    const auto& words = words_in(language);
    EXPECT_EQ(words.language, language);
    for (auto text : {words.failure_subject,   words.delay_subject,   words.success_subject,
                      words.delivered_subject, words.report_subject,  words.greeting,
                      words.failure,           words.warning,         words.delay,
                      words.success,           words.delivered,       words.expired,
                      words.host_said,         words.at_host,         words.more,
                      words.all_attached,      words.header_attached, words.report,
                      words.message_of,        words.failed,          words.late,
                      words.relayed,           words.delivered_to,    words.refused.what,
                      words.refused.advice,    words.not_now.what,    words.not_now.advice,
                      words.day.one,           words.hour.many,       words.minute.one,
                      words.second.many,       words.under_a_second,  words.date})
      EXPECT_FALSE(text.empty()) << tag(language);
    ASSERT_EQ(words.meanings.size(), english_words.meanings.size()) << tag(language);
    for (std::size_t i = 0; i < words.meanings.size(); ++i) {
      EXPECT_EQ(words.meanings[i].kind, english_words.meanings[i].kind) << tag(language);
      EXPECT_FALSE(words.meanings[i].words.what.empty());
      EXPECT_FALSE(words.meanings[i].words.advice.empty());
      EXPECT_EQ(words.meanings[i].words.what == english_words.meanings[i].words.what,
                language == english);
    }
  }
}

TEST(Words, DatesReadAsPeopleWriteThem) {
  using namespace std::chrono_literals;
  const WallTime when{std::chrono::sys_days(std::chrono::year(2026) / 8 / 1) + 5h + 3min + 9s};
  EXPECT_EQ(date_in(when, english_words), "Sat, 1 Aug 2026 05:03:09 +0000");
  EXPECT_EQ(date_in(when, french_words), "samedi 1 août 2026 à 05:03:09 (UTC)");
  EXPECT_EQ(date_in(when, japanese_words), "2026年8月1日（土）05:03:09（UTC）");
}

}  // namespace
}  // namespace malleposte::mail
