#include "spool/recent_records.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "spool/record.h"

namespace malleposte::spool {
namespace {

std::string record(std::size_t payload, char filled = 'x') {
  return std::string(record_header_octets, 'h') + std::string(payload, filled);
}

TEST(RecentRecords, AreFoundAtTheirPlaceOnly) {
  RecentRecords recent;
  recent.keep(7, 4096, record(100));
  EXPECT_EQ(recent.find(7, 4096, record_header_octets + 100), record(100));
  EXPECT_EQ(recent.find(8, 4096, 10), std::nullopt);
  EXPECT_EQ(recent.find(7, 4608, 10), std::nullopt);
}

TEST(RecentRecords, BehindThePayloadAreZerosUpToTheNextRecord) {
  RecentRecords recent;
  recent.keep(7, 4096, record(3));
  const auto all = record_octets(3);
  const auto found = recent.find(7, 4096, all);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, record(3) + std::string(all - record_header_octets - 3, '\0'));
  EXPECT_EQ(recent.find(7, 4096, all + 1), std::nullopt);  // there may be another record
}

TEST(RecentRecords, TheOldestMakeRoom) {
  RecentRecords recent;
  const auto one = record(limits::recent_octets / 4);
  for (std::uint64_t i = 0; i < 10; ++i) recent.keep(1, i, one);
  EXPECT_LE(recent.octets(), limits::recent_octets);
  EXPECT_EQ(recent.find(1, 0, 10), std::nullopt);
  EXPECT_TRUE(recent.find(1, 9, 10));
  recent.keep(1, 10, record(limits::recent_octets));  // larger than all the room
  EXPECT_EQ(recent.octets(), 0u);
}

}  // namespace
}  // namespace malleposte::spool
