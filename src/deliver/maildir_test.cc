#include "deliver/maildir.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/temporary_directory.h"
#include "deliver/mailboxes.h"

namespace malleposte::deliver {
namespace {

namespace fs = std::filesystem;
using smtp::Verdict;

class MaildirTest : public testing::Test {
 protected:
  MaildirTest() { make("anna"); }

  fs::path make(const std::string& user) {
    for (const char* name : {"tmp", "new", "cur"}) fs::create_directories(root / user / name);
    return root / user;
  }
  Maildir of(const std::string& user) { return Maildir({root.string(), user}); }

  // One mail, as far as it goes.
  smtp::Ruling deliver(Maildir& maildir, const std::string& name = "1.a.example",
                       std::string_view content = "hello\n") {
    auto ruling = maildir.open();
    if (ruling.verdict == Verdict::accepted) ruling = maildir.begin(name);
    if (ruling.verdict == Verdict::accepted) ruling = maildir.write(content);
    if (ruling.verdict == Verdict::accepted) ruling = maildir.commit([] { return true; });
    if (ruling.verdict != Verdict::accepted) maildir.give_up();
    return ruling;
  }
  smtp::Ruling deliver(const std::string& user, const std::string& name = "1.a.example") {
    auto maildir = of(user);
    return deliver(maildir, name);
  }
  static std::size_t files(const fs::path& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
  }
  static std::string content(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  TemporaryDirectory directory;
  const fs::path root = directory.path();
};

TEST_F(MaildirTest, AMailIsInNewAndNothingIsInTmp) {
  auto maildir = of("anna");
  const auto ruling = deliver(maildir);
  EXPECT_EQ(ruling.verdict, Verdict::accepted);
  EXPECT_TRUE(ruling.final_delivery);
  EXPECT_EQ(content(root / "anna/new/1.a.example"), "hello\n");
  EXPECT_EQ(files(root / "anna/tmp"), 0U);
  struct stat status{};
  ASSERT_EQ(::stat((root / "anna/new/1.a.example").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(status.st_nlink, 1U);
}

TEST_F(MaildirTest, BelongsToWhoHasTheMailboxWhereWeAreRoot) {
  const bool as_root = ::geteuid() == 0;
  if (as_root) {
    ASSERT_EQ(::chown((root / "anna").c_str(), 1, 1), 0);
  }
  ASSERT_EQ(deliver("anna").verdict, Verdict::accepted);
  struct stat status{};
  ASSERT_EQ(::stat((root / "anna/new/1.a.example").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, as_root ? 1U : ::geteuid());
  EXPECT_EQ(status.st_gid, as_root ? 1U : ::getegid());
}

TEST_F(MaildirTest, OneThatIsNotThereIsUnknown) {
  const auto ruling = deliver("bert");
  EXPECT_EQ(ruling.verdict, Verdict::permanent);
  EXPECT_EQ(ruling.status, "5.1.1");
  std::ofstream(root / "carl") << "a file";
  EXPECT_EQ(deliver("carl").verdict, Verdict::permanent);
  EXPECT_EQ(deliver(std::string(250, 'x') + "/" + std::string(250, 'y')).verdict,
            Verdict::permanent);
}

// What a volume looks like that is not mounted: no mail is returned for that.
TEST_F(MaildirTest, WithoutItsVolumeMailWaits) {
  fs::remove_all(root / "anna");
  const auto empty = deliver("anna");
  EXPECT_EQ(empty.verdict, Verdict::temporary);
  EXPECT_NE(empty.text.find("may not be mounted"), std::string::npos) << empty.text;
  auto maildir = Maildir({(root / "missing").string(), "anna"});
  EXPECT_EQ(deliver(maildir).verdict, Verdict::temporary);
}

TEST_F(MaildirTest, OneThatIsNotCompleteWaits) {
  fs::remove_all(root / "anna/new");
  const auto ruling = deliver("anna");
  EXPECT_EQ(ruling.verdict, Verdict::temporary);
  EXPECT_EQ(ruling.text.find(root.string()), std::string::npos) << "senders read this";
}

TEST_F(MaildirTest, TheRootMayBeTheMailbox) {
  auto maildir = Maildir({(root / "anna").string(), ""});
  EXPECT_EQ(deliver(maildir).verdict, Verdict::accepted);
  EXPECT_EQ(files(root / "anna/new"), 1U);
}

TEST_F(MaildirTest, WhatWasWrittenBeforeACrashIsNotWrittenTwice) {
  ASSERT_EQ(deliver("anna").verdict, Verdict::accepted);
  ASSERT_EQ(deliver("anna").verdict, Verdict::accepted);
  EXPECT_EQ(files(root / "anna/new"), 1U);
  EXPECT_EQ(files(root / "anna/tmp"), 0U);
}

TEST_F(MaildirTest, WhatACrashLeftInTmpIsReplaced) {
  std::ofstream(root / "anna/tmp/1.a.example") << "hal";
  ASSERT_EQ(deliver("anna").verdict, Verdict::accepted);
  EXPECT_EQ(content(root / "anna/new/1.a.example"), "hello\n");
  EXPECT_EQ(files(root / "anna/tmp"), 0U);
}

TEST_F(MaildirTest, WhatIsGivenUpLeavesNothing) {
  auto maildir = of("anna");
  ASSERT_EQ(maildir.open().verdict, Verdict::accepted);
  ASSERT_EQ(maildir.begin("1.a.example").verdict, Verdict::accepted);
  ASSERT_EQ(maildir.write("half a ma").verdict, Verdict::accepted);
  maildir.give_up();
  EXPECT_EQ(files(root / "anna/tmp") + files(root / "anna/new"), 0U);
}

TEST_F(MaildirTest, FollowsNoLinkOfTheMailboxesOwner) {
  const auto other = make("other");
  fs::create_directory_symlink(other, root / "link");
  EXPECT_EQ(deliver("link").verdict, Verdict::temporary);
  for (const char* name : {"tmp", "new"}) {
    fs::remove_all(root / "anna" / name);
    fs::create_directory_symlink(other / name, root / "anna" / name);
    EXPECT_EQ(deliver("anna").verdict, Verdict::temporary) << name;
    fs::remove(root / "anna" / name);
    fs::create_directory(root / "anna" / name);
  }
  fs::create_symlink(other / "victim", root / "anna/tmp/1.a.example");
  EXPECT_EQ(deliver("anna").verdict, Verdict::accepted);
  EXPECT_FALSE(fs::exists(other / "victim"));
  EXPECT_EQ(files(other / "tmp") + files(other / "new"), 0U);
}

TEST_F(MaildirTest, ALinkOfTheOperatorIsFollowed) {
  fs::create_directory_symlink(root, root.string() + "-link");
  auto maildir = Maildir({root.string() + "-link", "anna"});
  EXPECT_EQ(deliver(maildir).verdict, Verdict::accepted);
  fs::remove(root.string() + "-link");
}

TEST_F(MaildirTest, IsNotThereWhenItMayNotBe) {
  auto maildir = of("anna");
  ASSERT_EQ(maildir.open().verdict, Verdict::accepted);
  ASSERT_EQ(maildir.begin("1.a.example").verdict, Verdict::accepted);
  EXPECT_TRUE(is_no_answer(maildir.commit([&] {
    EXPECT_EQ(files(root / "anna/new"), 0U);
    return false;
  })));
  maildir.give_up();
  EXPECT_EQ(files(root / "anna/new") + files(root / "anna/tmp"), 0U);
}

TEST_F(MaildirTest, AFileInPlaceOfOursIsNoDelivery) {
  auto maildir = of("anna");
  ASSERT_EQ(maildir.open().verdict, Verdict::accepted);
  ASSERT_EQ(maildir.begin("1.a.example").verdict, Verdict::accepted);
  fs::remove(root / "anna/tmp/1.a.example");
  std::ofstream(root / "anna/tmp/1.a.example") << "another's";
  EXPECT_EQ(maildir.commit([] { return true; }).verdict, Verdict::temporary);
}

// reference of the attack: CVE-2008-2936 and its kin. The owner of a mailbox replaces its
// directories by links to somewhere else, again and again, while we write.
TEST_F(MaildirTest, ARaceWithTheMailboxesOwnerTouchesNothingOutside) {
  const auto outside = make("outside");
  std::ofstream(outside / "secret") << "as it was";
  const auto box = root / "anna";
  std::atomic<bool> done = false;
  std::thread owner([&] {
    const std::pair<const char*, const char*> swaps[] = {{"tmp", "outside/tmp"},
                                                         {"new", "outside/new"}};
    for (std::size_t round = 0; !done; ++round) {
      const auto& [name, target] = swaps[round % 2];
      const auto place = box / name, aside = box / "aside";
      ::rename(place.c_str(), aside.c_str());
      if (::symlink((root / target).c_str(), place.c_str()) != 0) continue;
      ::unlink(place.c_str());
      ::rename(aside.c_str(), place.c_str());
      // And the mailbox itself.
      ::rename(box.c_str(), (root / "moved").c_str());
      if (::symlink(outside.c_str(), box.c_str()) == 0) ::unlink(box.c_str());
      ::rename((root / "moved").c_str(), box.c_str());
      // And the file that is being written.
      if (::symlink((outside / "secret").c_str(), (box / "tmp/r").c_str()) == 0)
        ::unlink((box / "tmp/r").c_str());
    }
  });
  std::size_t delivered = 0, deferred = 0, unknown = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto name = round % 2 == 0 ? "r" : std::to_string(round);
    const auto ruling = deliver("anna", name);
    if (ruling.verdict == Verdict::accepted) ++delivered;
    if (ruling.verdict == Verdict::temporary) ++deferred;
    if (ruling.verdict == Verdict::permanent) ++unknown;
    EXPECT_EQ(files(outside / "tmp") + files(outside / "new"), 0U) << round;
    if (HasFailure()) break;
    if (round % 100 == 0) {  // whoever has the mailbox reads his mail
      std::error_code gone;
      for (fs::directory_iterator mail(box / "new", gone), end; mail != end; mail.increment(gone))
        fs::remove(mail->path(), gone);
    }
  }
  done = true;
  owner.join();
  EXPECT_EQ(content(outside / "secret"), "as it was");
  EXPECT_GT(delivered, 0U);
  EXPECT_GT(deferred + unknown, 0U);
  RecordProperty("delivered", static_cast<int>(delivered));
}

}  // namespace
}  // namespace malleposte::deliver
