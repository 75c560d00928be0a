#include "receive/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

#include "base/crc32c.h"
#include "base/limits.h"

namespace malleposte::receive {
namespace {

using State = ProxyHeader::State;
using Client = ProxyHeader::Client;

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string two(std::size_t number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number)};
}
std::string block(char version_and_command, char family, const std::string& rest) {
  return signature + version_and_command + family + two(rest.size()) + rest;
}
std::string field(char type, const std::string& value) {
  return type + two(value.size()) + value;
}
const std::string ends4 = std::string("\xc0\x00\x02\x07\xc6\x33\x64\x01", 8) + two(4711) + two(25);

ProxyHeader parse(const std::string& octets) {
  ProxyHeader header;
  const std::size_t used = header.feed(octets + "EHLO x\r\n");
  if (header.state() == State::complete) EXPECT_EQ(used, octets.size());
  return header;
}
std::string problem(const std::string& octets) {
  return std::string(parse(octets).problem());
}

TEST(ProxyHeader, AVersion1LineNamesTheClient) {
  const auto header = parse("PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n");
  ASSERT_EQ(header.state(), State::complete);
  EXPECT_EQ(header.client(), Client::named);
  EXPECT_EQ(to_string(header.source().address), "192.0.2.7");
  EXPECT_EQ(header.source().port, 4711);
  EXPECT_EQ(to_string(header.destination().address), "198.51.100.1");
  EXPECT_EQ(header.destination().port, 25);
  const auto six = parse("PROXY TCP6 2001:db8::7 2001:db8::1 65535 0\r\n");
  ASSERT_EQ(six.state(), State::complete);
  EXPECT_EQ(to_string(six.source().address), "2001:db8::7");
  EXPECT_EQ(six.source().port, 65535);
}

