// What holds for every address: its written form comes back as the same address, whatever it is
// made of, and the forms made from it are addresses again.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "mail/address.h"
#include "mail/header_addresses.h"

namespace malleposte::mail {
namespace {

constexpr unsigned addresses = 30'000;

class Draw {
 public:
  explicit Draw(unsigned seed) : engine_(seed) {}

  std::size_t below(std::size_t n) { return engine_() % n; }
  std::string one_of(const std::vector<std::string>& all) { return all[below(all.size())]; }

  std::string local() {
    static const std::vector<std::string> atoms{
        "a",   "Z", "7", "%", "!", "'", "/", "=", "{", "ö", "ß", "あ", "\xf0\x9f\x93\xa8",
        "x-y", "_", "."};
    static const std::vector<std::string> quoted{" ",    "\"", "\\", "@", ",", "..", "(", ">",
                                                 "\x7e", "ö",  "あ", "b", ".", ":",  ";", "<"};
    std::string text;
    const std::size_t parts = 1 + below(9);
    const auto& from = below(2) == 0 ? atoms : quoted;
    for (std::size_t i = 0; i < parts; ++i) text += one_of(from);
    return text;
  }

  std::string domain() {
    static const std::vector<std::string> whole{"[192.0.2.1]", "[IPv6:2001:db8::1]",
                                                "[x400:c=org/a]", "[IPv6:::ffff:192.0.2.1]", ""};
    static const std::vector<std::string> labels{"a",
                                                 "Example",
                                                 "host_1",
                                                 "3com",
                                                 "xn--bcher-kva",
                                                 "bücher",
                                                 "例え",
                                                 "r3---sn",
                                                 "org",
                                                 "de",
                                                 "XN--MNCHEN-3YA",
                                                 "faß",
                                                 std::string(63, 'l')};
    if (below(6) == 0) return one_of(whole);
    std::string text = one_of(labels);
    for (std::size_t more = below(4); more > 0; --more) text += "." + one_of(labels);
    return text;
  }

  // As somebody might write it: quoted although it need not be, backslashes where they may be.
  std::string written(const Address& address) {
    if (below(2) == 0) return to_string(address);
    std::string text = "\"";
    for (const char c : address.local) {
      if (c == '"' || c == '\\' || ((c & 0x80) == 0 && below(3) == 0)) text += '\\';
      text += c;
    }
    text += '"';
    return address.domain.empty() ? text : text + "@" + address.domain;
  }

 private:
  std::mt19937 engine_;
};

// clause: 5321-2.4-b 5321-4.1.2-f 6531-1.1-a
TEST(AnyAddress, ComesBackFromItsWrittenForms) {
  Draw draw(4711);
  unsigned taken = 0, ascii = 0;
  for (unsigned i = 0; i < addresses; ++i) {
    const Address drawn{draw.local(), draw.domain()};
    const std::string text = to_string(drawn);
    const auto parsed = parse_address(text);
    if (!parsed) continue;  // too long
    ++taken;
    ASSERT_EQ(*parsed, drawn) << text;
    const std::string other = draw.written(drawn);
    if (const auto again = parse_address(other)) ASSERT_EQ(*again, drawn) << other;
    const std::string argument = "<" + text + "> SIZE=1";
    const auto path = parse_path(argument);
    ASSERT_TRUE(path) << text;
    ASSERT_EQ(path->address, drawn) << text;
    ASSERT_EQ(path->rest, "SIZE=1") << text;
    const auto mailboxes = parse_header_addresses("(c) \"x, y\" <" + text + ">, " + other);
    ASSERT_TRUE(mailboxes) << text << ": " << mailboxes.error().text;
    ASSERT_EQ(mailboxes->size(), 2U) << text;
    ASSERT_EQ(mailboxes->front().address, drawn) << text;
    ASSERT_EQ(mailboxes->back().address, drawn) << other;

    if (const auto plain = to_ascii(drawn)) {
      ++ascii;
      ASSERT_TRUE(plain->ascii());
      ASSERT_EQ(parse_address(to_string(*plain)).value(), *plain) << text;
      ASSERT_EQ(canonical_domain(plain->domain), canonical_domain(drawn.domain)) << text;
    }
    const std::string canonical = canonical_domain(drawn.domain);
    ASSERT_TRUE(is_ascii(canonical)) << text;
    ASSERT_EQ(canonical_domain(canonical), canonical) << text;
  }
  EXPECT_GT(taken, addresses / 2);
  EXPECT_GT(ascii, addresses / 5);
  EXPECT_LT(ascii, taken);
}

}  // namespace
}  // namespace malleposte::mail
