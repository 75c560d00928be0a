#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace malleposte {
namespace {

// The test vectors of RFC 3720 appendix B.4.
TEST(Crc32c, AgreesWithThePublishedVectors) {
  EXPECT_EQ(crc32c(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(0, std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Crc32c, ContinuesAtEverySplit) {
  const std::string text = "The quick brown fox jumps over the lazy dog";
  for (std::size_t at = 0; at <= text.size(); ++at)
    EXPECT_EQ(crc32c(crc32c(0, text.substr(0, at)), text.substr(at)), crc32c(0, text));
}

}  // namespace
}  // namespace malleposte
