#include "appliance/command_line.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "appliance/version.h"

namespace malleposte::appliance {
namespace {

CommandLine parsed(std::vector<std::string> arguments) {
  auto line = parse_command_line(std::move(arguments));
  EXPECT_TRUE(line) << line.error().err;
  return line ? *line : CommandLine{};
}

int code(std::vector<std::string> arguments) {
  auto line = parse_command_line(std::move(arguments));
  return line ? -1 : line.error().code;
}

TEST(CommandLine, CommonOptionsStandAnywhere) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--config", "a.toml", "--set", "x=1", "--set", "y=[::1]:26", "--json", "queue", "list"},
           {"queue", "list", "--config", "a.toml", "--set", "x=1", "--set", "y=[::1]:26", "--json"},
           {"--json", "queue", "--set", "x=1", "--config=a.toml", "list", "--set=y=[::1]:26"}}) {
    const CommandLine line = parsed(arguments);
    EXPECT_EQ(line.command, Command::queue_list);
    EXPECT_EQ(line.config, "a.toml");
    EXPECT_TRUE(line.json);
    ASSERT_EQ(line.set.size(), 2u);
    EXPECT_EQ(line.set[0].name, "x");
    EXPECT_EQ(line.set[0].value, "1");
    EXPECT_EQ(line.set[1].name, "y");
    EXPECT_EQ(line.set[1].value, "[::1]:26");
    EXPECT_TRUE(line.ids.empty());
  }
}

TEST(CommandLine, ASettingDoesNotSwallowWhatFollows) {
  const CommandLine line = parsed({"--set", "a=b", "run"});
  EXPECT_EQ(line.command, Command::run);
  EXPECT_EQ(line.set.size(), 1u);
}

TEST(CommandLine, ASettingMayBeEmptyAndHoldAnything) {
  const CommandLine line =
      parsed({"run", "--set", "smart_relay=", "--set", "password=a=b --c", "--set", "in=[::1]"});
  ASSERT_EQ(line.set.size(), 3u);
  EXPECT_EQ(line.set[0].value, "");
  EXPECT_EQ(line.set[1].value, "a=b --c");
  EXPECT_EQ(line.set[2].value, "[::1]");
}

TEST(CommandLine, FiltersAndMessagesOfAQueueAction) {
  const CommandLine line =
      parsed({"queue",       "delete",       "0001",        "--yes",         "0002",
              "--sender",    "<>",           "--recipient", "a@example.org", "--domain",
              "example.org", "--state",      "deferred",    "--older-than",  "4h",
              "--class",     "unknown_user", "--set",       "x=y",           "0003"});
  EXPECT_EQ(line.command, Command::queue_delete);
  EXPECT_EQ(line.ids, (std::vector<std::string>{"0001", "0002", "0003"}));
  EXPECT_TRUE(line.yes);
  EXPECT_EQ(line.filter.sender, "<>");
  EXPECT_EQ(line.filter.recipient, "a@example.org");
  EXPECT_EQ(line.filter.domain, "example.org");
  EXPECT_EQ(line.filter.state, "deferred");
  EXPECT_EQ(line.filter.older_than, "4h");
  EXPECT_EQ(line.filter.outcome_class, "unknown_user");
}

TEST(CommandLine, ACopyOfTheQueueHasAFilterAndAFile) {
  const CommandLine all = parsed({"spool", "export"});
  EXPECT_EQ(all.command, Command::spool_export);
  EXPECT_TRUE(all.filter.empty() && all.file.empty());
  const CommandLine some = parsed({"spool", "export", "--domain", "a.example", "--to", "f"});
  EXPECT_EQ(some.filter.domain, "a.example");
  EXPECT_EQ(some.file, "f");
  EXPECT_EQ(parsed({"spool", "import", "f"}).file, "f");
  EXPECT_EQ(code({"spool", "import"}), exit_code::usage);
}

