#include "mail/plain_words.h"

#include <gtest/gtest.h>

namespace malleposte::mail {
namespace {

using namespace std::chrono_literals;

Answer answer(int code, std::string status) {
  return {"mx", "192.0.2.1:25", code, std::move(status), "said"};
}

TEST(PlainWords, FollowTheEnhancedStatusThenTheCode) {
  EXPECT_EQ(plain_words(answer(550, "5.1.1"), true, english_words).what,
            "There is no mailbox of that name in this domain.");
  EXPECT_EQ(plain_words(answer(452, "4.2.2"), false, english_words).what, "The mailbox is full.");
  EXPECT_EQ(plain_words(answer(550, "5.99.99"), true, english_words).what,
            "The mail system of the recipient refuses the message.");
  EXPECT_EQ(plain_words(answer(450, "4.0.0"), false, english_words).what,
            "The mail system of the recipient does not take the message at present.");
  EXPECT_EQ(plain_words(answer(451, "4.7.1"), false, english_words).what,
            "The mail system of the recipient does not take the message at present.");
  EXPECT_EQ(plain_words(answer(0, "5.0.0"), true, english_words).what, "");
  EXPECT_EQ(plain_words(answer(0, "nonsense"), true, english_words).what, "");
}

TEST(PlainWords, NothingIsAskedOfASenderWhoseMailIsStillTried) {
  EXPECT_FALSE(plain_words(answer(552, "5.2.2"), true, english_words).advice.empty());
  EXPECT_EQ(plain_words(answer(452, "4.2.2"), false, english_words).advice, "");
}

TEST(PlainWords, TimesReadAsPeopleSayThem) {
  EXPECT_EQ(span_of_time(120h, english_words), "5 days");
  EXPECT_EQ(span_of_time(120h + 3min, english_words), "5 days");
  EXPECT_EQ(span_of_time(36h, english_words), "36 hours");
  EXPECT_EQ(span_of_time(24h, english_words), "1 day");
  EXPECT_EQ(span_of_time(4h + 2min, english_words), "4 hours");
  EXPECT_EQ(span_of_time(90min, english_words), "90 minutes");
  EXPECT_EQ(span_of_time(1s, english_words), "1 second");
  EXPECT_EQ(span_of_time(3ms, english_words), "less than a second");
}

}  // namespace
}  // namespace malleposte::mail
