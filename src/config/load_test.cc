#include "config/load.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <set>

namespace malleposte::config {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Load : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "malleposte-load-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    sources_.machine_name = [] { return "mx.example.org"; };
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return folder_ / name;
  }
  void file(const std::string& content) { sources_.file = write("malleposte.toml", content); }
  void set(const std::string& name, const std::string& value) {
    sources_.set.push_back({name, value});
  }
  void environment(const std::string& name, const std::string& value) {
    sources_.environment[name] = value;
  }
  Loaded load() { return config::load(sources_); }

  // The problems as text, without the folder.
  std::vector<std::string> problems() {
    std::vector<std::string> texts;
    for (const Problem& problem : load().problems) {
      std::string text = to_string(problem);
      const std::string prefix = folder_.string() + "/";
      for (std::size_t at; (at = text.find(prefix)) != std::string::npos;)
        text.erase(at, prefix.size());
      texts.push_back(text);
    }
    return texts;
  }
  std::string problem() {
    const auto all = problems();
    return all.size() == 1 ? all[0] : std::to_string(all.size()) + " problems";
  }
  std::string_view documented() {
    const auto all = load().problems;
    return all.size() == 1 ? all[0].documented : "not one problem";
  }

  fs::path folder_;
  Sources sources_;
};

TEST_F(Load, DefaultsAreGoodAndAreThoseOfTheDataSheet) {
  const Loaded loaded = load();
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_TRUE(loaded.notices.empty());
  const Settings& s = loaded.settings;
  EXPECT_EQ(s.hostname, "mx.example.org");
  ASSERT_EQ(s.smtpd_trusted_networks.size(), 1u);
  EXPECT_TRUE(s.smtpd_trusted_networks[0].contains(*parse_ip("127.0.0.1")));
  EXPECT_FALSE(s.smtpd_trusted_networks[0].contains(*parse_ip("127.0.0.2")));
  EXPECT_EQ(s.smtp_port, 25);
  EXPECT_EQ(s.smtps_port, 465);
  EXPECT_EQ(s.submission_port, 587);
  EXPECT_EQ(s.ui_port, 80);
  EXPECT_EQ(s.mx_port, 25);
  EXPECT_TRUE(s.ssl_disabled);
  EXPECT_FALSE(s.logs_enabled);
  EXPECT_FALSE(s.deliveries_suspended);
  EXPECT_FALSE(s.allow_loopback_mx);
  EXPECT_EQ(s.retry_first, Duration(5min));
  EXPECT_EQ(s.retry_max, Duration(1h));
  EXPECT_EQ(s.queue_lifetime, Duration(120h));
  EXPECT_EQ(s.delay_warning_after, Duration(4h));
  EXPECT_EQ(s.message_size_limit, 50u << 20);
  EXPECT_EQ(s.queue_memory_limit, 64u << 20);
  EXPECT_EQ(s.segment_size, 0u);
  EXPECT_EQ(s.mode, Mode::relay);
  EXPECT_EQ(s.bare_newline, BareNewline::repair);
  EXPECT_EQ(s.bounce_returns, BounceReturns::headers);
  EXPECT_EQ(s.volume_data, "/var/lib/malleposte");
  EXPECT_TRUE(s.in.empty());
  EXPECT_TRUE(s.smart_relay.empty());
}

