#include "smtp/offers.h"

#include <gtest/gtest.h>

#include <string>

namespace malleposte::smtp {
namespace {

std::string answer(const Offers& offers) {
  std::string out;
  append_ehlo_answer(out, "mail.example.org", offers, {});
  return out;
}

bool offered(const Offers& offers, const std::string& keyword) {
  return answer(offers).find("250-" + keyword) != std::string::npos;
}

TEST(Offers, WhatIsWithheldIsNotInTheAnswer) {
  for (const char* keyword :
       {"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "CHUNKING", "BINARYMIME", "SMTPUTF8",
        "DSN", "DELIVERBY", "FUTURERELEASE", "MT-PRIORITY", "ETRN"}) {
    Offers offers = Offers::to_client(true);
    EXPECT_TRUE(offered(offers, keyword)) << keyword;
    EXPECT_TRUE(offers.withhold(keyword)) << keyword;
    EXPECT_FALSE(offered(offers, keyword)) << keyword;
  }
}

TEST(Offers, WhatNeedsTheWithheldGoesWithIt) {
  Offers no_chunks;
  no_chunks.withhold("CHUNKING");
  EXPECT_FALSE(offered(no_chunks, "BINARYMIME"));
  EXPECT_TRUE(offered(no_chunks, "SMTPUTF8"));
  Offers seven_bit;
  seven_bit.withhold("8BITMIME");
  EXPECT_FALSE(offered(seven_bit, "SMTPUTF8"));
  EXPECT_TRUE(offered(seven_bit, "BINARYMIME"));
}

TEST(Offers, WhatIsNeededByAllCannotBeWithheld) {
  Offers offers;
  const std::string before = answer(offers);
  for (const char* keyword : {"SIZE", "HELP", "LIMITS", "X-NONE", ""})
    EXPECT_FALSE(offers.withhold(keyword)) << keyword;
  EXPECT_EQ(answer(offers), before);
}

}  // namespace
}  // namespace malleposte::smtp
