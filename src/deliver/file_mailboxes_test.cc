#include "deliver/file_mailboxes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <latch>
#include <sstream>
#include <thread>

#include "net/asio_loop.h"

namespace malleposte::deliver {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using smtp::Verdict;

class FileMailboxesTest : public testing::Test {
 protected:
  FileMailboxesTest() {
    std::string name = (fs::temp_directory_path() / "mailboxes-XXXXXX").string();
    root = ::mkdtemp(name.data());
    for (const char* directory : {"tmp", "new", "cur"})
      fs::create_directories(root / "anna" / directory);
  }
  ~FileMailboxesTest() override { fs::remove_all(root); }

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

  fs::path root;
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

TEST_F(FileMailboxesTest, AVolumeThatHangsIsWaitedForOnceAndHasItsTimeBack) {
  std::latch answers(1);
  std::atomic<int> works = 0;
  FileMailboxes::Options options;
  options.look_timeout = options.write_timeout = 20ms;
  options.before_work = [&] {
    if (++works == 1) answers.wait();
  };
  FileMailboxes mailboxes(loop, options);
  run([](FileMailboxes& of, MailboxPath anna, fs::path box, std::latch& latch,
         std::atomic<int>& count, net::AsioLoop& on) -> Task<void> {
    {
      const auto mail = of.begin(anna, "1.a.example");
      const auto late = co_await mail->write("hello\n", true);
      EXPECT_EQ(late.verdict, Verdict::temporary);
      EXPECT_EQ(late.text, "the volume of the mailboxes does not answer");
    }
    // Nothing more is asked of it.
    EXPECT_EQ((co_await of.look(anna)).verdict, Verdict::temporary);
    EXPECT_EQ((co_await of.begin(anna, "2.a.example")->write("x", true)).verdict,
              Verdict::temporary);
    EXPECT_EQ(count, 1);
    latch.count_down();
    // Its answer comes, and the mail with it; written again it is the same one.
    while ((co_await of.look(anna)).verdict == Verdict::temporary)
      co_await sleep_until(on, on.steady() + 1ms);
    EXPECT_EQ((co_await of.begin(anna, "1.a.example")->write("hello\n", true)).verdict,
              Verdict::accepted);
    EXPECT_EQ(std::distance(fs::directory_iterator(box / "new"), fs::directory_iterator()), 1);
    EXPECT_TRUE(fs::is_empty(box / "tmp"));
  }(mailboxes, path("anna"), root / "anna", answers, works, loop));
}

TEST_F(FileMailboxesTest, AVolumeThatHangsKeepsNobodyElseWaiting) {
  std::latch answers(1);
  std::atomic<int> works = 0;
  FileMailboxes::Options options;
  options.look_timeout = 10min;
  options.before_work = [&] {
    if (++works == 1) answers.wait();
  };
  FileMailboxes mailboxes(loop, options);
  // A root whose threads are others.
  fs::path elsewhere;
  for (int i = 0; elsewhere.empty(); ++i) {
    const auto place = root / ("other" + std::to_string(i));
    const auto slot = [](const fs::path& of) {
      return std::hash<std::string>()(of.string()) % limits::mailbox_volumes;
    };
    if (slot(place) != slot(root)) elsewhere = place;
  }
  for (const char* directory : {"tmp", "new", "cur"})
    fs::create_directories(elsewhere / "bert" / directory);
  run([](FileMailboxes& of, MailboxPath anna, MailboxPath bert, std::latch& latch,
         net::AsioLoop& on) -> Task<void> {
    bool answered = false;
    spawn([](FileMailboxes& in, MailboxPath box, bool& done) -> Task<void> {
      (void)co_await in.look(std::move(box));
      done = true;
    }(of, std::move(anna), answered));
    EXPECT_EQ((co_await of.look(std::move(bert))).verdict, Verdict::accepted);
    EXPECT_FALSE(answered);
    latch.count_down();
    while (!answered) co_await sleep_until(on, on.steady() + 1ms);
  }(mailboxes, path("anna"), {elsewhere.string(), "bert"}, answers, loop));
}

}  // namespace
}  // namespace malleposte::deliver