TEST_F(Load, EveryPublishedPropertyIsInTheTableOnce) {
  std::multiset<std::string_view> names;
  for (const Property& property : properties()) names.insert(property.name);
  for (const char* name : {"hostname",
                           "logs_enabled",
                           "maillog_filename",
                           "smtpd_trusted_networks",
                           "smart_relay",
                           "cc_mta",
                           "username",
                           "password",
                           "ui_port",
                           "ssl_disabled",
                           "ssl_key_file",
                           "ssl_cert_file",
                           "timezone",
                           "in",
                           "ui",
                           "net",
                           "log",
                           "fs",
                           "mon",
                           "volume_data",
                           "volume_key",
                           "smtp_port",
                           "smtps_port",
                           "submission_port",
                           "run_as",
                           "mode",
                           "mail_name",
                           "destinations",
                           "relay_domains",
                           "routes",
                           "destination_limits",
                           "root_address",
                           "dns_servers",
                           "mx_port",
                           "allow_loopback_mx",
                           "proxy_addresses",
                           "deliveries_suspended",
                           "retry_first",
                           "retry_max",
                           "queue_lifetime",
                           "delay_warning_after",
                           "message_size_limit",
                           "queue_memory_limit",
                           "bare_newline"})
    EXPECT_EQ(names.count(name), 1u) << name;
  for (const Property& property : properties()) {
    EXPECT_EQ(names.count(property.name), 1u) << property.name;
    EXPECT_FALSE(property.help_en.empty() || property.help_fr.empty() || property.help_ja.empty())
        << property.name;
    EXPECT_EQ(property.help_en.find('\n'), std::string_view::npos);
  }
}

TEST_F(Load, CommandLineGoesBeforeEnvironmentBeforeFileBeforeDefault) {
  EXPECT_EQ(load().settings.smtp_port, 25);
  file("smtp_port = 1025\nmx_port = 1026\nui_port = 1027\n");
  EXPECT_EQ(load().settings.smtp_port, 1025);
  environment("MALLEPOSTE_SMTP_PORT", "2025");
  environment("MALLEPOSTE_MX_PORT", "2026");
  EXPECT_EQ(load().settings.smtp_port, 2025);
  set("smtp_port", "3025");
  set("smtp_port", "4025");
  const Loaded loaded = load();
  EXPECT_EQ(loaded.settings.smtp_port, 4025);
  EXPECT_EQ(loaded.settings.mx_port, 2026);
  EXPECT_EQ(loaded.settings.ui_port, 1027);
  EXPECT_EQ(loaded.value("smtp_port").where, "--set smtp_port");
  EXPECT_EQ(loaded.value("mx_port").where, "environment MALLEPOSTE_MX_PORT");
  EXPECT_EQ(loaded.value("ui_port").where, (folder_ / "malleposte.toml:3").string());
  EXPECT_EQ(loaded.value("in").where, "default");
}

TEST_F(Load, AnEmptyValueIsAValue) {
  file("smtpd_trusted_networks = '10.0.0.0/8'\nsmart_relay = 'a.example'\nmail_name = 'a.example'");
  environment("MALLEPOSTE_SMTPD_TRUSTED_NETWORKS", "");
  set("smart_relay", "");
  const Loaded loaded = load();
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_TRUE(loaded.settings.smtpd_trusted_networks.empty());
  EXPECT_TRUE(loaded.settings.smart_relay.empty());
  EXPECT_EQ(loaded.settings.mail_name, "a.example");
  set("smtp_port", "");
  EXPECT_EQ(problem(), "--set smtp_port: \"\" is no port; allowed are 1 to 65535");
}

TEST_F(Load, TheFileTakesStringsNumbersTruthsAndLists) {
  file(
      "smtp_port = 2525\n"
      "ui_port = '8080'\n"
      "deliveries_suspended = true\n"
      "allow_loopback_mx = 'yes'\n"
      "relay_domains = ['example.org', '.example.net']\n"
      "in = '127.0.0.1, ::1'\n"
      "message_size_limit = 1000\n");
  const Loaded loaded = load();
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(loaded.settings.smtp_port, 2525);
  EXPECT_EQ(loaded.settings.ui_port, 8080);
  EXPECT_TRUE(loaded.settings.deliveries_suspended);
  EXPECT_TRUE(loaded.settings.allow_loopback_mx);
  EXPECT_EQ(loaded.settings.relay_domains,
            (std::vector<std::string>{"example.org", ".example.net"}));
  EXPECT_EQ(loaded.settings.in, (std::vector<std::string>{"127.0.0.1", "::1"}));
  EXPECT_EQ(loaded.settings.message_size_limit, 1000u);
}

