#include "smtp/reply.h"

#include <gtest/gtest.h>

namespace malleposte::smtp {
namespace {

// clause: 2034-4-a 2034-4-c 2034-4-d 2034-4-e 5321-4.2.1-e
TEST(Reply, EveryLineHasTheCodes) {
  EXPECT_EQ(to_wire(reply(250, "2.1.0", "Sender accepted.")), "250 2.1.0 Sender accepted.\r\n");
  EXPECT_EQ(to_wire(reply(354, "", "Go on.")), "354 Go on.\r\n");
  EXPECT_EQ(to_wire(Reply{214, "2.0.0", {"a", "b"}}), "214-2.0.0 a\r\n214 2.0.0 b\r\n");
  EXPECT_EQ(to_wire(Reply{250, "", {}}), "250 \r\n");
}

TEST(Reply, TextFromElsewhereAddsNoLine) {
  EXPECT_EQ(to_wire(reply(550, "5.0.0", std::string_view("a\r\n250 b\0c", 10))),
            "550 5.0.0 a  250 b c\r\n");
}

TEST(Reply, LogsShowOneLine) {
  EXPECT_EQ(to_string(Reply{550, "5.1.1", {"No such", "user"}}), "550 5.1.1 No such user");
  EXPECT_EQ(to_string(Reply{250, "", {}}), "250");
}

}  // namespace
}  // namespace malleposte::smtp