TEST(ProxyHeader, UnknownNamesNobodyWhateverFollows) {
  for (const char* line : {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff:: 127.0.0.1 1 what ever\r\n"}) {
    const auto header = parse(line);
    EXPECT_EQ(header.state(), State::complete) << line;
    EXPECT_EQ(header.client(), Client::unknown) << line;
  }
}

TEST(ProxyHeader, AVersion1LineThatIsWrongInAnyWayIsRefused) {
  for (const char* line : {
           "PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\n",
           "PROXY  TCP4 192.0.2.7 198.51.100.1 4711 25\r\n",
           "PROXY TCP4  192.0.2.7 198.51.100.1 4711 25\r\n",
           "PROXY TCP4 192.0.2.7 198.51.100.1 4711 25 \r\n",
           "PROXY TCP4 192.0.2.7 198.51.100.1 4711 25 x\r\n",
           "PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n",
           "PROXY TCP4 192.0.2.7 198.51.100.1 4711 65536\r\n",
           "PROXY TCP4 192.0.2.7 198.51.100.1 4711 025\r\n",
           "PROXY TCP4 192.0.2.7 198.51.100.1 +4711 25\r\n",
           "PROXY TCP4 192.0.2 198.51.100.1 4711 25\r\n",
           "PROXY TCP4 ::ffff:192.0.2.7 198.51.100.1 4711 25\r\n",
           "PROXY TCP6 192.0.2.7 198.51.100.1 4711 25\r\n",
           "PROXY UDP4 192.0.2.7 198.51.100.1 4711 25\r\n",
           "PROXY \r\n",
           "PROXY TCP4\r\r\n",
           "proxy TCP4 192.0.2.7 198.51.100.1 4711 25\r\n",
           "EHLO client.example\r\n",
           "GET / HTTP/1.1\r\n",
       }) {
    EXPECT_EQ(parse(line).state(), State::wrong) << line;
  }
}

TEST(ProxyHeader, AVersion1LineHasAtMost107Octets) {
  const std::string longest = "PROXY UNKNOWN " + std::string(107 - 16, 'x') + "\r\n";
  ASSERT_EQ(longest.size(), 107U);
  EXPECT_EQ(parse(longest).state(), State::complete);
  ProxyHeader header;
  EXPECT_EQ(header.feed("PROXY UNKNOWN " + std::string(200, 'x')), 107U);
  EXPECT_EQ(header.problem(), "has a PROXY line of more than 107 octets");
}

TEST(ProxyHeader, AVersion2BlockNamesTheClient) {
  const auto header = parse(block(0x21, 0x11, ends4));
  ASSERT_EQ(header.state(), State::complete);
  EXPECT_EQ(header.client(), Client::named);
  EXPECT_EQ(to_string(header.source().address), "192.0.2.7");
  EXPECT_EQ(header.source().port, 4711);
  EXPECT_EQ(to_string(header.destination().address), "198.51.100.1");
  EXPECT_EQ(header.destination().port, 25);
  const std::string six(
      "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
      "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
      32);
  const auto header6 = parse(block(0x21, 0x21, six + two(4711) + two(25)));
  ASSERT_EQ(header6.state(), State::complete);
  EXPECT_EQ(to_string(header6.source().address), "2001:db8::7");
  EXPECT_EQ(to_string(header6.destination().address), "2001:db8::1");
  EXPECT_EQ(header6.destination().port, 25);
}

TEST(ProxyHeader, LocalIsTheProxyItselfAndTheRestIsIgnored) {
  for (const auto& octets :
       {block(0x20, 0x00, ""), block(0x20, 0x11, ends4), block(0x20, 0x7f, "anything at all")}) {
    const auto header = parse(octets);
    ASSERT_EQ(header.state(), State::complete);
    EXPECT_EQ(header.client(), Client::local);
  }
}

TEST(ProxyHeader, AVersion2BlockOfNoTcpNamesNobody) {
  for (const auto& octets :
       {block(0x21, 0x00, ""), block(0x21, 0x00, "what is this"), block(0x21, 0x12, ends4),
        block(0x21, 0x10, ends4), block(0x21, 0x31, std::string(216, '\0'))}) {
    const auto header = parse(octets);
    ASSERT_EQ(header.state(), State::complete) << header.problem();
    EXPECT_EQ(header.client(), Client::unknown);
  }
}

TEST(ProxyHeader, AVersion2BlockThatIsWrongIsRefused) {
  EXPECT_EQ(problem(block(0x11, 0x11, ends4)), "has a PROXY header of an unknown version");
  EXPECT_EQ(problem(block(0x22, 0x11, ends4)), "has a PROXY header with an unknown command");
  EXPECT_EQ(problem(block(0x21, 0x41, ends4)), "has a PROXY header of an unknown family");
  EXPECT_EQ(problem(block(0x21, 0x13, ends4)), "has a PROXY header of an unknown family");
  EXPECT_EQ(problem(block(0x21, 0x21, ends4)), "has a PROXY header too short for its addresses");
  EXPECT_EQ(problem(signature.substr(0, 8) + "EXIT\n"), "does not begin with a PROXY header");
  const std::string long_block(limits::proxy_header_octets, 'x');
  EXPECT_EQ(problem(block(0x21, 0x11, long_block)), "has a PROXY header that is too long");
}

TEST(ProxyHeader, FieldsAreSkippedButMustBeWhole) {
  const std::string fields =
      field(0x02, "mail.example.org") + field(0x04, "") + field('\xe0', std::string(300, 'x'));
  EXPECT_EQ(parse(block(0x21, 0x11, ends4 + fields)).state(), State::complete);
  for (std::size_t cut = 1; cut <= 303; ++cut) {
    EXPECT_EQ(problem(block(0x21, 0x11, ends4 + fields.substr(0, fields.size() - cut))),
              cut == 303 ? "" : "has a PROXY header with a field that is cut off")
        << cut;
  }
}

TEST(ProxyHeader, AChecksumIsVerified) {
  std::string good = block(
      0x21, 0x11,
      ends4 + field(0x04, "padding") + field(0x03, std::string(4, '\0')) + field(0x05, "unique"));
  const std::size_t at = good.size() - 9 - 4;
  const std::uint32_t sum = crc32c(0, good);
  good.replace(at, 4, two(sum >> 16) + two(sum & 0xffff));
  EXPECT_EQ(parse(good).state(), State::complete);
  for (std::size_t i = 16; i < good.size(); ++i) {
    std::string damaged = good;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    // With another type, or inside a longer field, it is no checksum any more: there is none then.
    if (i == at - 3 || i == 30) continue;
    EXPECT_EQ(parse(damaged).state(), State::wrong) << i;
  }
  EXPECT_EQ(problem(block(0x21, 0x11, ends4 + field(0x03, "abc"))),
            "has a PROXY header with a checksum that is none");
}

TEST(ProxyHeader, NeedsEveryOctetAndTakesNoFurtherOne) {
  for (const std::string& header : {std::string("PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n"),
                                    block(0x21, 0x11, ends4), block(0x20, 0x00, "")}) {
    for (std::size_t cut = 0; cut < header.size(); ++cut) {
      ProxyHeader parser;
      EXPECT_EQ(parser.feed(header.substr(0, cut)), cut);
      EXPECT_EQ(parser.state(), State::incomplete) << cut;
      EXPECT_EQ(parser.feed(header.substr(cut) + "\r\nEHLO"), header.size() - cut);
      EXPECT_EQ(parser.state(), State::complete) << cut;
    }
  }
}

}  // namespace
}  // namespace malleposte::receive