TEST_F(Load, AllProblemsAreNamedAtOnceWithTheirPlaces) {
  file(
      "# comment\n"
      "smtp_port = 0\n"
      "retry_first = 300\n"
      "smtp_prot = 25\n"
      "in = 3.5\n"
      "hostname = ['a.example', 'b.example']\n"
      "[tls]\n"
      "x = 1\n");
  environment("MALLEPOSTE_DELIVERIES_SUSPENDED", "maybe");
  set("relay_domains", "ok.example,bad_one.example");
  set("nonsense_of_mine", "1");
  set("a", "1");
  const auto all = problems();
  EXPECT_EQ(all, (std::vector<std::string>{
                     "malleposte.toml:5: in: allowed are a string in quotes, a whole number, true "
                     "or false, or a list of those",
                     "malleposte.toml:7: [tls]: there are no tables here; a line is: name = value",
                     "malleposte.toml:4: there is no property \"smtp_prot\"; did you mean "
                     "smtp_port?",
                     "malleposte.toml:6: hostname: is a list; it takes one domain name",
                     "--set nonsense_of_mine: there is no property \"nonsense_of_mine\"; "
                     "`malleposte properties` lists them",
                     "--set a: there is no property \"a\"; `malleposte properties` lists them",
                     "--set relay_domains: \"bad_one.example\" is no name; allowed are letters, "
                     "digits, hyphens and dots between the parts",
                     "malleposte.toml:2: smtp_port: \"0\" is no port; allowed are 1 to 65535",
                     "environment MALLEPOSTE_DELIVERIES_SUSPENDED: \"maybe\" is neither yes nor no",
                     "malleposte.toml:3: retry_first: \"300\" is no duration; write a number with "
                     "a unit, as in 30s, 5m, 4h, 5d (1s to 3650d)",
                 }));
}

TEST_F(Load, AFileThatIsNotTomlIsNamedWithItsLine) {
  file("smtp_port = 25\nhostname = mx.example.org\n");
  EXPECT_EQ(problem().substr(0, 35), "malleposte.toml:2: is not TOML: Err");
  sources_.file = folder_ / "missing.toml";
  EXPECT_EQ(problem(), "missing.toml: cannot be read: No such file or directory");
  sources_.file = folder_;
  EXPECT_NE(problem().find("is a directory"), std::string::npos);
}

TEST_F(Load, FilesAreRelativeToTheConfigurationFile) {
  fs::create_directory(folder_ / "etc");
  sources_.file = write("etc/malleposte.toml", "routes = 'routes'\nvolume_data = '../var'\n");
  write("etc/routes", "example.org [mx.example.org]\n");
  const Loaded loaded = load();
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(loaded.settings.volume_data, folder_ / "var");
  ASSERT_EQ(loaded.settings.routes.size(), 1u);
  write("etc/routes", "example.org [mx.example.org]\nexample.net\n");
  EXPECT_EQ(problem(),
            "etc/routes:2: \"example.net\" has no next hop; a line is: pattern "
            "next-hop[,next-hop...]");
  fs::remove(folder_ / "etc/routes");
  EXPECT_EQ(problem(), "etc/malleposte.toml:1: routes: the file etc/routes cannot be read");
}

TEST_F(Load, WithoutAFileRelativeNamesStartHere) {
  set("volume_data", "var");
  EXPECT_EQ(load().settings.volume_data, fs::current_path() / "var");
  set("volume_data", "");
  EXPECT_EQ(problem(), "--set volume_data: \"\" is empty; it has to name a directory");
}

