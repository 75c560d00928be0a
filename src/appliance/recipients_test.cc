#include "appliance/recipients.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/simulated_loop.h"

namespace malleposte::appliance {
namespace {

using namespace std::chrono_literals;

// Has anna alone, and answers when it is told to.
class SlowMailboxes final : public deliver::Mailboxes {
 public:
  std::vector<std::shared_ptr<OneShot<bool>>> waiting;
  bool prompt = true;

  Task<smtp::Ruling> look(deliver::MailboxPath mailbox) override {
    if (!prompt) {
      waiting.push_back(std::make_shared<OneShot<bool>>());
      co_await *waiting.back();
    }
    if (to_string(mailbox).ends_with("/anna"))
      co_return smtp::Ruling{smtp::Verdict::accepted, 0, "2.0.0", ""};
    if (to_string(mailbox).ends_with("/bert"))
      co_return smtp::Ruling{smtp::Verdict::temporary, 0, "4.3.0", "a disk"};
    co_return deliver::no_mailbox();
  }
  std::unique_ptr<deliver::MailboxDelivery> begin(deliver::MailboxPath, std::string) override {
    return nullptr;
  }
};

class RecipientsTest : public testing::Test {
 protected:
  static config::Settings settings() {
    config::Settings settings;
    settings.routes = {{"example.org", {}, 1, "/srv/{local}"},
                       {"relay.example", {{"192.0.2.1", 25, false}}, 2}};
    return settings;
  }
  // Empty: still waiting.
  std::shared_ptr<std::optional<bool>> ask(const std::string& local) {
    auto answer = std::make_shared<std::optional<bool>>();
    spawn([](Recipients& of, std::string who,
             std::shared_ptr<std::optional<bool>> into) -> Task<void> {
      *into = co_await of.unknown({std::move(who), "example.org"});
    }(recipients, local, answer));
    return answer;
  }

  SimulatedLoop loop{1};
  SlowMailboxes mailboxes;
  deliver::RouteTable routes{settings()};
  Recipients recipients{loop, routes, mailboxes};
};

TEST_F(RecipientsTest, AreKnownWhereTheirMailboxesAreOurs) {
  EXPECT_TRUE(recipients.known("Example.ORG"));
  EXPECT_FALSE(recipients.known("relay.example"));
  EXPECT_FALSE(recipients.known("other.example"));
  EXPECT_FALSE(recipients.known(""));
}

TEST_F(RecipientsTest, OnlyWhoCertainlyHasNoMailboxIsUnknown) {
  EXPECT_EQ(*ask("anna"), false);
  EXPECT_EQ(*ask("Anna"), false);
  EXPECT_EQ(*ask("bert"), false) << "its disk has trouble";
  EXPECT_EQ(*ask("carl"), true);
  EXPECT_EQ(*ask(".."), true);
}

// Else a volume that hangs would keep the sessions of all who write to it.
TEST_F(RecipientsTest, NobodyIsUnknownWhereNobodyAnswersInTime) {
  mailboxes.prompt = false;
  const auto answer = ask("carl");
  loop.run_for(limits::mailbox_look_timeout - 1ms);
  EXPECT_FALSE(answer->has_value());
  loop.run_for(1ms);
  EXPECT_EQ(*answer, false);
  mailboxes.waiting[0]->set(true);  // too late
  loop.run_for(1min);
  EXPECT_EQ(*answer, false);
}

TEST_F(RecipientsTest, OnlySoManyAreLookedUpAtOnce) {
  mailboxes.prompt = false;
  std::vector<std::shared_ptr<std::optional<bool>>> answers;
  for (std::size_t i = 0; i < limits::mailbox_looks; ++i) answers.push_back(ask("carl"));
  EXPECT_EQ(*ask("carl"), false) << "beyond the limit";
  EXPECT_EQ(mailboxes.waiting.size(), limits::mailbox_looks);
  for (const auto& one : mailboxes.waiting) one->set(true);
  for (const auto& answer : answers) EXPECT_EQ(*answer, true);
  mailboxes.prompt = true;
  EXPECT_EQ(*ask("carl"), true);
  loop.run_for(1min);
}

}  // namespace
}  // namespace malleposte::appliance
