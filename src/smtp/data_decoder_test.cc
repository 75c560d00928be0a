#include "smtp/data_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace malleposte::smtp {
namespace {

using Fault = DataDecoder::Fault;

struct Decoded {
  bool ended = false;
  Fault fault = Fault::none;
  std::string content;  // of a message without fault
  std::string rest;     // behind the end
  bool operator==(const Decoded&) const = default;
};

Decoded decode(const std::vector<std::string>& pieces, bool repair) {
  DataDecoder decoder(repair);
  Decoded result;
  for (const std::string& piece : pieces) {
    std::string_view input = piece;
    while (!decoder.ended()) {
      const std::string_view content = decoder.next(input);
      if (content.empty()) break;
      result.content += content;
    }
    if (decoder.ended())
      result.rest += input;
    else
      EXPECT_TRUE(input.empty());
  }
  result.ended = decoder.ended();
  result.fault = decoder.fault();
  if (result.fault != Fault::none) {
    result.content.clear();
  } else {
    EXPECT_EQ(decoder.octets(), result.content.size());
  }
  return result;
}

// Decodes as a whole, in two pieces cut everywhere, and byte by byte: always the same.
Decoded decode_every_way(const std::string& text, bool repair = false) {
  const Decoded whole = decode({text}, repair);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(decode({text.substr(0, cut), text.substr(cut)}, repair), whole) << "cut at " << cut;
  }
  std::vector<std::string> bytes;
  for (const char c : text) bytes.emplace_back(1, c);
  EXPECT_EQ(decode(bytes, repair), whole) << "byte by byte";
  return whole;
}

TEST(DataDecoder, OnlyCrLfDotCrLfEndsTheData) {
  EXPECT_EQ(decode_every_way("Subject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n"),
            (Decoded{true, Fault::none, "Subject: x\r\n\r\nhello\r\n", "QUIT\r\n"}));
  EXPECT_EQ(decode_every_way(".\r\nQUIT\r\n"), (Decoded{true, Fault::none, "", "QUIT\r\n"}));
}

// clause: 5321-2.3.8-a 5321-4.1.1.4-d 5321-4.1.1.4-e
TEST(DataDecoder, NothingElseEndsTheDataInEitherMode) {
  for (const char* before : {"\r\n", "\n", "\r", "\n\r", "\r\r\n", "\r\n\r"}) {
    for (const char* after : {"\r\n", "\n", "\r", "\n\r", "\r\r\n", " \r\n"}) {
      const std::string form = std::string(before) + "." + after;
      const std::string text = "a" + form + "MAIL FROM:<b@c>\r\n.\r\nQUIT\r\n";
      for (const bool repair : {false, true}) {
        const Decoded decoded = decode_every_way(text, repair);
        EXPECT_TRUE(decoded.ended);
        if (form.find("\r\n.\r\n") != std::string::npos) {
          EXPECT_EQ(decoded.rest, "MAIL FROM:<b@c>\r\n.\r\nQUIT\r\n");
        } else {
          EXPECT_EQ(decoded.rest, "QUIT\r\n") << before << "." << after;
        }
        // What is handed out as content holds no line end but CRLF.
        for (std::size_t i = 0; i < decoded.content.size(); ++i) {
          if (decoded.content[i] == '\n') {
            EXPECT_TRUE(i > 0 && decoded.content[i - 1] == '\r');
          }
          if (decoded.content[i] == '\r') {
            EXPECT_TRUE(i + 1 < decoded.content.size() && decoded.content[i + 1] == '\n');
          }
        }
      }
    }
  }
}

TEST(DataDecoder, StuffedDotsAreRemoved) {
  EXPECT_EQ(decode_every_way("..\r\n...a\r\n.b\r\nc.d\r\ne\r\n..\r\n.\r\n").content,
            ".\r\n..a\r\nb\r\nc.d\r\ne\r\n.\r\n");
}

TEST(DataDecoder, BareCrIsAFault) {
  EXPECT_EQ(decode_every_way("a\rb\r\n.\r\nX"), (Decoded{true, Fault::bare_cr, "", "X"}));
  EXPECT_EQ(decode_every_way("a\r\r\n.\r\nX", true), (Decoded{true, Fault::bare_cr, "", "X"}));
  EXPECT_EQ(decode_every_way("a\r\n.\rb\r\n.\r\nX"), (Decoded{true, Fault::bare_cr, "", "X"}));
  EXPECT_EQ(decode_every_way("a\r\n.\r\r\n.\r\nX"), (Decoded{true, Fault::bare_cr, "", "X"}));
}

TEST(DataDecoder, NulIsAFault) {
  EXPECT_EQ(decode_every_way(std::string("a\0b\r\n.\r\nX", 9)),
            (Decoded{true, Fault::nul, "", "X"}));
  EXPECT_EQ(decode_every_way(std::string("\r\n.\0\r\n.\r\nX", 10), true),
            (Decoded{true, Fault::nul, "", "X"}));
}

TEST(DataDecoder, BareLfIsAFaultOrIsRepaired) {
  EXPECT_EQ(decode_every_way("a\nb\r\n.\r\nX"), (Decoded{true, Fault::bare_lf, "", "X"}));
  EXPECT_EQ(decode_every_way("a\n\nb\n.\r\n.\r\nX", true),
            (Decoded{true, Fault::none, "a\r\n\r\nb\r\n\r\n", "X"}));
  EXPECT_EQ(decode_every_way("\n..a\n\r\n.\n.\r\n.\r\nX", true),
            (Decoded{true, Fault::none, "\r\n.a\r\n\r\n\r\n\r\n", "X"}));
}

// clause: 5321-4.5.3.1-a
TEST(DataDecoder, LongStretchesWithoutLineEndPassThrough) {
  const std::string line(100'000, 'x');
  EXPECT_EQ(decode({line, line, "\r\n.\r\n"}, false).content, line + line + "\r\n");
}

TEST(DataDecoder, SpecialOctetsAreFoundAtEveryOffset) {
  for (std::size_t offset = 0; offset < 40; ++offset) {
    const std::string line(offset, '\x8d');
    EXPECT_EQ(decode({line + "\n\r\n.\r\n"}, false).fault, Fault::bare_lf);
    EXPECT_EQ(decode({line + "\rx\r\n.\r\n"}, false).fault, Fault::bare_cr);
    EXPECT_EQ(decode({line + std::string(1, '\0') + "\r\n.\r\n"}, false).fault, Fault::nul);
    EXPECT_EQ(decode({line + "\r\n.\r\n"}, false).content, line + "\r\n");
  }
}

}  // namespace
}  // namespace malleposte::smtp
