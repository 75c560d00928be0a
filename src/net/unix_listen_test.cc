#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "net/asio_network.h"
#include "net/file_descriptor.h"
#include "net/unix_path.h"

namespace malleposte::net {
namespace {

using testing::HasSubstr;

class UnixListenTest : public testing::Test {
 protected:
  UnixListenTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "malleposte-XXXXXX").string();
    directory = mkdtemp(pattern.data());
  }
  ~UnixListenTest() override {
    listener.reset();
    loop.run_ready();
    std::filesystem::remove_all(directory);
  }

  // A blocking client's connection, closed again.
  static bool answers(const std::string& path) {
    const auto opened = UnixPath::open(path).value();
    const FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto& address = opened.address();
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  AsioLoop loop;
  AsioNetwork network{loop};
  std::unique_ptr<Listener> listener;
  std::filesystem::path directory;
};

TEST_F(UnixListenTest, ThePathMayBeLongTheModeIs0600AndTheFileGoesWithTheListener) {
  const auto deep = directory / std::string(100, 'd') / std::string(100, 'e');
  std::filesystem::create_directories(deep);
  const auto path = (deep / "control.sock").string();
  ASSERT_GT(path.size(), 108U);
  const auto* me = getpwuid(geteuid());
  const auto user =
      fmt::format("uid {}{}", geteuid(), me != nullptr ? fmt::format(" ({})", me->pw_name) : "");
  int accepted_count = 0;
  listener = network
                 .listen_unix(path,
                              [&](std::unique_ptr<Stream> stream) {
                                EXPECT_EQ(stream->peer(), (Endpoint{user, 0}));
                                ++accepted_count;
                                loop.stop();
                              })
                 .value();
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_TRUE(answers(path));
  loop.run();
  EXPECT_EQ(accepted_count, 1);
  listener.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(UnixListenTest, AStaleSocketFileIsReplaced) {
  const auto path = (directory / "control.sock").string();
  {
    const auto opened = UnixPath::open(path).value();
    const FileDescriptor killed(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto& address = opened.address();
    ASSERT_EQ(::bind(killed.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(killed.get(), 1), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  ASSERT_FALSE(answers(path));
  listener = network.listen_unix(path, [](auto) {}).value();
  EXPECT_TRUE(answers(path));
}

TEST_F(UnixListenTest, AServerThatListensIsLeftAlone) {
  const auto path = (directory / "control.sock").string();
  listener = network.listen_unix(path, [](auto) {}).value();
  const auto second = network.listen_unix(path, [](auto) {});
  EXPECT_EQ(second.error().fault, Fault::resource);
  EXPECT_THAT(second.error().text, HasSubstr("another server listens there"));
  EXPECT_TRUE(answers(path));
}

TEST_F(UnixListenTest, AFileThatIsNoSocketIsNeverRemoved) {
  const auto path = directory / "precious";
  std::ofstream(path) << "data";
  const auto refused = network.listen_unix(path.string(), [](auto) {});
  EXPECT_EQ(refused.error().fault, Fault::resource);
  EXPECT_TRUE(std::filesystem::is_regular_file(path));
}

TEST_F(UnixListenTest, AMissingDirectoryAndAnEndlessNameAreErrors) {
  EXPECT_EQ(network.listen_unix((directory / "no" / "x").string(), [](auto) {}).error().fault,
            Fault::resource);
  EXPECT_EQ(
      network.listen_unix((directory / std::string(120, 'n')).string(), [](auto) {}).error().fault,
      Fault::resource);
  EXPECT_EQ(network.listen_unix("", [](auto) {}).error().fault, Fault::resource);
}

}  // namespace
}  // namespace malleposte::net
