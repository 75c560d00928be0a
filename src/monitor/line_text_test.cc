#include "monitor/line_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <ctime>

namespace malleposte::monitor {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json(out, text);
  return out;
}

std::string clean(std::string_view text) {
  std::string out;
  append_clean(out, text);
  return out;
}

TEST(LineText, JsonEscapesWhatWouldEndTheStringOrTheLine) {
  EXPECT_EQ(json("plain <a@b>"), "\"plain <a@b>\"");
  EXPECT_EQ(json("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(json("a\r\nb\tc"), "\"a\\r\\nb\\tc\"");
  EXPECT_EQ(json(std::string_view("\0\x1b\x7f", 3)), "\"\\u0000\\u001b\\u007f\"");
  EXPECT_EQ(json(""), "\"\"");
}

TEST(LineText, JsonKeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(json("é€😀"), "\"é€😀\"");
  EXPECT_EQ(json("a\xff\xc3"), "\"a\\ufffd\\ufffd\"");
  EXPECT_EQ(json("\xc0\xaf"), "\"\\ufffd\\ufffd\"");                        // overlong
  EXPECT_EQ(json("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");             // surrogate
  EXPECT_EQ(json("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");  // past U+10FFFF
  EXPECT_EQ(json("\xc2\x85"), "\"\\u0085\"");  // next line, a C1 control
}

TEST(LineText, EveryPairOfOctetsMakesValidJsonOfOneLine) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      std::string octets{static_cast<char>(first), static_cast<char>(second)};
      auto text = json(octets);
      boost::json::error_code error;
      boost::json::parse(text, error);
      ASSERT_FALSE(error) << first << ' ' << second << ' ' << text;
      ASSERT_EQ(text.find('\n'), std::string::npos);
      for (char c : clean(octets)) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
  }
}

TEST(LineText, CleanLeavesNoControlCharacter) {
  EXPECT_EQ(clean("x\r\nNov 23 injected"), "x??Nov 23 injected");
  EXPECT_EQ(clean("a\x1b[31mb"), "a?[31mb");
  EXPECT_EQ(clean("q\"uo\\te é"), "q\"uo\\te é");
  EXPECT_EQ(clean("\xc2\x9b"
                  "x\xff"),
            "?x?");
}

TEST(LineText, SecondsAreCutNotRounded) {
  auto seconds = [](std::int64_t micros, unsigned decimals) {
    std::string out;
    append_seconds(out, Duration(micros), decimals);
    return out;
  };
  EXPECT_EQ(seconds(129'999, 2), "0.12");
  EXPECT_EQ(seconds(3'600'000'000, 2), "3600.00");
  EXPECT_EQ(seconds(1'000'001, 6), "1.000001");
  EXPECT_EQ(seconds(-5, 2), "0.00");
}

TEST(ClockText, WritesRfc3339InUtc) {
  ClockText clock;
  std::string out;
  clock.append_rfc3339(out, WallTime(Duration(1'795'428'942'123'456)));
  EXPECT_EQ(out, "2026-11-23T10:15:42.123456Z");
  out.clear();
  clock.append_rfc3339(out, WallTime(Duration(1'795'428'942'999'999)), 3);
  EXPECT_EQ(out, "2026-11-23T10:15:42.999Z");
  out.clear();
  clock.append_rfc3339(out, WallTime(Duration(1'795'428'943'000'000)), 3);
  EXPECT_EQ(out, "2026-11-23T10:15:43.000Z") << "the next second is not taken from the cache";
  out.clear();
  clock.append_rfc3339(out, WallTime(Duration(-1)));
  EXPECT_EQ(out, "1969-12-31T23:59:59.999999Z");
}

TEST(ClockText, SyslogTimeIsLocalWithThePaddedDay) {
  std::string before = std::getenv("TZ") == nullptr ? "" : std::getenv("TZ");
  setenv("TZ", "XYZ-2", 1);
  tzset();
  ClockText clock;
  std::string out;
  clock.append_syslog(out, WallTime(std::chrono::seconds(1'795'428'942)));
  EXPECT_EQ(out, "Nov 23 12:15:42");
  out.clear();
  clock.append_syslog(out, WallTime(std::chrono::seconds(1'793'782'805)));
  EXPECT_EQ(out, "Nov  4 11:00:05");
  if (before.empty())
    unsetenv("TZ");
  else
    setenv("TZ", before.c_str(), 1);
  tzset();
}

}  // namespace
}  // namespace malleposte::monitor
