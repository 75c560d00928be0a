// Random mail is converted, and read by the MIME library: the same parts with the same content.
#include <gtest/gtest.h>

#include "mail/converted.h"
#include "mail/library_reader.h"
#include "mail/random_mail.h"

namespace malleposte::mail {
namespace {

struct Counts {
  std::size_t converted = 0, sealed = 0, parts = 0;
};

void check(unsigned seed, bool binary, Transport transport, Counts& counts) {
  RandomMail random(seed, binary);
  const auto content = random.make();
  SCOPED_TRACE("seed " + std::to_string(seed) + ":\n" + content);
  const auto result = convert(content, transport, 1 + seed % 3000);
  if (result.obstacle == Obstacle::sealed) {
    EXPECT_TRUE(random.sealed_unfit());
    ++counts.sealed;
    return;
  }
  ASSERT_EQ(result.obstacle, Obstacle::none) << explain(result.obstacle);
  if (!result.fits) ++counts.converted;
  const auto parts = LibraryReader::read(content);
  EXPECT_EQ(LibraryReader::read(result.content), parts);
  counts.parts += parts.size();
  const auto again = convert(result.content, transport);
  EXPECT_TRUE(again.fits) << result.content;
  EXPECT_EQ(again.content, result.content);
}

// clause: 6152-3-e 6152-3-f
TEST(RandomConversion, EveryPartOfEightBitMailDecodesToWhatItWas) {
  Counts counts;
  for (unsigned seed = 0; seed < 1000 && !testing::Test::HasFailure(); ++seed)
    check(seed, false, to_seven_bit, counts);
  EXPECT_GT(counts.converted, 100u);
  EXPECT_GT(counts.parts, 1000u);
  EXPECT_GT(counts.sealed, 5u);
}

// clause: 3030-3-i 3030-3-j 3030-3-k
TEST(RandomConversion, EveryPartOfBinaryMailDecodesToWhatItWas) {
  Counts counts;
  for (unsigned seed = 0; seed < 1000 && !testing::Test::HasFailure(); ++seed)
    check(seed, true, seed % 2 == 0 ? to_seven_bit_lines : to_lines, counts);
  EXPECT_GT(counts.converted, 100u);
  EXPECT_GT(counts.parts, 1000u);
  EXPECT_GT(counts.sealed, 5u);
}

}  // namespace
}  // namespace malleposte::mail
