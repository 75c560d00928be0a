#include "policy/relay.h"

#include <gtest/gtest.h>

namespace malleposte::policy {
namespace {

config::Settings settings() {
  config::Settings result;
  result.hostname = "Mail.example.org";
  result.mail_name = "example.org";
  result.relay_domains = {"relay.example", ".subs.example"};
  result.smtpd_trusted_networks = {{*parse_ip("192.0.2.0"), 96 + 24}};
  return result;
}

const Client stranger{false, *parse_ip("198.51.100.1")};
const Client trusted{true, *parse_ip("198.51.100.1")};

// The address as which the recipient is taken; "" refused.
std::string taken(const Relay& relay, std::string_view recipient, const Client& client) {
  const auto address = mail::parse_address(recipient);
  EXPECT_TRUE(address) << recipient;
  const Verdict verdict = relay.recipient(*address, client);
  return verdict ? to_string(verdict->address) : "";
}

TEST(Relay, TrustIsByNetwork) {
  const Relay relay(settings());
  EXPECT_TRUE(relay.trusts(*parse_ip("192.0.2.77")));
  EXPECT_FALSE(relay.trusts(*parse_ip("192.0.3.1")));
  EXPECT_FALSE(relay.trusts(*parse_ip("2001:db8::1")));
}

TEST(Relay, InternationalRelayDomainsAreKnownInEitherForm) {
  config::Settings international = settings();
  international.relay_domains = {"xn--bcher-kva.example", ".xn--r8jz45g.xn--zckzah"};
  const Relay relay(international);
  for (const char* recipient :
       {"jörg@bücher.example", "a@Bücher.Example", "a@XN--BCHER-KVA.example", "あ@x.例え.テスト"})
    EXPECT_EQ(taken(relay, recipient, stranger), recipient);
  EXPECT_EQ(taken(relay, "a@例え.テスト", stranger), "");
}

TEST(Relay, NobodyIsTrustedWithoutNetworks) {
  config::Settings none = settings();
  none.smtpd_trusted_networks.clear();
  EXPECT_FALSE(Relay(none).trusts(*parse_ip("127.0.0.1")));
}

TEST(Relay, TrustedClientsSendAnywhere) {
  const Relay relay(settings());
  EXPECT_EQ(taken(relay, "a@anywhere.example", trusted), "a@anywhere.example");
  EXPECT_EQ(taken(relay, "a%b@relay.example", trusted), "a%b@relay.example");
  EXPECT_EQ(taken(relay, "joe", trusted), "joe@example.org");
}

// clause: 5321-7.9-a
TEST(Relay, StrangersSendToRelayDomainsOnly) {
  const Relay relay(settings());
  EXPECT_EQ(taken(relay, "a@relay.example", stranger), "a@relay.example");
  EXPECT_EQ(taken(relay, "a@RELAY.Example", stranger), "a@RELAY.Example");
  EXPECT_EQ(taken(relay, "a@x.subs.example", stranger), "a@x.subs.example");
  EXPECT_EQ(taken(relay, "a@y.x.subs.example", stranger), "a@y.x.subs.example");
  for (const char* refused :
       {"a@sub.relay.example", "a@subs.example", "a@notrelay.example", "a@relay.example.com",
        "a@example", "a@anywhere.example", "a@mail.example.org", "a@example.org", "joe",
        "a@[198.51.100.1]", "\"a@anywhere.example\"@mail.example.org",
        "a%b.example@mail.example.org", "a%b.example@relay.example", "b.example!a@relay.example",
        "\"a@b\"@relay.example"}) {
    EXPECT_EQ(taken(relay, refused, stranger), "") << refused;
  }
  EXPECT_EQ(relay.recipient({"a", "anywhere.example"}, stranger).error(),
            (Refusal{553, "5.7.1", "Sorry, that domain isn't in my list of allowed rcpthosts.",
                     Because::not_relayed}));
}

// clause: 5321-4.5.1-b 5321-4.5.1-c
TEST(Relay, PostmasterIsReachedByEverybody) {
  const Relay held(settings());
  config::Settings with_root = settings();
  with_root.root_address = "anna@office.example";
  const Relay relay(with_root);
  for (const char* address : {"Postmaster", "postmaster@mail.example.org", "POSTMASTER@Example.ORG",
                              "postmaster@[198.51.100.1]"}) {
    for (const Client& client : {stranger, trusted}) {
      EXPECT_EQ(taken(relay, address, client), "anna@office.example") << address;
      EXPECT_EQ(taken(held, address, client), "postmaster@mail.example.org") << address;
    }
  }
  EXPECT_EQ(taken(relay, "postmaster@[198.51.100.2]", stranger), "");
  EXPECT_EQ(taken(relay, "postmaster@other.example", stranger), "");
  EXPECT_EQ(taken(relay, "postmaster@other.example", trusted), "postmaster@other.example");
  // A domain we relay for has a postmaster of its own.
  EXPECT_EQ(taken(relay, "postmaster@relay.example", stranger), "postmaster@relay.example");
}

// RFC 5321 4.5.1.
TEST(Relay, WhereMailboxesAreOursThePostmasterAlwaysHasOne) {
  auto with_root = settings();
  with_root.root_address = "anna@office.example";
  const Relay relay(with_root);
  const auto postmaster = relay.without_mailbox({"PostMaster", "relay.example"});
  ASSERT_TRUE(postmaster);
  EXPECT_EQ(to_string(postmaster->address), "anna@office.example");
  const auto other = relay.without_mailbox({"nobody", "relay.example"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error(), no_mailbox);
}

TEST(Relay, WhereMailboxesCannotBeLookedIntoStrangersTryAgain) {
  const Relay relay(settings());
  const auto refused = relay.with_unclear_mailbox({"anna", "relay.example"}, stranger);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 451);
  EXPECT_TRUE(relay.with_unclear_mailbox({"anna", "relay.example"}, trusted));
}

TEST(Relay, MailToThePostmasterIsHeldWhileNobodyIsNamed) {
  config::Settings with_root = settings();
  with_root.root_address = "anna@office.example";
  EXPECT_TRUE(Relay(settings()).holds({"postmaster", "mail.example.org"}));
  EXPECT_FALSE(Relay(settings()).holds({"postmaster", "relay.example"}));
  EXPECT_FALSE(Relay(with_root).holds({"anna", "office.example"}));
}

TEST(Relay, RootAddressIsCompleted) {
  config::Settings with_root = settings();
  with_root.root_address = "anna";
  EXPECT_EQ(taken(Relay(with_root), "Postmaster", stranger), "anna@example.org");
}

// clause: 5321-2.3.5-b 5321-5.1-c
TEST(Relay, SendersNeedADomainUnlessTrusted) {
  const Relay relay(settings());
  EXPECT_TRUE(relay.sender({}, stranger)->address.null());
  EXPECT_EQ(relay.sender({"a", "b"}, stranger)->address, (mail::Address{"a", "b"}));
  EXPECT_EQ(relay.sender({"joe", ""}, trusted)->address, (mail::Address{"joe", "example.org"}));
  EXPECT_EQ(relay.sender({"joe", ""}, stranger).error().code, 553);
}

TEST(Relay, WithoutMailNameTheHostnameCompletes) {
  config::Settings bare = settings();
  bare.mail_name.clear();
  EXPECT_EQ(taken(Relay(bare), "joe", trusted), "joe@mail.example.org");
}

TEST(Relay, LocalOnlyRefusesRemoteRecipientsReadably) {
  config::Settings local = settings();
  local.mode = config::Mode::local_only;
  const Relay relay(local);
  EXPECT_EQ(relay.recipient({"a", "anywhere.example"}, trusted).error().code, 550);
  EXPECT_EQ(relay.recipient({"a", "relay.example"}, stranger).error().code, 550);
  EXPECT_EQ(taken(relay, "joe", trusted), "joe@example.org");
}

// What `malleposte test` shows: the property that decided, and the part of it.
TEST(Relay, AVerdictSaysWhatDecided) {
  config::Settings unnamed = settings();
  const auto why = [&](std::string_view recipient, const char* from) {
    const Relay relay(unnamed);
    const IpAddress address = *parse_ip(from);
    const Client client{relay.trusts(address), *parse_ip("198.51.100.1")};
    const auto asked = *mail::parse_address(recipient);
    const Verdict verdict = relay.recipient(asked, client);
    return relay.explain(verdict ? verdict->because : verdict.error().because, asked, address);
  };
  EXPECT_EQ(why("a@x.subs.example", "203.0.113.9"), "relay_domains has .subs.example");
  EXPECT_EQ(why("a@any.example", "192.0.2.7"), "smtpd_trusted_networks has 192.0.2.0/24");
  EXPECT_EQ(why("a@any.example", "203.0.113.9"),
            "smtpd_trusted_networks has not 203.0.113.9, and relay_domains has not any.example");
  EXPECT_EQ(why("a%b@relay.example", "203.0.113.9"),
            "relay_domains has relay.example, but with %, ! or @ in front it may lead further; "
            "smtpd_trusted_networks has not 203.0.113.9");
  EXPECT_EQ(why("postmaster", "203.0.113.9"),
            "mail to the postmaster here is held, since root_address is empty");
  unnamed.root_address = "anna@office.example";
  EXPECT_EQ(why("postmaster", "203.0.113.9"), "mail to the postmaster here goes to root_address");
  unnamed.mode = config::Mode::local_only;
  EXPECT_EQ(why("a@any.example", "192.0.2.7"), "mode = local_only");
  const Relay relay(settings());
  const auto sender = relay.sender({"joe", ""}, {true, {}});
  EXPECT_EQ(relay.explain(sender->because, {"joe", ""}, *parse_ip("192.0.2.7")),
            "smtpd_trusted_networks has 192.0.2.0/24, so mail_name completes it");
}

}  // namespace
}  // namespace malleposte::policy
