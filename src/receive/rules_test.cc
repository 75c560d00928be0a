// What follows from the properties for a session.
#include <gtest/gtest.h>

#include "config/values.h"
#include "receive/session.h"

namespace malleposte::receive {
namespace {

const IpAddress client = *parse_ip("192.0.2.1");

smtp::Offers offers(std::string_view withheld, std::string_view listener, bool trusted = true) {
  config::Settings settings;
  settings.hostname = "mail.example.org";
  settings.ehlo_withheld = *config::parse_withheld_offers(withheld);
  return Rules(settings).offers(client, trusted, listener);
}

TEST(Rules, OffersDifferByListenerAndByClient) {
  const auto here = offers("dsn@198.51.100.1, ETRN", "198.51.100.1");
  EXPECT_FALSE(here.dsn || here.etrn);
  EXPECT_TRUE(here.chunking && here.deliver_by);
  const auto elsewhere = offers("dsn@198.51.100.1, ETRN", "198.51.100.2");
  EXPECT_TRUE(elsewhere.dsn);
  EXPECT_FALSE(elsewhere.etrn);
  EXPECT_FALSE(offers("", "198.51.100.1", false).deliver_by);
  EXPECT_TRUE(offers("DSN@2001:DB8::1", "2001:db8::2").dsn);
  EXPECT_FALSE(offers("DSN@2001:DB8::1", "2001:db8::1").dsn);
}

// config/ does not know smtp/: the two lists must agree.
TEST(Rules, EachExtensionThatCanBeNamedIsWithheld) {
  for (const char* keyword :
       {"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "CHUNKING", "BINARYMIME", "SMTPUTF8",
        "DSN", "DELIVERBY", "FUTURERELEASE", "MT-PRIORITY", "ETRN"}) {
    const auto parsed = config::parse_withheld_offers(keyword);
    ASSERT_TRUE(parsed) << keyword;
    EXPECT_TRUE(smtp::Offers{}.withhold(parsed->front().keyword)) << keyword;
  }
  EXPECT_FALSE(config::parse_withheld_offers("SIZE"));
}

}  // namespace
}  // namespace malleposte::receive
