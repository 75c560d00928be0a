// The limits of receiving: their properties, and the table of docs/manual/limits.md.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/limit.h"
#include "config/load.h"
#include "config/properties.h"

namespace malleposte::config {
namespace {

TEST(LimitsManual, ItsTableIsThatOfTheProgram) {
  std::ifstream file(MALLEPOSTE_SOURCE_DIR "/docs/manual/limits.md", std::ios::binary);
  const std::string manual{std::istreambuf_iterator<char>(file), {}};
  std::string expected = "| limit | property | default | answer |\n|---|---|---|---|\n";
  for (const LimitRow& limit : limit_table()) {
    std::string property;
    std::string standard = "see below";
    if (!limit.property.empty()) {
      const Property* const found = find_property(limit.property);
      ASSERT_NE(found, nullptr) << limit.property;
      property = "`" + std::string(limit.property) + "`";
      standard = found->standard.empty() ? "(any)" : "`" + std::string(found->standard) + "`";
    }
    expected += "| `" + std::string(limit.name) + "` | " + property + " | " + standard + " | `" +
                std::to_string(limit.code) + " " + std::string(limit.status) + " " +
                std::string(limit.text) + "` |\n";
  }
  const std::size_t at = manual.find("| limit | property |");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(manual.substr(at, manual.find("\n\n", at) + 1 - at), expected);
}

class Limits : public testing::Test {
 protected:
  Limits() {
    sources_.machine_name = [] { return "mx.example.org"; };
  }
  void set(const std::string& name, const std::string& value) {
    sources_.set.push_back({name, value});
  }
  Loaded load() { return config::load(sources_); }
  std::string problem() {
    const auto problems = load().problems;
    return problems.size() == 1 ? to_string(problems[0]) : "not one problem";
  }
  Sources sources_;
};

// clause: 5321-4.5.3.1.8-a
TEST_F(Limits, LimitsOfReceivingHaveBounds) {
  const Settings defaults = load().settings;
  const Settings plain;  // what tests and the simulator begin with
  EXPECT_EQ(defaults.session_limit, plain.session_limit);
  EXPECT_EQ(defaults.reserved_session_percent, plain.reserved_session_percent);
  EXPECT_EQ(defaults.sessions_per_address, plain.sessions_per_address);
  EXPECT_EQ(defaults.sessions_per_network, plain.sessions_per_network);
  EXPECT_EQ(defaults.new_sessions_per_address, plain.new_sessions_per_address);
  EXPECT_EQ(defaults.idle_timeout, plain.idle_timeout);
  EXPECT_EQ(defaults.command_timeout, plain.command_timeout);
  EXPECT_EQ(defaults.data_rate_minimum, plain.data_rate_minimum);
  EXPECT_EQ(defaults.data_rate_window, plain.data_rate_window);
  EXPECT_EQ(defaults.command_line_limit, plain.command_line_limit);
  EXPECT_EQ(defaults.mistake_limit, plain.mistake_limit);
  EXPECT_EQ(defaults.junk_command_limit, plain.junk_command_limit);
  EXPECT_EQ(defaults.recipient_limit, plain.recipient_limit);
  EXPECT_EQ(defaults.header_size_limit, plain.header_size_limit);
  EXPECT_EQ(defaults.header_field_limit, plain.header_field_limit);
  EXPECT_EQ(defaults.line_length_limit, plain.line_length_limit);

  set("recipient_limit", "99");  // RFC 5321 4.5.3.1.8
  EXPECT_EQ(problem(),
            "--set recipient_limit: \"99\" is not allowed here; allowed are 100 to 100000");
  sources_.set.clear();
  set("line_length_limit", "997");
  EXPECT_EQ(problem(),
            "--set line_length_limit: \"997\" is not allowed here; allowed are 998 to 1073741824 "
            "octets");
  sources_.set.clear();
  set("session_limit", "many");
  EXPECT_EQ(problem(), "--set session_limit: \"many\" is no whole number");
  sources_.set.clear();
  set("command_line_limit", "4KB");
  set("reserved_session_percent", "0");
  set("line_length_limit", "998");
  const Settings changed = load().settings;
  EXPECT_EQ(changed.command_line_limit, 4096U);
  EXPECT_EQ(changed.reserved_session_percent, 0U);
  EXPECT_EQ(changed.line_length_limit, 998U);
}

TEST_F(Limits, WhoMaySpeakForOthersIsNobodyByDefault) {
  const Settings defaults = load().settings;
  EXPECT_TRUE(defaults.proxy_protocol_clients.empty());
  EXPECT_TRUE(defaults.xclient_clients.empty());
  EXPECT_TRUE(defaults.xforward_clients.empty());
  set("proxy_protocol_clients", "192.0.2.10, 2001:db8::/64");
  EXPECT_EQ(load().settings.proxy_protocol_clients.size(), 2U);
  EXPECT_TRUE(load().notices.empty());
  set("xclient_clients", "0.0.0.0/0");
  ASSERT_EQ(load().notices.size(), 1U);
  EXPECT_EQ(load().notices[0],
            "xclient_clients holds every address: whoever connects can make himself a trusted "
            "client");
}

}  // namespace
}  // namespace malleposte::config
