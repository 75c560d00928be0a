#include "smtp/peer_fit.h"

#include <gtest/gtest.h>

namespace malleposte::smtp {
namespace {

using namespace std::chrono_literals;

Transaction transaction(mail::Body body = mail::Body::seven_bit) {
  Transaction made;
  made.reverse_path = "s@example.org";
  made.recipients = {{"r@example.com"}};
  made.size = 10;
  made.body = body;
  made.now = WallTime(1000s);
  return made;
}

std::string status(const EhloAnswer& offers, const Transaction& of) {
  const auto ruling = unfit(offers, of);
  if (!ruling) return "fits";
  EXPECT_EQ(ruling->verdict, Verdict::permanent);
  EXPECT_FALSE(ruling->text.empty());
  return ruling->status;
}

const EhloAnswer nothing;

TEST(PeerFit, PlainMailGoesToEverybody) {
  EXPECT_TRUE(lacking(nothing, transaction()).nothing());
  EXPECT_EQ(status(nothing, transaction()), "fits");
}

// clause: 6152-3-d 5321-2.4-c
// RFC 6152 3: 8-bit content MUST NOT go to a server that does not offer 8BITMIME.
// clause: 6152-3-d 5321-2.4-c
TEST(PeerFit, EightBitContentNeeds8bitmime) {
  const auto message = transaction(mail::Body::eight_bit);
  EXPECT_EQ(lacking(nothing, message), (Lack{true, false, false}));
  EXPECT_EQ(status(nothing, message), "5.6.3");
  EhloAnswer offers;
  offers.eight_bit_mime = true;
  EXPECT_EQ(status(offers, message), "fits");
}

// clause: 3030-3-h
// RFC 3030 3: binary content MUST NOT go to a server that does not offer BINARYMIME.
// clause: 3030-3-h
TEST(PeerFit, BinaryContentNeedsBinarymime) {
  const auto message = transaction(mail::Body::binary);
  EXPECT_EQ(lacking(nothing, message), (Lack{true, true, false}));
  EhloAnswer offers;
  offers.eight_bit_mime = offers.chunking = true;
  EXPECT_EQ(lacking(offers, message), (Lack{false, true, false})) << "8-bit lines would do";
  EXPECT_EQ(status(offers, message), "5.6.1");
  offers.binary_mime = true;
  EXPECT_EQ(status(offers, message), "fits");
}

// clause: 6531-3.5-a 6531-3.2-e 6531-3.2-f
// RFC 6531 3.2: an internationalized message MUST NOT go to a server that does not offer SMTPUTF8.
// clause: 6531-3.2-d 6531-3.2-e 6531-3.5-a 6532-3.7-a
TEST(PeerFit, InternationalMailNeedsSmtputf8) {
  auto message = transaction();
  message.requests.smtputf8 = true;
  EXPECT_EQ(lacking(nothing, message), (Lack{false, false, true}));
  EXPECT_EQ(status(nothing, message), "5.6.7");
  EhloAnswer offers;
  offers.smtputf8 = offers.eight_bit_mime = true;
  EXPECT_EQ(status(offers, message), "fits");
}

// clause: 6531-3.2-d 6531-3.4-a
TEST(PeerFit, AnAddressInUtf8NeedsSmtputf8) {
  auto message = transaction();
  message.recipients.push_back({"j\xc3\xb6rg@example.com"});
  EXPECT_TRUE(lacking(nothing, message).ascii_only);
  message = transaction();
  message.reverse_path = "j\xc3\xb6rg@example.com";
  EXPECT_TRUE(lacking(nothing, message).ascii_only);
}

// clause: 5321-4.5.3.1.7-c 5321-4.5.3.1-c
TEST(PeerFit, ATooLargeMessageIsKnownBefore) {
  EhloAnswer offers;
  offers.size = true;
  EXPECT_EQ(status(offers, transaction()), "fits") << "no limit is told";
  offers.size_limit = 9;
  EXPECT_EQ(status(offers, transaction()), "5.3.4");
  offers.size_limit = 10;
  EXPECT_EQ(status(offers, transaction()), "fits");
}

std::string in_time(const EhloAnswer& offers, const Transaction& of) {
  EXPECT_EQ(status(offers, of), "fits") << "other hosts would be tried for it";
  const auto ruling = cannot_return_in_time(offers, of);
  return ruling ? ruling->status : "fits";
}

// clause: 2852-4.1.4.1-a 2852-4.1.4.1-b 2852-7-a
TEST(PeerFit, WhatIsToBeReturnedGoesOnlyToWhoPromises) {
  auto message = transaction();
  message.requests.deliver_by = mail::DeliverBy{message.now + 60s, true, false};
  EXPECT_EQ(in_time(nothing, message), "5.3.3");
  EhloAnswer offers;
  offers.deliver_by = true;
  EXPECT_EQ(in_time(offers, message), "fits");
  offers.deliver_by_min_s = 61;
  EXPECT_EQ(in_time(offers, message), "5.4.7");
  offers.deliver_by_min_s = 60;
  EXPECT_EQ(in_time(offers, message), "fits");
  message.now += 60s;
  EXPECT_EQ(in_time(offers, message), "5.4.7") << "the time has come";
}

TEST(PeerFit, WhatIsOnlyToBeToldOfGoesToEverybody) {
  auto message = transaction();
  message.requests.deliver_by = mail::DeliverBy{message.now - 60s, false, false};
  EXPECT_EQ(in_time(nothing, message), "fits");
}

}  // namespace
}  // namespace malleposte::smtp
