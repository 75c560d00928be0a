#include "appliance/recipients.h"

#include <gtest/gtest.h>

#include "base/simulated_loop.h"
#include "deliver/simulated_mailboxes.h"

namespace malleposte::appliance {
namespace {

using Found = receive::Recipients::Found;

class RecipientsTest : public testing::Test {
 protected:
  static config::Settings settings() {
    config::Settings settings;
    settings.routes = {{"example.org", {}, 1, "/srv/{local}"},
                       {"relay.example", {{"192.0.2.1", 25, false}}, 2}};
    return settings;
  }
  Found find(const std::string& local, const std::string& domain = "example.org") {
    std::optional<Found> found;
    spawn([](Recipients& of, mail::Address who, std::optional<Found>& into) -> Task<void> {
      into = co_await of.find(std::move(who));
    }(recipients, {local, domain}, found));
    loop.run_for(std::chrono::seconds(1));
    EXPECT_TRUE(found.has_value());
    return found.value_or(Found::unclear);
  }

  SimulatedLoop loop{1};
  deliver::SimulatedMailVolume volume{{"/srv/anna", {}}};
  deliver::SimulatedMailboxes mailboxes{loop, volume};
  deliver::RouteTable routes{settings()};
  Recipients recipients{routes, mailboxes};
};

TEST_F(RecipientsTest, AreKnownWhereTheirMailboxesAreOurs) {
  EXPECT_TRUE(recipients.known("Example.ORG"));
  EXPECT_FALSE(recipients.known("relay.example"));
  EXPECT_FALSE(recipients.known("other.example"));
  EXPECT_FALSE(recipients.known(""));
}

TEST_F(RecipientsTest, AreThereWhenTheirMailboxIs) {
  EXPECT_EQ(find("anna"), Found::there);
  EXPECT_EQ(find("Anna"), Found::there);
  EXPECT_EQ(find("bert"), Found::nobody);
  EXPECT_EQ(find(".."), Found::nobody);
  EXPECT_EQ(find("bert", "relay.example"), Found::there) << "who is there, others know";
}

TEST_F(RecipientsTest, AreUnclearWhereNobodyCanTell) {
  mailboxes.trouble = [](const std::string&) {
    return smtp::Ruling{smtp::Verdict::temporary, 0, "4.3.0", "a disk"};
  };
  EXPECT_EQ(find("anna"), Found::unclear);
  EXPECT_EQ(find("bert"), Found::unclear);
}

}  // namespace
}  // namespace malleposte::appliance
