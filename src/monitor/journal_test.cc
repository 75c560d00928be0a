#include "monitor/journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "monitor/fake_loop.h"

namespace malleposte::monitor {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::ptrdiff_t lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    std::string name = (fs::temp_directory_path() / "malleposte-journal-XXXXXX").string();
    directory_ = mkdtemp(name.data());
    stderr_path_ = directory_ / "stderr";
    stderr_file_ = ::open(stderr_path_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    options_.events_file = directory_ / "log" / "events.jsonl";
    options_.mail_log = directory_ / "log" / "mail.log";
    options_.hostname = "host";
    options_.pid = 1;
    options_.stderr_file = stderr_file_;
  }
  ~JournalTest() override {
    ::close(stderr_file_);
    fs::remove_all(directory_);
  }
  std::string events() const { return content(options_.events_file); }
  std::string mail() const { return content(options_.mail_log); }
  std::string on_stderr() const { return content(stderr_path_); }

  FakeLoop loop_;
  Notices notices_;
  fs::path directory_, stderr_path_;
  int stderr_file_ = -1;
  JournalOptions options_;
};

TEST_F(JournalTest, LinesAreWrittenByTheHelperWithinTheDelay) {
  Journal journal(loop_, options_);
  EXPECT_EQ(loop_.timers(), 0U);
  journal.removed({1});
  journal.removed({2});
  EXPECT_EQ(loop_.timers(), 1U);
  loop_.advance(limits::journal_delay - Duration(1));
  EXPECT_EQ(loop_.works(), 0U);
  loop_.advance(Duration(1));
  EXPECT_EQ(loop_.works(), 1U);
  EXPECT_EQ(events(), "");
  loop_.work();
  EXPECT_EQ(lines(events()), 2);
  EXPECT_EQ(lines(mail()), 2);
  EXPECT_LT(mail().find("0000000000001: removed"), mail().find("0000000000002: removed"));
  EXPECT_EQ(loop_.timers(), 0U) << "no timer while nothing is buffered";
  EXPECT_EQ(on_stderr(), "");
}

TEST_F(JournalTest, ManyLinesAreHandedOverBeforeTheDelay) {
  Journal journal(loop_, options_);
  std::uint64_t id = 0;
  while (loop_.works() == 0) {
    journal.removed({++id});
    ASSERT_LT(journal.figures().buffered_octets, 3 * limits::journal_batch);
  }
  loop_.work();
  loop_.advance(limits::journal_delay);
  loop_.work();
  EXPECT_EQ(lines(events()), static_cast<std::ptrdiff_t>(id));
  EXPECT_EQ(lines(mail()), static_cast<std::ptrdiff_t>(id));
}

TEST_F(JournalTest, LinesDuringAWriteFollowInOrder) {
  Journal journal(loop_, options_);
  journal.removed({1});
  loop_.advance(limits::journal_delay);
  journal.removed({2});  // the first is under way
  loop_.advance(limits::journal_delay);
  EXPECT_EQ(loop_.works(), 1U) << "one write at a time";
  loop_.work();
  loop_.advance(limits::journal_delay);
  loop_.work();
  auto text = mail();
  EXPECT_LT(text.find("0000000000001: removed"), text.find("0000000000002: removed"));
  EXPECT_EQ(lines(text), 2);
}

TEST_F(JournalTest, FlushNowKeepsTheOrderWithAWriteUnderWay) {
  Journal journal(loop_, options_);
  journal.removed({1});
  loop_.advance(limits::journal_delay);
  journal.removed({2});
  journal.flush_now();
  EXPECT_EQ(lines(mail()), 2);
  EXPECT_LT(mail().find("0000000000001"), mail().find("0000000000002"));
  loop_.work();
  loop_.advance(limits::journal_delay);
  loop_.work();
  EXPECT_EQ(lines(mail()), 2) << "nothing twice";
}

TEST_F(JournalTest, WhatIsBufferedIsWrittenAtTheEnd) {
  {
    Journal journal(loop_, options_);
    journal.removed({1});
    loop_.advance(limits::journal_delay);
    journal.removed({2});
  }
  EXPECT_EQ(lines(events()), 2);
  loop_.work();  // the work that was under way finds its journal gone
  loop_.advance(limits::journal_retry);
  EXPECT_EQ(lines(events()), 2);
}

TEST_F(JournalTest, AFullBufferDropsCountsAndSaysSo) {
  options_.buffer_octets = 1000;
  Journal journal(loop_, options_);
  for (std::uint64_t i = 0; i < 100; ++i) journal.removed({i});
  auto lost = journal.figures().lost;
  EXPECT_GT(lost, 100U);
  EXPECT_EQ(journal.figures().lines + lost, 200U);
  loop_.advance(limits::journal_delay);
  loop_.work();
  loop_.advance(limits::journal_delay);
  loop_.work();
  EXPECT_LT(events().size(), 1300U);
  auto last = events().substr(events().rfind("{"));
  EXPECT_NE(last.find("\"event\":\"lines_lost\",\"lines\":"), std::string::npos) << last;
  EXPECT_NE(mail().find(" lines of this log were lost"), std::string::npos);
  journal.removed({500});
  journal.flush_now();
  EXPECT_NE(mail().find("00000000000dw: removed"), std::string::npos);
  EXPECT_TRUE(mail().ends_with(": removed\n"));
}