TEST(CommandLine, ALookUpNeedsADomain) {
  const CommandLine line = parsed({"dns", "lookup", "example.org", "--json"});
  EXPECT_EQ(line.command, Command::dns_lookup);
  EXPECT_EQ(line.domain, "example.org");
  EXPECT_TRUE(line.json);
  EXPECT_EQ(parsed({"dns", "flush"}).command, Command::dns_flush);
  EXPECT_EQ(code({"dns", "lookup"}), exit_code::usage);
  EXPECT_EQ(code({"dns"}), exit_code::usage);
  EXPECT_EQ(code({"dns", "flush", "example.org"}), exit_code::usage);
}

TEST(CommandLine, OrdersAndExplanations) {
  const CommandLine order = parsed(
      {"orders", "suspend", ".example.org", "--reason", "their disk is full", "--for", "2h"});
  EXPECT_EQ(order.command, Command::orders_suspend);
  EXPECT_EQ(order.subject, ".example.org");
  EXPECT_EQ(order.reason, "their disk is full");
  EXPECT_EQ(order.lasting, "2h");
  EXPECT_EQ(parsed({"orders", "cancel", "7"}).order, 7U);
  const CommandLine test = parsed({"test", "--client", "192.0.2.1", "--from", "<>", "--to", "a@b",
                                   "--helo", "client.example", "--listener", "192.0.2.2"});
  EXPECT_EQ(test.from, "<>");
  EXPECT_EQ(test.test_to, "a@b");
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"orders"},
           {"orders", "suspend", "example.org"},
           {"orders", "hold", "--reason", "x"},
           {"orders", "hold", "<>", "--reason", "x", "--for", "1"},
           {"orders", "cancel"},
           {"orders", "cancel", "x"},
           {"why"},
           {"route"},
           {"test", "--client", "192.0.2.1"},
           {"queue", "reroute", "--to", "[x"},
           {"queue", "lifetime", "--to", "2"},
           {"queue", "hold", "--now"},
           {"queue", "list", "--larger-than", "big"}})
    EXPECT_EQ(code(arguments), exit_code::usage) << arguments.back();
}

TEST(CommandLine, EveryQueueActionTakesYes) {
  for (const char* action :
       {"flush", "hold", "release", "delete", "bounce", "undelete", "reroute", "lifetime"})
    EXPECT_TRUE(parsed({"queue", action, "--yes"}).yes) << action;
}

TEST(CommandLine, AnyLimit) {
  EXPECT_EQ(parsed({"queue", "list"}).limit, std::nullopt);
  EXPECT_EQ(parsed({"queue", "list", "--limit", "0"}).limit, 0u);
  EXPECT_EQ(parsed({"queue", "list", "--limit", "1000000"}).limit, 1000000u);
  EXPECT_EQ(code({"queue", "list", "--limit", "-1"}), exit_code::usage);
  EXPECT_EQ(code({"queue", "list", "--limit", "many"}), exit_code::usage);
}

TEST(CommandLine, SlipsEndWithTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"serve"},
                                             {"queue"},
                                             {"queue", "eat"},
                                             {"queue", "show"},
                                             {"queue", "list", "--state", "lost"},
                                             {"queue", "list", "--older-than", "4"},
                                             {"queue", "list", "--class", "sad"},
                                             {"run", "--fast"},
                                             {"run", "extra"},
                                             {"run", "--set"},
                                             {"run", "--set", "novalue"},
                                             {"run", "--set", "=value"},
                                             {"--config"}})
    EXPECT_EQ(code(arguments), exit_code::usage)
        << (arguments.empty() ? "nothing" : arguments.back());
}

TEST(CommandLine, HelpAndVersionEndWithZero) {
  EXPECT_EQ(code({"--help"}), exit_code::done);
  EXPECT_EQ(code({"queue", "list", "--help"}), exit_code::done);
  auto answer = parse_command_line({"--version"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().out, "malleposte " + std::string(version) + "\n");
}

TEST(CommandLine, TheVersionIsTheBuilds) {
  std::ifstream file(MALLEPOSTE_SOURCE_DIR "/CMakeLists.txt");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("project(malleposte VERSION " + std::string(version) + " "),
            std::string::npos);
}

}  // namespace
}  // namespace malleposte::appliance
