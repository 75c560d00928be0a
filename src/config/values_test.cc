#include "config/values.h"

#include <gtest/gtest.h>

namespace malleposte::config {
namespace {

using namespace std::chrono_literals;

TEST(YesNo, IsExactlyYesOrNo) {
  EXPECT_EQ(parse_yes_no("yes"), true);
  EXPECT_EQ(parse_yes_no("no"), false);
  for (std::string_view text : {"", "Yes", "oui", "true", "1", "yes "})
    EXPECT_FALSE(parse_yes_no(text)) << text;
}

TEST(Port, IsOneTo65535) {
  EXPECT_EQ(parse_port("1"), 1);
  EXPECT_EQ(parse_port("65535"), 65535);
  for (std::string_view text :
       {"", "0", "65536", "-1", "+1", "80a", " 80", "0x50", "99999999999999999999999"})
    EXPECT_FALSE(parse_port(text)) << text;
}

TEST(DurationValue, IsNumbersWithUnits) {
  EXPECT_EQ(parse_duration("1s"), Duration(1s));
  EXPECT_EQ(parse_duration("5m"), Duration(5min));
  EXPECT_EQ(parse_duration("4h"), Duration(4h));
  EXPECT_EQ(parse_duration("5d"), Duration(120h));
  EXPECT_EQ(parse_duration("1w"), Duration(168h));
  EXPECT_EQ(parse_duration("1h30m"), Duration(90min));
  EXPECT_EQ(parse_duration("3650d"), Duration(3650 * 24h));
  for (std::string_view text : {"", "0s", "5", "m", "5 m", "500ms", "-5m", "5x", "3651d",
                                "99999999999999999999d", "18446744073709551615w"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(SizeValue, CountsInPowersOf1024) {
  EXPECT_EQ(parse_size("50MB"), 50u << 20);
  EXPECT_EQ(parse_size("64kb"), 64u << 10);
  EXPECT_EQ(parse_size("1 GB"), 1u << 30);
  EXPECT_EQ(parse_size("50000"), 50000u);
  EXPECT_EQ(parse_size("1"), 1u);
  for (std::string_view text :
       {"", "0", "0MB", "MB", "5XB", "-1", "1.5MB", "99999999999TB", "18446744073709551616"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(Network, ContainsWhatItsMaskSays) {
  auto contains = [](std::string_view network, std::string_view address) {
    return parse_cidr(network)->contains(*parse_ip(address));
  };
  EXPECT_TRUE(contains("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(contains("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(contains("192.0.2.1", "192.0.2.1"));
  EXPECT_TRUE(contains("192.0.2.1", "::ffff:192.0.2.1"));
  EXPECT_FALSE(contains("192.0.2.1", "192.0.2.2"));
  EXPECT_TRUE(contains("10.0.0.0/9", "10.127.0.1"));
  EXPECT_FALSE(contains("10.0.0.0/9", "10.128.0.1"));
  EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(contains("[::1]/128", "::1"));
  EXPECT_TRUE(contains("[::ffff:127.0.0.0]/104", "127.1.2.3"));
}

TEST(Network, AllOfOneFamilyIsNotTheOther) {
  EXPECT_TRUE(parse_cidr("0.0.0.0/0")->contains(*parse_ip("203.0.113.9")));
  EXPECT_FALSE(parse_cidr("0.0.0.0/0")->contains(*parse_ip("2001:db8::1")));
  EXPECT_TRUE(parse_cidr("::/0")->contains(*parse_ip("2001:db8::1")));
  EXPECT_FALSE(parse_cidr("::/0")->contains(*parse_ip("203.0.113.9")));
}

TEST(Network, BitsBehindTheMaskAreASlip) {
  auto wrong = parse_cidr("192.0.2.1/24");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().find("192.0.2.0/24"), std::string::npos);
  for (std::string_view text : {"", "/24", "192.0.2.0/", "192.0.2.0/33", "::1/129", "192.0.2.0/-1",
                                "192.0.2.0/24/24", "example.org", "192.0.2.0/255.255.255.0"})
    EXPECT_FALSE(parse_cidr(text)) << text;
}

TEST(Network, ListsAreSeparatedByCommasOrSpacesAndMayBeEmpty) {
  EXPECT_EQ(parse_cidr_list("")->size(), 0u);
  EXPECT_EQ(parse_cidr_list("127.0.0.1, ::1,10.0.0.0/8 127.0.0.1")->size(), 3u);
  auto wrong = parse_cidr_list("127.0.0.1, bad");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().substr(0, 5), "\"bad\"");
}

TEST(HostPortValue, TakesAPortAfterAddressOrBrackets) {
  EXPECT_EQ(parse_host_port("127.0.0.1:5300", 53), (HostPort{"127.0.0.1", 5300}));
  EXPECT_EQ(parse_host_port("127.0.0.1", 53), (HostPort{"127.0.0.1", 53}));
  EXPECT_EQ(parse_host_port("[::1]:53", 1), (HostPort{"::1", 53}));
  EXPECT_EQ(parse_host_port("::1", 53), (HostPort{"::1", 53}));
  EXPECT_EQ(parse_host_port("[::1]", 53), (HostPort{"::1", 53}));
  for (std::string_view text :
       {"", ":53", "dns.example:53", "127.0.0.1:", "127.0.0.1:0", "[::1", "[::1]53"})
    EXPECT_FALSE(parse_host_port(text, 53)) << text;
}

TEST(DomainValue, IsLabelsOfLettersDigitsAndHyphens) {
  EXPECT_EQ(parse_domain("Example.ORG."), "example.org");
  EXPECT_EQ(parse_domain("3com.com"), "3com.com");
  EXPECT_EQ(parse_domain("localhost"), "localhost");
  EXPECT_EQ(parse_domain("xn--bcher-kva.example"), "xn--bcher-kva.example");
  for (std::string_view text : {"", ".", "a..b", "-a.example", "a-.example", "foo_bar.example",
                                "exa mple.org", "192.0.2.1", ".example.org"})
    EXPECT_FALSE(parse_domain(text)) << text;
  EXPECT_TRUE(parse_domain(std::string(63, 'a') + ".example"));
  EXPECT_FALSE(parse_domain(std::string(64, 'a') + ".example"));
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "a.";
  EXPECT_TRUE(parse_domain(longest + "a"));
  EXPECT_FALSE(parse_domain(longest + "ab"));
}

TEST(DomainValue, InternationalNamesAreKeptAsALabels) {
  EXPECT_EQ(parse_domain("Bücher.Example."), "xn--bcher-kva.example");
  EXPECT_EQ(parse_domain("XN--BCHER-KVA.example"), "xn--bcher-kva.example");
  EXPECT_EQ(parse_domain_pattern(".bücher.example"), ".xn--bcher-kva.example");
  EXPECT_EQ(parse_next_hop("[mx.bücher.example]:26"),
            (NextHop{"mx.xn--bcher-kva.example", 26, false}));
  EXPECT_EQ(parse_routes("bücher.example [192.0.2.1]\n").routes.at(0).pattern,
            "xn--bcher-kva.example");
  EXPECT_EQ(parse_mailbox("anna@bücher.example"), "anna@xn--bcher-kva.example");
  EXPECT_FALSE(parse_mailbox("jörg@example.org"));
  for (std::string_view text : {"BÜCHER.example",
                                "bu\xcc\x88"
                                "cher.example",
                                "b\xfc"
                                "cher.example",
                                "xn--.example", "ü..example", "a_ü.example"}) {
    const auto wrong = parse_domain(text);
    ASSERT_FALSE(wrong) << text;
  }
  EXPECT_NE(parse_domain("BÜCHER.example").error().find("IDNA2008"), std::string::npos);
}

TEST(DomainValue, ALeadingDotMeansSubdomains) {
  EXPECT_EQ(parse_domain_pattern(".Example.org"), ".example.org");
  EXPECT_EQ(parse_domain_pattern("example.org"), "example.org");
  EXPECT_FALSE(parse_domain_pattern("*.example.org"));
  EXPECT_FALSE(parse_domain_pattern("."));
}

TEST(NextHopValue, BracketsMeanNoMxLookup) {
  EXPECT_EQ(parse_next_hop("Example.org"), (NextHop{"example.org", 0, true}));
  EXPECT_EQ(parse_next_hop("example.org:2525"), (NextHop{"example.org", 2525, true}));
  EXPECT_EQ(parse_next_hop("[mx.example.org]"), (NextHop{"mx.example.org", 0, false}));
  EXPECT_EQ(parse_next_hop("[mx.example.org]:587"), (NextHop{"mx.example.org", 587, false}));
  EXPECT_EQ(parse_next_hop("[192.0.2.1]:26"), (NextHop{"192.0.2.1", 26, false}));
  EXPECT_EQ(parse_next_hop("[ipv6:2001:DB8::1]:26"), (NextHop{"2001:db8::1", 26, false}));
  EXPECT_EQ(parse_next_hop("[IPv6:::1]"), (NextHop{"::1", 0, false}));
  EXPECT_EQ(parse_next_hop("[::1]"), (NextHop{"::1", 0, false}));
}

TEST(NextHopValue, AnAddressNeedsBracketsAndTheErrorShowsThem) {
  EXPECT_NE(parse_next_hop("192.0.2.1").error().find("[192.0.2.1]"), std::string::npos);
  EXPECT_NE(parse_next_hop("192.0.2.1:25").error().find("[192.0.2.1]:25"), std::string::npos);
  EXPECT_NE(parse_next_hop("2001:db8::1").error().find("[2001:db8::1]"), std::string::npos);
  for (std::string_view text :
       {"", "[", "[]", "[]:25", ":25", "example.org:", "example.org:0", "example.org:smtp", "[a]b",
        "[a]:", "[ipv6:example.org]", "smtp:[a]", "-a"})
    EXPECT_FALSE(parse_next_hop(text)) << text;
}

TEST(NextHopValue, AListKeepsItsOrder) {
  auto hops = parse_next_hops("[b.example], a.example:26");
  ASSERT_TRUE(hops);
  ASSERT_EQ(hops->size(), 2u);
  EXPECT_EQ((*hops)[0].host, "b.example");
  EXPECT_EQ((*hops)[1].port, 26);
}

TEST(MailboxValue, HasALocalPartAndADomain) {
  EXPECT_EQ(parse_mailbox("root@example.org"), "root@example.org");
  EXPECT_EQ(parse_mailbox("root@[192.0.2.1]"), "root@[192.0.2.1]");
  for (std::string_view text : {"", "root", "@example.org", "root@", "a b@example.org",
                                "<root@example.org>", "root@-", "root@[x]"})
    EXPECT_FALSE(parse_mailbox(text)) << text;
}

TEST(RoutesFile, HasAPatternAndNextHopsALine) {
  Routes parsed = parse_routes(
      "# all of them\n"
      "\n"
      "example.org   [mx.example.org]:26   # a comment\r\n"
      "  .Example.org a.example, [192.0.2.1]\n"
      "*\t[smart.example]");
  EXPECT_TRUE(parsed.problems.empty());
  ASSERT_EQ(parsed.routes.size(), 3u);
  EXPECT_EQ(parsed.routes[0].pattern, "example.org");
  EXPECT_EQ(parsed.routes[0].line, 3u);
  EXPECT_EQ(parsed.routes[1].pattern, ".example.org");
  EXPECT_EQ(parsed.routes[1].next_hops.size(), 2u);
  EXPECT_EQ(parsed.routes[2].pattern, "*");
  EXPECT_EQ(parsed.routes[2].next_hops[0], (NextHop{"smart.example", 0, false}));
}

TEST(RoutesFile, ALineMayLeadIntoMailboxes) {
  const auto parsed = parse_routes(
      "example.org  maildir:/srv/mail/{domain}/{local}/  # a comment\n"
      "archive.example maildir:/srv/archive\n");
  EXPECT_TRUE(parsed.problems.empty());
  ASSERT_EQ(parsed.routes.size(), 2u);
  EXPECT_EQ(parsed.routes[0].maildir, "/srv/mail/{domain}/{local}");
  EXPECT_TRUE(parsed.routes[0].next_hops.empty());
  EXPECT_EQ(parsed.routes[1].maildir, "/srv/archive");
}

TEST(RoutesFile, SaysWhatAPlaceForMailboxesIs) {
  for (const std::string_view wrong :
       {"maildir:", "maildir:/", "maildir:mail/{local}", "maildir:/srv//{local}",
        "maildir:/srv/../{local}", "maildir:/srv/./x", "maildir:/srv/{user}", "maildir:/srv/{local",
        "maildir:/srv/local}", "maildir:/srv/{{local}}"}) {
    const auto parsed = parse_routes("example.org " + std::string(wrong) + "\n");
    EXPECT_TRUE(parsed.routes.empty()) << wrong;
    ASSERT_EQ(parsed.problems.size(), 1u) << wrong;
    EXPECT_NE(parsed.problems[0].what.find("write maildir:/path/{domain}/{local}"),
              std::string::npos)
        << parsed.problems[0].what;
  }
}

TEST(RoutesFile, NamesTheLineOfEveryProblem) {
  Routes parsed = parse_routes(
      "example.org\n"
      "good.example [a.example]\n"
      "bad_name.example [a.example]\n"
      "other.example 192.0.2.1\n"
      "Good.example [b.example]\n");
  ASSERT_EQ(parsed.problems.size(), 4u);
  EXPECT_EQ(parsed.problems[0].line, 1u);
  EXPECT_EQ(parsed.problems[1].line, 3u);
  EXPECT_EQ(parsed.problems[2].line, 4u);
  EXPECT_EQ(parsed.problems[3].line, 5u);
  EXPECT_NE(parsed.problems[3].what.find("line 2"), std::string::npos);
  EXPECT_EQ(parsed.routes.size(), 1u);
}

}  // namespace
}  // namespace malleposte::config