TEST_F(Load, DocumentedErrorsKeepTheirWording) {
  set("ui_port", "70000");
  EXPECT_EQ(documented(), "Error: ui_port value must be between 1 and 65535");
  sources_.set = {{"logs_enabled", "yes"}};
  EXPECT_EQ(documented(), "Error: logs are enabled but the 'log' terminal is not connected.");
  set("log", "0.255.255.255");
  EXPECT_EQ(documented(), documented::e3);
  set("log", "smb://0.255.255.255/share");
  EXPECT_EQ(documented(), documented::e3);
  set("log", "smb://nas/share");
  EXPECT_TRUE(load().problems.empty());
  sources_.set = {{"ssl_disabled", "no"}};
  EXPECT_EQ(documented(), "Error: ssl_disabled=no, but ssl key files are not defined!");
  set("ssl_key_file", "server.key");
  EXPECT_EQ(documented(), documented::e9);
  set("ssl_cert_file", "/server.pem");
  set("volume_key", folder_.string());
  write("server.key", "x");
  EXPECT_EQ(documented(), "Error: couldn't find ssl keys on the key volume!");
  write("server.pem", "x");
  EXPECT_TRUE(load().problems.empty());
  set("volume_key", (folder_ / "missing").string());
  EXPECT_EQ(documented(), "Error: failed to mount key volume.");
  set("volume_key", folder_.string());
  set("fs", "nfs://nas/export");
  EXPECT_EQ(documented(), "Error: both the key volume and the 'fs' terminal are supplied.");
}

TEST_F(Load, ValuesAreCheckedAgainstEachOther) {
  set("retry_max", "1m");
  EXPECT_EQ(problem(), "--set retry_max: retry_max (1m) is shorter than retry_first (5m)");
  sources_.set = {{"ui_port", "25"}};
  EXPECT_EQ(problem(), "--set ui_port: ui_port and smtp_port are both 25; they have to differ");
  sources_.set = {{"run_as", "no-such-user-here"}};
  EXPECT_EQ(problem(), "--set run_as: \"no-such-user-here\" is no user of this system");
}

TEST_F(Load, FilesOfAVolumeStayInside) {
  set("maillog_filename", "../maillog");
  EXPECT_EQ(problem(),
            "--set maillog_filename: \"../maillog\" leaves its volume; \"..\" is not allowed");
  sources_.set = {{"maillog_filename", "/logs/hub1_maillog"}};
  EXPECT_TRUE(load().problems.empty());
}

TEST_F(Load, WhatIsNotServedYetIsSaidAndNotIgnored) {
  set("cc_mta", "example.org");
  set("smtps_port", "465");  // the default: nothing to say
  const Loaded loaded = load();
  EXPECT_TRUE(loaded.problems.empty());
  ASSERT_EQ(loaded.notices.size(), 1u);
  EXPECT_NE(loaded.notices[0].find("cc_mta is not served by this version"), std::string::npos);
}

// clause: 5321-4.1.1.1-a 5321-4.1.4-g 6531-3.7.1-a
TEST_F(Load, WithoutANameTheHostIsLocalhostAndANoticeSaysSo) {
  sources_.machine_name = [] { return "box"; };
  Loaded loaded = load();
  EXPECT_EQ(loaded.settings.hostname, "localhost.localdomain");
  EXPECT_EQ(loaded.notices.size(), 1u);
  sources_.machine_name = [] { return "_bad_.example.org"; };
  EXPECT_EQ(load().settings.hostname, "localhost.localdomain");
  set("hostname", "Mail.Example.org");
  loaded = load();
  EXPECT_EQ(loaded.settings.hostname, "mail.example.org");
  EXPECT_TRUE(loaded.notices.empty());
}

TEST_F(Load, AnOpenRelayAndASlipInTheEnvironmentAreNoticed) {
  set("smtpd_trusted_networks", "0.0.0.0/0");
  environment("MALLEPOSTE_SMPT_PORT", "1");
  environment("MALLEPOSTE_SERVICE_HOST_OF_SOMEBODY", "1");
  environment("OTHER", "1");
  const Loaded loaded = load();
  EXPECT_TRUE(loaded.problems.empty());
  ASSERT_EQ(loaded.notices.size(), 2u);
  EXPECT_NE(loaded.notices[0].find("MALLEPOSTE_SMTP_PORT"), std::string::npos);
  EXPECT_NE(loaded.notices[1].find("open relay"), std::string::npos);
}

