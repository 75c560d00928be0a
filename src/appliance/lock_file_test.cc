#include "appliance/lock_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <optional>

namespace malleposte::appliance {
namespace {

namespace fs = std::filesystem;

class Lock : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "malleposte-lock-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(Lock, IsHeldByOneAndNamesItsHolder) {
  std::optional<Result<LockFile>> first(LockFile::take(folder_ / "lock"));
  ASSERT_TRUE(*first);
  auto second = LockFile::take(folder_ / "lock");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, Fault::resource);
  EXPECT_NE(second.error().text.find(std::to_string(::getpid())), std::string::npos);
  EXPECT_NE(second.error().text.find("in use"), std::string::npos);
  first.reset();
  EXPECT_TRUE(LockFile::take(folder_ / "lock"));
}

TEST_F(Lock, OfAKilledProcessStopsNobody) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto lock = LockFile::take(folder_ / "lock");
    const char taken = lock ? 'y' : 'n';
    if (::write(ready[1], &taken, 1) == 1) ::pause();
    ::_exit(1);
  }
  char taken = 0;
  ASSERT_EQ(::read(ready[0], &taken, 1), 1);
  EXPECT_EQ(taken, 'y');
  EXPECT_FALSE(LockFile::take(folder_ / "lock"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(LockFile::take(folder_ / "lock"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(Lock, SurvivesAFileThatHoldsNonsense) {
  std::ofstream(folder_ / "lock") << std::string(100, 'x');
  EXPECT_TRUE(LockFile::take(folder_ / "lock"));
}

TEST_F(Lock, SaysWhyItCannotBeMade) {
  auto lock = LockFile::take(folder_ / "missing" / "lock");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().fault, Fault::disk);
}

}  // namespace
}  // namespace malleposte::appliance
