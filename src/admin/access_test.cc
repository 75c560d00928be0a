#include "admin/access.h"

#include <gtest/gtest.h>

namespace malleposte::admin {
namespace {

TEST(Access, ComparesWholeTexts) {
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  for (std::string_view other : {"", "s", "secre", "secrets", "Secret", "secretsecret"})
    EXPECT_FALSE(equal_in_constant_time(other, "secret")) << other;
  EXPECT_FALSE(equal_in_constant_time("x", ""));
}

TEST(Access, DecodesBase64) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("+/8="), "\xfb\xff");
  for (std::string_view wrong : {"Z", "Zg", "Zm8", "Zm 8", "====", "Z===", "Zm-_", "Zg==Zg=="})
    EXPECT_EQ(decode_base64(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace malleposte::admin