TEST_F(Load, ChangesAreSeenByValueAndByTheContentOfTheRoutes) {
  write("routes", "example.org [a.example]\n");
  file("routes = 'routes'\nretry_first = '1m'\n");
  const Loaded before = load();
  EXPECT_TRUE(changed(before, load()).empty());
  write("routes", "example.org [b.example]\n");
  file("routes = 'routes'\nretry_first = '2m'\nsmtp_port = 26\n");
  const Loaded now = load();
  const auto differing = changed(before, now);
  ASSERT_EQ(differing.size(), 3u);
  EXPECT_EQ(differing[0]->name, "routes");
  EXPECT_EQ(differing[1]->name, "smtp_port");
  EXPECT_EQ(differing[1]->effect, Effect::restart);
  EXPECT_EQ(differing[2]->name, "retry_first");
  EXPECT_EQ(differing[0]->effect, Effect::reload);
}

TEST_F(Load, LimitsOfDestinationsAreReadWithTheirLines) {
  write("limits", "a.example connections=2\n");
  file("destination_limits = './limits'\n");
  const Loaded before = load();
  EXPECT_TRUE(before.problems.empty());
  ASSERT_EQ(before.settings.destination_limits.size(), 1u);
  EXPECT_EQ(before.settings.destination_limits_file, "limits");
  write("limits", "a.example connections=3\n");
  const Loaded now = load();
  const auto differing = changed(before, now);
  ASSERT_EQ(differing.size(), 1u);
  EXPECT_EQ(differing[0]->name, "destination_limits");
  EXPECT_EQ(differing[0]->effect, Effect::reload);
  write("limits", "\na.example connections=lots\n");
  EXPECT_EQ(to_string(load().problems.at(0)),
            (folder_ / "limits").string() +
                ":2: \"connections=lots\": connections is a number from 1 to 500");
}

TEST_F(Load, ARunningServerKeepsWhatNeedsARestart) {
  file("volume_data = 'a'\nmx_port = 1\nsmtp_port = 26\n");
  const Loaded running = load();
  file("volume_data = 'b'\nmx_port = 2\nsmtp_port = 26\nhostname = 'new.example.org'\n");
  const Loaded now = for_running(running, load());
  EXPECT_EQ(now.settings.volume_data, folder_ / "a");
  EXPECT_EQ(now.settings.hostname, "mx.example.org");
  EXPECT_EQ(now.settings.mx_port, 2);
  ASSERT_EQ(now.notices.size(), 2u);
  EXPECT_EQ(now.notices[0].substr(0, 20), "hostname has changed");
  EXPECT_EQ(now.notices[1].substr(0, 23), "volume_data has changed");
  ASSERT_EQ(changed(running, now).size(), 1u);
  // It stays so until the restart.
  EXPECT_EQ(for_running(now, load()).notices.size(), 2u);
}

TEST_F(Load, AFileInTheCurrentDirectoryCountsOnlyIfItIsOurs) {
  EXPECT_NE(default_file(folder_, ::getuid()), "malleposte.toml");
  write("malleposte.toml", "");
  EXPECT_EQ(default_file(folder_, ::getuid()), "malleposte.toml");
  if (::getuid() != 0) {
    EXPECT_NE(default_file(folder_, ::getuid() + 1), "malleposte.toml");
  }
}

