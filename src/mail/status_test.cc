#include "mail/status.h"

#include <gtest/gtest.h>

namespace malleposte::mail {
namespace {

TEST(Status, IsFoundAtTheStartOfAText) {
  EXPECT_EQ(leading_status("5.1.1 x"), "5.1.1");
  EXPECT_EQ(leading_status("2.0.0"), "2.0.0");
  EXPECT_EQ(leading_status("4.7.123\tx"), "4.7.123");
  for (auto text : {"", "5", "5.", "5.1", "5.1.", "5.1.1.1", "3.1.1", "5.1.1234", "5.1234.1",
                    "5.00.1", "5.1.1,", " 5.1.1"})
    EXPECT_EQ(leading_status(text), "") << text;
}

}  // namespace
}  // namespace malleposte::mail
