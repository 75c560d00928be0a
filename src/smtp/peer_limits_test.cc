#include "smtp/peer_limits.h"

#include <gtest/gtest.h>

namespace malleposte::smtp {
namespace {

using Positions = std::vector<std::size_t>;

std::vector<ForwardPath> to(std::vector<std::string> paths) {
  std::vector<ForwardPath> recipients;
  for (auto& path : paths) recipients.push_back({std::move(path)});
  return recipients;
}

TEST(PeerLimits, NoneTakesAll) {
  EXPECT_EQ(PeerLimits().beyond({}, to({"a@x", "b@y", "c@z"})), Positions{});
}

// RFC 9422 4.2: RCPTMAX, of one transaction.
TEST(PeerLimits, RecipientsBeyondTheNumberGoInFurtherTransactions) {
  EhloAnswer offers;
  offers.recipients_max = 2;
  PeerLimits limits;
  EXPECT_EQ(limits.beyond(offers, to({"a@x", "b@x", "c@x", "d@x"})), (Positions{2, 3}));
  limits.begun({"", to({"a@x", "b@x"})});
  EXPECT_EQ(limits.beyond(offers, to({"c@x", "d@x"})), Positions{});
}

// RFC 9422 4.1: MAILMAX, of one session.
TEST(PeerLimits, ASessionIsExhausted) {
  EhloAnswer offers;
  offers.mails_max = 1;
  PeerLimits limits;
  EXPECT_FALSE(limits.exhausted(offers));
  limits.begun({"", to({"a@x"})});
  EXPECT_TRUE(limits.exhausted(offers));
  EXPECT_EQ(limits.beyond(offers, to({"a@x", "b@x"})), (Positions{0, 1}));
}

// RFC 9422 4.3: RCPTDOMAINMAX, of one session.
TEST(PeerLimits, RecipientsOfFurtherDomainsNeedAnotherSession) {
  EhloAnswer offers;
  offers.recipient_domains_max = 2;
  PeerLimits limits;
  EXPECT_EQ(limits.beyond(offers, to({"a@x", "b@y", "c@z", "d@X", "\"e@z\"@y"})), Positions{2});
  limits.begun({"", to({"a@x", "b@y", "d@X"})});
  EXPECT_EQ(limits.beyond(offers, to({"c@z"})), Positions{0});
  EXPECT_EQ(limits.beyond(offers, to({"f@y", "c@z"})), Positions{1});
}

}  // namespace
}  // namespace malleposte::smtp
