#include "appliance/config_commands.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "appliance/fake_console.h"

namespace malleposte::appliance {
namespace {

namespace json = boost::json;

config::Loaded loaded(std::vector<config::Assignment> set) {
  config::Sources sources;
  sources.set = std::move(set);
  sources.machine_name = [] { return "mx.example.org"; };
  return config::load(sources);
}

TEST(Check, SaysWhatIsInForceAndWhereItComesFrom) {
  FakeConsole console;
  EXPECT_EQ(check({}, loaded({{"smtp_port", "2525"}, {"password", "tell nobody"}}), console), 0);
  EXPECT_NE(console.said.find("\nsmtp_port = 2525"), std::string::npos);
  EXPECT_NE(console.said.find("--set smtp_port\n"), std::string::npos);
  EXPECT_NE(console.said.find("mx.example.org"), std::string::npos);
  EXPECT_EQ(console.said.find("tell nobody"), std::string::npos);
  EXPECT_EQ(console.complained, "");
}

TEST(Check, NamesEverythingThatIsWrong) {
  FakeConsole console;
  EXPECT_EQ(check({}, loaded({{"ui_port", "0"}, {"mode", "x"}}), console), 78);
  EXPECT_EQ(console.said, "");
  EXPECT_EQ(console.complained,
            "Error: ui_port value must be between 1 and 65535\n"
            "--set ui_port: \"0\" is no port; allowed are 1 to 65535\n"
            "--set mode: \"x\" is no mode; allowed are relay, internet_site, smarthost, satellite, "
            "local_only, none\n"
            "2 things are wrong.\n");
}

TEST(Check, AsJsonSaysTheSame) {
  CommandLine line;
  line.json = true;
  FakeConsole console;
  EXPECT_EQ(check(line, loaded({{"ui_port", "0"}}), console), 78);
  const auto answer = json::parse(console.said).as_object();
  EXPECT_EQ(answer.at("ok"), false);
  ASSERT_EQ(answer.at("problems").as_array().size(), 1u);
  EXPECT_EQ(answer.at("problems").as_array()[0].at("where"), "--set ui_port");
}

TEST(Check, ModeNoneIsNoConfiguration) {
  FakeConsole console;
  EXPECT_EQ(check({}, loaded({{"mode", "none"}}), console), 78);
  EXPECT_EQ(console.complained, std::string(not_configured) + "\n");
}

TEST(Properties, AreListedWithTheirValues) {
  CommandLine line;
  FakeConsole console;
  EXPECT_EQ(show_properties(line, loaded({{"smtp_port", "2525"}}), console), 0);
  EXPECT_NE(console.said.find("smtp_port = 2525    (--set smtp_port; default: 25)"),
            std::string::npos);
  line.json = true;
  console.said.clear();
  EXPECT_EQ(show_properties(line, loaded({{"smtp_port", "2525"}}), console), 0);
  const auto list = json::parse(console.said).as_array();
  EXPECT_EQ(list.size(), config::properties().size());
  for (const auto& entry : list)
    EXPECT_FALSE(entry.at("help").at("ja").as_string().empty()) << entry.at("name");
}

TEST(Properties, WhatIsWrongIsSaidAndTheListIsStillThere) {
  FakeConsole console;
  EXPECT_EQ(show_properties({}, loaded({{"smtp_prot", "1"}}), console), 0);
  EXPECT_NE(console.said.find("smtp_port = 25\n"), std::string::npos);
  EXPECT_NE(console.complained.find("did you mean smtp_port?"), std::string::npos);
}

}  // namespace
}  // namespace malleposte::appliance
