#include "deliver/file_mailboxes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <latch>
#include <sstream>
#include <thread>

#include "base/temporary_directory.h"
#include "net/asio_loop.h"

namespace malleposte::deliver {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using smtp::Verdict;

class FileMailboxesTest : public testing::Test {
 protected:
  FileMailboxesTest() {
    for (const char* name : {"tmp", "new", "cur"}) fs::create_directories(root / "anna" / name);
  }

  MailboxPath path(const std::string& user) const { return {root.string(), user}; }
  // Runs the loop until the task has come to its end.
  void run(Task<void> task) {
    spawn([](Task<void> all, net::AsioLoop& of) -> Task<void> {
      co_await std::move(all);
      of.stop();
    }(std::move(task), loop));
    loop.run();
  }
  static std::string read(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  TemporaryDirectory directory;
  const fs::path root = directory.path();
  net::AsioLoop loop;
};

TEST_F(FileMailboxesTest, AMailIsWrittenPieceByPieceAndThereAtItsEnd) {
  FileMailboxes mailboxes(loop);
  run([](FileMailboxes& of, MailboxPath anna, fs::path box) -> Task<void> {
    const auto mail = of.begin(std::move(anna), "1.a.example");
    EXPECT_EQ((co_await mail->write("one ", false)).verdict, Verdict::accepted);
    EXPECT_TRUE(fs::is_empty(box / "new"));
    EXPECT_EQ((co_await mail->write("two\n", true)).verdict, Verdict::accepted);
    EXPECT_EQ(read(box / "new/1.a.example"), "one two\n");
    EXPECT_TRUE(fs::is_empty(box / "tmp"));
  }(mailboxes, path("anna"), root / "anna"));
}

TEST_F(FileMailboxesTest, WhatIsGivenUpLeavesNothing) {
  {
    FileMailboxes mailboxes(loop);
    run([](FileMailboxes& of, MailboxPath anna) -> Task<void> {
      const auto mail = of.begin(std::move(anna), "1.a.example");
      EXPECT_EQ((co_await mail->write("one ", false)).verdict, Verdict::accepted);
    }(mailboxes, path("anna")));
  }  // the threads have ended
  EXPECT_TRUE(fs::is_empty(root / "anna/tmp"));
  EXPECT_TRUE(fs::is_empty(root / "anna/new"));
}

TEST_F(FileMailboxesTest, ALookSaysWhoHasOne) {
  FileMailboxes mailboxes(loop);
  run([](FileMailboxes& of, MailboxPath anna, MailboxPath bert) -> Task<void> {
    EXPECT_EQ((co_await of.look(std::move(anna))).verdict, Verdict::accepted);
    EXPECT_EQ((co_await of.look(std::move(bert))).verdict, Verdict::permanent);
  }(mailboxes, path("anna"), path("bert")));
}

// Holds up the first work until it is let go.
struct Jam {
  FileMailboxes::Options options() {
    FileMailboxes::Options all;
    all.look_timeout = all.write_timeout = 20ms;
    all.before_work = [this] {
      if (++works == 1) opens.wait();
    };
    return all;
  }
  std::latch opens{1};
  std::atomic<int> works = 0;
};

// What is told as not written must not be there later.
TEST_F(FileMailboxesTest, AMailThatCouldNotBeWrittenInTimeIsNotThereLater) {
  Jam jam;
  {
    FileMailboxes mailboxes(loop, jam.options());
    run([](FileMailboxes& of, MailboxPath anna, Jam& jam) -> Task<void> {
      const auto late = co_await of.begin(anna, "1.a.example")->write("hello\n", true);
      EXPECT_TRUE(is_no_answer(late)) << late.text;
      // Nothing more is asked of it: that comes back at once.
      EXPECT_TRUE(is_no_answer(co_await of.begin(anna, "1.a.example")->write("x", true)));
      EXPECT_EQ(jam.works, 1);
      jam.opens.count_down();
    }(mailboxes, path("anna"), jam));
  }  // the threads have ended
  EXPECT_TRUE(fs::is_empty(root / "anna/new"));
  EXPECT_TRUE(fs::is_empty(root / "anna/tmp"));
}

TEST_F(FileMailboxesTest, AVolumeThatAnswersAgainIsAskedAgain) {
  Jam jam;
  FileMailboxes mailboxes(loop, jam.options());
  run([](FileMailboxes& of, MailboxPath anna, fs::path box, Jam& jam,
         net::AsioLoop& on) -> Task<void> {
    EXPECT_TRUE(is_no_answer(co_await of.begin(anna, "1.a.example")->write("hello\n", true)));
    jam.opens.count_down();
    while (is_no_answer(co_await of.begin(anna, "1.a.example")->write("hello\n", true)))
      co_await sleep_until(on, on.steady() + 1ms);
    EXPECT_EQ(read(box / "new/1.a.example"), "hello\n");
    EXPECT_TRUE(fs::is_empty(box / "tmp"));
  }(mailboxes, path("anna"), root / "anna", jam, loop));
}

TEST_F(FileMailboxesTest, AVolumeThatHangsKeepsNobodyElseWaiting) {
  Jam jam;
  auto options = jam.options();
  options.look_timeout = 10min;
  FileMailboxes mailboxes(loop, options);
  const auto elsewhere = root / "elsewhere";
  for (const char* directory : {"tmp", "new", "cur"})
    fs::create_directories(elsewhere / "bert" / directory);
  run([](FileMailboxes& of, MailboxPath anna, MailboxPath bert, Jam& jam,
         net::AsioLoop& on) -> Task<void> {
    bool answered = false;
    spawn([](FileMailboxes& in, MailboxPath box, bool& done) -> Task<void> {
      (void)co_await in.look(std::move(box));
      done = true;
    }(of, std::move(anna), answered));
    while (jam.works < 1) co_await sleep_until(on, on.steady() + 1ms);
    EXPECT_EQ((co_await of.look(std::move(bert))).verdict, Verdict::accepted);
    EXPECT_FALSE(answered);
    jam.opens.count_down();
    while (!answered) co_await sleep_until(on, on.steady() + 1ms);
  }(mailboxes, path("anna"), {elsewhere.string(), "bert"}, jam, loop));
}

TEST_F(FileMailboxesTest, OnlySoManyLookAtOnce) {
  Jam jam;
  auto options = jam.options();
  options.look_timeout = 10min;
  FileMailboxes mailboxes(loop, options);
  run([](FileMailboxes& of, MailboxPath anna, Jam& jam, net::AsioLoop& on) -> Task<void> {
    std::size_t answered = 0;
    for (std::size_t i = 0; i < limits::mailbox_looks; ++i)
      spawn([](FileMailboxes& in, MailboxPath box, std::size_t& count) -> Task<void> {
        EXPECT_EQ((co_await in.look(std::move(box))).verdict, Verdict::accepted);
        ++count;
      }(of, anna, answered));
    EXPECT_TRUE(is_no_answer(co_await of.look(anna)));
    jam.opens.count_down();
    while (answered < limits::mailbox_looks) co_await sleep_until(on, on.steady() + 1ms);
    EXPECT_EQ((co_await of.look(anna)).verdict, Verdict::accepted);
  }(mailboxes, path("anna"), jam, loop));
}

}  // namespace
}  // namespace malleposte::deliver
