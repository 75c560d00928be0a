#include "smtp/utc_time.h"

#include <gtest/gtest.h>

namespace malleposte::smtp {
namespace {

WallTime at(std::int64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

TEST(UtcTime, IsWrittenAndReadAsRfc3339) {
  EXPECT_EQ(utc_time(at(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_time(at(1'795'747'206)), "2026-11-27T02:40:06Z");
  for (const std::int64_t seconds : {0L, 951'782'399L, 1'795'747'206L, 4'102'444'800L}) {
    EXPECT_EQ(parse_utc_time(utc_time(at(seconds))), at(seconds));
  }
}

TEST(UtcTime, OffsetsFractionsAndSmallLettersAreTaken) {
  EXPECT_EQ(parse_utc_time("2026-11-27t03:40:06.999+01:00"), at(1'795'747'206));
  EXPECT_EQ(parse_utc_time("2026-11-26T21:10:06-05:30"), at(1'795'747'206));
  EXPECT_EQ(parse_utc_time("1990-12-31T23:59:60z"), parse_utc_time("1991-01-01T00:00:00Z"));
}

TEST(UtcTime, WhatIsNoTimeIsRefused) {
  for (const char* text :
       {"", "2026", "2026-11-27", "2026-11-27T02:40:06", "2026-11-27 02:40:06Z",
        "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-11-27T24:00:00Z", "2026-11-27T02:60:00Z", "2026-11-27T02:40:61Z",
        "2026-11-27T02:40:06.Z", "2026-11-27T02:40:06Zx", "2026-11-27T02:40:06+1:00",
        "2026-11-27T02:40:06+24:00", "+026-11-27T02:40:06Z", "20261127T024006Z"}) {
    EXPECT_EQ(parse_utc_time(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace malleposte::smtp
