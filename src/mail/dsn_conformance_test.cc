// What RFC 3461, 3464, 4865, 6533 and 6710 ask of a notice beside what it says.
#include <gmock/gmock.h>

#include "mail/dsn.h"

namespace malleposte::mail {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const WallTime now{std::chrono::sys_days(std::chrono::year(2026) / 5 / 21) + 5h + 33min + 29s};

struct DsnConformance : testing::Test {
  DsnConformance() {
    original.reverse_path = {"s", "example.org"};
    original.recipients = {{"a", "x.example"}};
    original.arrived = now - 1h;
  }
  Dsn dsn() {
    const std::vector outcomes{outcome};
    return make_dsn({DsnKind::failure, original.reverse_path, original, MessageId{7}, outcomes,
                     "Subject: hi\r\n\r\n", false, "me.example", now, now + 96h});
  }

  Envelope original;
  Outcome outcome{0, Fate::bounced, {}, {"mx", "192.0.2.1:25", 550, "5.1.1", "no"}};
};

// clause: 3461-6.1-b 3461-6.1-c 4865-5.1.1-a 6710-4.6-a
TEST_F(DsnConformance, OfTheWishesForAMessageItsNoticeHasThePriorityOnly) {
  original.requests.returned = Return::full;
  original.requests.envelope_id = "id";
  original.requests.deliver_by = DeliverBy{now + 1h, true, true};
  original.requests.held_until = now + 1h;
  original.requests.priority = 7;
  original.recipients[0].notify.success = original.recipients[0].notify.failure = true;
  const auto made = dsn();
  Requests priority_only;
  priority_only.priority = 7;
  EXPECT_EQ(made.envelope.requests, priority_only);
  EXPECT_EQ(made.envelope.recipients[0].notify, Notify{});
  EXPECT_EQ(made.envelope.recipients[0].original, "");
}

// clause: 4865-5.1.2-a 4865-5.1.2-b
TEST_F(DsnConformance, TheTimesThatWereAskedForAreInItsFields) {
  EXPECT_THAT(dsn().content, Not(HasSubstr("Future-Release-Request")));
  EXPECT_THAT(dsn().content, Not(HasSubstr("Deliver-By-Date")));
  original.requests.deliver_by = DeliverBy{now, true, false};
  original.requests.held_until = now + 1h;
  EXPECT_THAT(dsn().content, HasSubstr("Arrival-Date: Thu, 21 May 2026 04:33:29 +0000\r\n"
                                       "Deliver-By-Date: Thu, 21 May 2026 05:33:29 +0000\r\n"
                                       "Future-Release-Request: until;2026-05-21T06:33:29Z\r\n"));
}

// clause: 3464-2.3.5-a
TEST_F(DsnConformance, WithoutAHostThereIsNoRemoteMta) {
  outcome.answer = {"", "", 0, "5.1.2", "no such domain"};
  EXPECT_THAT(dsn().content, Not(HasSubstr("Remote-MTA")));
}

// clause: 6533-3-l
TEST_F(DsnConformance, WhatOnlyClaimsToBeUtf8IsRepeatedAsItIs) {
  original.reverse_path = {"s", "\xc3\xa9.example"};
  original.recipients[0].original = "utf-8;no address \\x{zz}";
  EXPECT_THAT(dsn().content, HasSubstr("Original-Recipient: utf-8; no address \\x{zz}\r\n"));
}

}  // namespace
}  // namespace malleposte::mail