TEST_F(JournalTest, DocumentedEventsGoToStderrTooAndAtOnce) {
  Journal journal(loop_, options_);
  journal.event("started_ok", Severity::info, "Malleposte is ready.");
  EXPECT_EQ(loop_.works(), 1U) << "without a delay";
  loop_.work();
  EXPECT_EQ(on_stderr(), events());
  EXPECT_NE(on_stderr().find("\"event\":\"started_ok\",\"severity\":\"info\""), std::string::npos);
  EXPECT_NE(mail().find("started_ok: Malleposte is ready."), std::string::npos);
}

TEST_F(JournalTest, EventsToStderrAreThereOnce) {
  options_.events_to_stderr = true;
  Journal journal(loop_, options_);
  journal.removed({1});
  journal.event("log", Severity::info, "x");
  journal.flush_now();
  EXPECT_EQ(lines(on_stderr()), 2);
  EXPECT_FALSE(fs::exists(options_.events_file));
}

TEST_F(JournalTest, AnUnwritableLogRaisesANoticeAndCatchesUp) {
  options_.mail_log = directory_ / "blocked" / "mail.log";
  std::ofstream(directory_ / "blocked") << "a file where a directory should be";
  Journal journal(loop_, options_, &notices_);
  journal.removed({1});
  loop_.advance(limits::journal_delay);
  loop_.work();
  EXPECT_TRUE(notices_.stands("log-write"));
  EXPECT_EQ(journal.figures().write_failures, 1U);
  EXPECT_EQ(lines(events()), 1) << "the other log goes on";
  journal.removed({2});
  fs::remove(directory_ / "blocked");
  loop_.advance(limits::journal_retry);
  loop_.work();
  EXPECT_FALSE(notices_.stands("log-write"));
  loop_.advance(limits::journal_delay);
  loop_.work();
  EXPECT_EQ(lines(mail()), 2);
  EXPECT_EQ(lines(events()), 2);
}

TEST_F(JournalTest, ALogThatFailsIsNotTriedAtEveryLine) {
  options_.mail_log = directory_ / "blocked" / "mail.log";
  std::ofstream(directory_ / "blocked") << "x";
  Journal journal(loop_, options_, &notices_);
  std::size_t writes = 0;
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    journal.removed({i});
    if (loop_.works() != 0) {
      ++writes;
      loop_.work();
    }
  }
  EXPECT_LE(writes, 1U);
  EXPECT_TRUE(notices_.stands("log-write"));
}

TEST_F(JournalTest, AFullFileBecomesTheOldOne) {
  options_.file_octets = 2000;
  Journal journal(loop_, options_);
  for (std::uint64_t i = 0; i < 100; ++i) {
    journal.removed({i});
    journal.flush_now();
  }
  auto old = options_.mail_log;
  old += ".1";
  EXPECT_LE(fs::file_size(options_.mail_log), 2000U);
  EXPECT_LE(fs::file_size(old), 2000U);
  EXPECT_GT(fs::file_size(old), 1000U);
  EXPECT_TRUE(content(old).ends_with(": removed\n"));
  EXPECT_NE(content(options_.mail_log).find("000000000002r: removed"), std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_ / "log"), fs::directory_iterator()), 4);
}

TEST_F(JournalTest, AFileThatSomebodyMovedIsMadeAnew) {
  Journal journal(loop_, options_);
  journal.removed({1});
  journal.flush_now();
  fs::rename(options_.mail_log, directory_ / "moved");
  journal.removed({2});
  journal.flush_now();
  EXPECT_EQ(lines(content(directory_ / "moved")), 1);
  EXPECT_EQ(lines(mail()), 1);
}

TEST_F(JournalTest, LogFilesAreNotForEverybody) {
  umask(022);
  Journal journal(loop_, options_);
  journal.removed({1});
  journal.flush_now();
  auto status = fs::status(options_.mail_log).permissions();
  EXPECT_EQ(status & fs::perms::others_all, fs::perms::none);
}

TEST_F(JournalTest, ItsFiguresAreMetrics) {
  Journal journal(loop_, options_);
  journal.removed({1});
  Figures figures;
  journal.figures(figures);
  EXPECT_EQ(figures.value("malleposte_log_lines_total"), 2);
  EXPECT_GT(figures.value("malleposte_log_buffered_octets"), 100);
  EXPECT_EQ(figures.value("malleposte_log_lines_lost_total"), 0);
}

TEST_F(JournalTest, EveryCallMakesItsLines) {
  Journal journal(loop_, options_);
  mail::Envelope envelope;
  envelope.recipients = {{"b", "example.net"}};
  journal.connected("s", "p");
  journal.refused("s", "p", "h", "a@b", "c@d", "553 5.7.1 no");
  journal.accepted({1}, envelope, 10);
  journal.generated({2}, envelope, 10, "non-delivery notification");
  journal.outcome({1}, "b@example.net", {}, Duration(1));
  journal.removed({1});
  journal.disconnected("s", "p", 1, 1);
  journal.flush_now();
  EXPECT_EQ(lines(events()), 7);
  EXPECT_EQ(lines(mail()), 9);
}

}  // namespace
}  // namespace malleposte::monitor