// Every check of the table, by example: what is allowed and what is not.
TEST_F(Load, EveryPropertyRefusesNonsense) {
  const std::map<std::string, std::vector<std::string>> wrong{
      {"hostname", {"-", "a b", "192.0.2.1"}},
      {"smtpd_trusted_networks", {"all", "192.0.2.1/24"}},
      {"relay_domains", {"*", "a_b"}},
      {"smart_relay", {"192.0.2.1", "[a", "a:0"}},
      {"routes", {"/no/such/file"}},
      {"destination_limits", {"/no/such/file"}},
      {"root_address", {"root", "a@b c"}},
      {"in", {"localhost", "127.0.0.1:25"}},
      {"smtp_port", {"0", "smtp"}},
      {"smtps_port", {"65536"}},
      {"submission_port", {"-1"}},
      {"loopback_only", {"true"}},
      {"ui", {"*"}},
      {"ui_port", {"0", "65536", ""}},
      {"username", {"a\nb"}},
      {"password", {std::string("a\0b", 3)}},
      {"net", {"a/b", "an interface with spaces"}},
      {"dns_servers", {"dns.example", "127.0.0.1:0"}},
      {"mx_port", {"0"}},
      {"allow_loopback_mx", {"Yes", ""}},
      {"proxy_addresses", {"example.org"}},
      {"mode", {"", "open"}},
      {"mail_name", {"a b"}},
      {"destinations", {"a@b"}},
      {"cc_mta", {"a@b"}},
      {"smart_relay_auth_file", {"../x"}},
      {"message_size_limit", {"", "0", "1XB"}},
      {"bare_newline", {"", "keep"}},
      {"ehlo_withheld", {"SIZE", "DSN@here", "CHUNKING@"}},
      {"bounce_returns", {"", "nothing"}},
      {"deliveries_suspended", {""}},
      {"retry_first", {"", "0s", "5"}},
      {"retry_max", {"", "0s"}},
      {"queue_lifetime", {"", "forever"}},
      {"delay_warning_after", {"0"}},
      {"queue_memory_limit", {"", "1KB"}},
      {"volume_data", {""}},
      {"segment_size", {"1", "1500KB", "2GB"}},
      {"volume_key", {"/no/such/directory"}},
      {"fs", {"smb://nas/x", "nfs://"}},
      {"run_as", {"no-such-user-here"}},
      {"proxy_protocol_clients", {"nonsense", "192.0.2.1/33"}},
      {"xclient_clients", {"all"}},
      {"xforward_clients", {"192.0.2.1/24"}},
      {"session_limit", {"", "0", "many"}},
      {"reserved_session_percent", {"-1", "91"}},
      {"sessions_per_address", {"0"}},
      {"sessions_per_network", {"-1", "1000001"}},
      {"new_sessions_per_address", {"0", "1.5"}},
      {"idle_timeout", {"", "0s", "5"}},
      {"command_timeout", {"", "0s"}},
      {"data_rate_minimum", {"-1", "fast"}},
      {"data_rate_window", {"", "0s"}},
      {"command_line_limit", {"512", "65537"}},
      {"mistake_limit", {"0"}},
      {"junk_command_limit", {"9"}},
      {"recipient_limit", {"99", "100001"}},
      {"header_size_limit", {"4095"}},
      {"header_field_limit", {"49"}},
      {"line_length_limit", {"997"}},
      {"timezone", {"Mars/Olympus", "../../etc/passwd"}},
      {"ssl_disabled", {"", "no"}},
      {"ssl_key_file", {"../key"}},
      {"ssl_cert_file", {"a/../../b"}},
      {"logs_enabled", {"", "yes"}},
      {"log", {"ftp://nas", "smb://"}},
      {"maillog_filename", {".."}},
      {"mon", {"somewhere", "ftp://x"}},
  };
  for (const Property& property : properties()) {
    const auto examples = wrong.find(std::string(property.name));
    ASSERT_NE(examples, wrong.end()) << property.name;
    for (const std::string& text : examples->second) {
      sources_.set = {{std::string(property.name), text}};
      EXPECT_EQ(problems().size(), 1u) << property.name << " = " << text;
    }
  }
}

}  // namespace
}  // namespace malleposte::config
