// The real disk, in a directory of the test's own.
#include "spool/file_disk.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "spool/record.h"

namespace malleposte::spool {
namespace {

class FileDiskTest : public ::testing::Test {
 protected:
  FileDiskTest() {
    // Not in /tmp, which may lie in memory: there nothing goes past a cache.
    std::string made = std::filesystem::current_path() / "file_disk_test.XXXXXX";
    directory_ = ::mkdtemp(made.data());
    disk_ = std::move(*open_file_disk(directory_));
  }
  ~FileDiskTest() override {
    disk_.reset();
    std::filesystem::remove_all(directory_);
  }

  Disk::File file(const std::string& name, std::size_t octets) {
    const auto made = *disk_->create(name);
    const std::string zeros(octets, '\0');
    const std::string_view part = zeros;
    EXPECT_TRUE(disk_->write(made, 0, std::span(&part, 1)));
    EXPECT_TRUE(disk_->sync(made));
    return made;
  }
  std::string read(Disk::File from, std::uint64_t offset, std::size_t octets) {
    std::string into(octets, '?');
    EXPECT_EQ(*disk_->read(from, offset, into), octets);
    return into;
  }
  void write_durably(Disk::File to, std::uint64_t offset, std::string_view first,
                     std::string_view second) {
    const std::array<std::string_view, 2> parts{first, second};
    ASSERT_TRUE(disk_->write_durably(to, offset, parts));
  }

  std::string directory_;
  std::unique_ptr<Disk> disk_;
};

TEST_F(FileDiskTest, WhatIsWrittenDurablyIsReadAsItWasWritten) {
  const auto segment = file("segment", 64 * sector_octets);
  const std::string one(300, 'a'), two(2 * sector_octets - 300, 'b');
  (void)read(segment, 0, 64 * sector_octets);  // now it is in the cache, which must not be believed
  write_durably(segment, 3 * sector_octets, one, two);
  EXPECT_EQ(read(segment, 3 * sector_octets, 2 * sector_octets), one + two);
  EXPECT_EQ(read(segment, 2 * sector_octets, sector_octets), std::string(sector_octets, '\0'));
  EXPECT_EQ(read(segment, 5 * sector_octets, sector_octets), std::string(sector_octets, '\0'));
}

TEST_F(FileDiskTest, LargeAndSmallBatchesFollowEachOther) {
  const auto segment = file("segment", 4096 * sector_octets);
  std::string expected;
  for (std::size_t sectors : {1, 200, 3, 1, 32, 33, 1}) {
    const std::string octets(sectors * sector_octets, static_cast<char>('a' + sectors % 26));
    write_durably(segment, expected.size(), octets, "");
    expected += octets;
    EXPECT_EQ(read(segment, 0, expected.size()), expected);
  }
}

TEST_F(FileDiskTest, ADescriptorUsedAgainMeansTheNewFile) {
  const auto first = file("first", 8 * sector_octets);
  const std::string octets(sector_octets, 'x');
  write_durably(first, 0, octets, "");
  disk_->close(first);
  const auto second = file("second", 8 * sector_octets);
  ASSERT_EQ(second, first) << "the kernel gives the lowest number that is free";
  write_durably(second, sector_octets, octets, "");
  EXPECT_EQ(read(second, sector_octets, sector_octets), octets);
}

TEST_F(FileDiskTest, WhereverTheBuffersAreCutTheSectorIsWhole) {
  const auto segment = file("segment", 64 * sector_octets);
  for (std::size_t cut = 0; cut <= sector_octets; cut += 37) {
    std::string octets(sector_octets, '\0');
    for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<char>(i * 7 + cut);
    write_durably(segment, 5 * sector_octets, std::string_view(octets).substr(0, cut),
                  std::string_view(octets).substr(cut));
    EXPECT_EQ(read(segment, 5 * sector_octets, sector_octets), octets);
  }
}

}  // namespace
}  // namespace malleposte::spool
