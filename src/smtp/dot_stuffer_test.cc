#include "smtp/dot_stuffer.h"

#include <gtest/gtest.h>

namespace malleposte::smtp {
namespace {

std::string wire(const std::vector<std::string>& blocks) {
  DotStuffer stuffer;
  std::string sent;
  for (const auto& block : blocks) sent += stuffer.encode(block);
  return sent + std::string(stuffer.end());
}

// clause: 5321-4.5.2-a
TEST(DotStuffer, LinesThatBeginWithADotGetAnother) {
  EXPECT_EQ(wire({".a\r\n.\r\nb.\r\n..c\r\n"}), "..a\r\n..\r\nb.\r\n...c\r\n.\r\n");
}

TEST(DotStuffer, EverySplitGivesTheSame) {
  const std::string content = ".\r\n..\r\na.b\r\n.\r\r\n.\n.x\r\n.end";
  const auto whole = wire({content});
  EXPECT_EQ(whole, "..\r\n...\r\na.b\r\n..\r\r\n..\n.x\r\n..end\r\n.\r\n");
  for (std::size_t i = 0; i <= content.size(); ++i)
    for (std::size_t j = i; j <= content.size(); ++j)
      EXPECT_EQ(wire({content.substr(0, i), content.substr(i, j - i), content.substr(j)}), whole)
          << i << ' ' << j;
}

// clause: 5321-4.1.1.4-b 5321-4.1.1.4-c
TEST(DotStuffer, TheEndStandsOnALineOfItsOwn) {
  EXPECT_EQ(wire({}), ".\r\n");
  EXPECT_EQ(wire({"a\r\n"}), "a\r\n.\r\n");
  EXPECT_EQ(wire({"a"}), "a\r\n.\r\n");
  EXPECT_EQ(wire({"a\n"}), "a\n\r\n.\r\n");
  EXPECT_EQ(wire({"a\r", "\n"}), "a\r\n.\r\n");
}

TEST(DotStuffer, NothingIsCopiedWithoutNeed) {
  DotStuffer stuffer;
  std::string block = "a.b\r\nc\r\n";
  EXPECT_EQ(stuffer.encode(block).data(), block.data());
}

}  // namespace
}  // namespace malleposte::smtp
