#include "receive/session.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "receive/session_fixture.h"

namespace malleposte::receive {
namespace {

using namespace std::chrono_literals;

// clause: 5321-4.4-a 5321-4.4-f
TEST_F(SessionTest, KeepsAMessageWithItsTrace) {
  world.resolver.name = "host.client.example";
  auto wire = in_data();
  EXPECT_EQ(ask(wire, "Subject: x\r\n\r\nhello\r\n.\r\n"), accepted_1);
  ASSERT_EQ(world.store.messages.size(), 1U);
  const auto& [envelope, content] = world.store.messages[0];
  EXPECT_EQ(content,
            "Received: from c.example (host.client.example [192.0.2.1])\r\n"
            "\tby mail.example.org with ESMTP id " +
                to_string(mail::MessageId{1}) +
                "\r\n"
                "\tfor <c@relay.example>; Thu, 1 Jan 1970 01:00:00 +0000\r\n"
                "Subject: x\r\n\r\nhello\r\n");
  EXPECT_EQ(to_string(envelope.reverse_path), "a@b.example");
  ASSERT_EQ(envelope.recipients.size(), 1U);
  EXPECT_EQ(to_string(envelope.recipients[0]), "c@relay.example");
  EXPECT_EQ(envelope.client_address, "192.0.2.1");
  EXPECT_EQ(envelope.client_name, "host.client.example");
  EXPECT_EQ(envelope.helo, "c.example");
  EXPECT_EQ(envelope.arrived, world.loop.wall());
  EXPECT_EQ(ask(wire, "QUIT\r\n"), "221 2.0.0 Good bye.\r\n");
  EXPECT_TRUE(wire->closed);
  EXPECT_EQ(door.sessions(), 0U);
  EXPECT_EQ(
      world.record.lines,
      (std::vector<std::string>{"connected | s1 | 192.0.2.1:4711",
                                "accepted | a@b.example | 1 | " + std::to_string(content.size()),
                                "disconnected | s1 | 192.0.2.1:4711 | 5 | 1"}));
}

// clause: 2920-3.2-b 2920-3.2-g
TEST_F(SessionTest, AnswersABurstWithOneWrite) {
  auto wire = stranger();
  wire->writes = 0;
  ask(wire,
      "EHLO c.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\nx\r\n.\r\n"
      "MAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\ny\r\n.\r\nNOOP\r\n");
  EXPECT_EQ(wire->writes, 1U);
  EXPECT_EQ(world.store.messages.size(), 2U);
}

// clause: 5321-2.1-b 5321-6.1-a
// clause: 5321-6.1-h
TEST_F(SessionTest, SaysAcceptedOnlyWhenTheMessageIsDurable) {
  auto wire = in_data();
  world.store.committing.open = false;
  EXPECT_EQ(ask(wire, "x\r\n.\r\nNOOP\r\n"), "");
  // Others use the read buffer meanwhile.
  auto other = stranger();
  EXPECT_EQ(ask(other, "HELO " + std::string(100, 'x') + "\r\n"),
            "220 mail.example.org ESMTP Malleposte\r\n250 mail.example.org\r\n");
  world.store.committing.let_go();
  world.loop.run();
  EXPECT_EQ(wire->heard(), accepted_1 + "250 2.0.0 Here I am.\r\n");
}

// clause: 5321-4.1.1.4-g 5321-4.2.5-a
TEST_F(SessionTest, WhatIsNotDurableIsNotAccepted) {
  for (const auto status : {spool::CommitStatus::refused, spool::CommitStatus::in_doubt}) {
    world.store.commit_status = status;
    auto wire = in_data();
    EXPECT_EQ(ask(wire, "x\r\n.\r\n"),
              "451 4.3.0 The message could not be stored safely, please try again later.\r\n");
    EXPECT_EQ(ask(wire, "DATA\r\n"), "503 5.5.1 Name sender and recipients first.\r\n");
  }
  EXPECT_EQ(world.store.coming_in, 0U);
}

// clause: 1870-6.1-b 5321-3.3-a
TEST_F(SessionTest, AFullStoreIsATemporaryRefusal) {
  auto wire = stranger();
  ask(wire, "HELO c\r\n");
  world.store.admitting = false;
  EXPECT_EQ(ask(wire, "MAIL FROM:<a@b>\r\n"), no_room);
  world.store.admitting = true;
  world.store.beginning = false;
  ask(wire, "MAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\n");
  EXPECT_EQ(ask(wire, "DATA\r\n"), no_room);
  world.store.beginning = true;
  world.store.room = 1000;
  ask(wire, "DATA\r\n");
  EXPECT_EQ(ask(wire, std::string(2000, 'x') + "\r\n"), "");
  EXPECT_EQ(world.store.coming_in, 0U);
  EXPECT_EQ(ask(wire, "more\r\n.\r\n"), no_room);
  EXPECT_EQ(ask(wire, "NOOP\r\n"), "250 2.0.0 Here I am.\r\n");
  EXPECT_TRUE(world.store.messages.empty());
}

TEST_F(SessionTest, BackPressureOfTheStoreLosesNothing) {
  auto wire = in_data();
  world.store.appending.open = false;
  EXPECT_EQ(ask(wire, "first\r\n.\r\nNOOP\r\n"), "");
  auto other = stranger();
  ask(other, std::string(1000, '#'));
  world.store.appending.let_go();
  world.loop.run();
  EXPECT_EQ(wire->heard(), accepted_1 + "250 2.0.0 Here I am.\r\n");
  EXPECT_TRUE(world.store.messages[0].content.ends_with("+0000\r\nfirst\r\n"));
}

// clause: 5321-4.1.1.5-d 5321-4.1.1.5-e 5321-4.1.1.10-e 5321-4.1.1.10-f
TEST_F(SessionTest, AClientThatGoesAtAnyOctetLeavesNothingBehind) {
  const std::string text =
      "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\nhello\r\n.\r\n";
  for (std::size_t sent = 0; sent <= text.size(); ++sent) {
    auto wire = stranger();
    ask(wire, text.substr(0, sent));
    wire->hang_up();
    world.loop.run();
    EXPECT_TRUE(wire->closed);
    EXPECT_EQ(door.sessions(), 0U);
    EXPECT_EQ(world.store.coming_in, 0U);
    EXPECT_EQ(world.store.messages.size(), sent == text.size() ? 1U : 0U);
    world.loop.pass(1s);
  }
}

TEST_F(SessionTest, WhoHasNoMailboxHereIsRefusedAtOnce) {
  world.recipients.asked_for = true;
  world.recipients.of_example_org = {"anna"};
  const auto said = ask(trusted(),
                        "EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@example.org>\r\n"
                        "RCPT TO:<anna@example.org>\r\nRCPT TO:<nobody@relay.example>\r\n"
                        "RCPT TO:<Postmaster>\r\n");
  EXPECT_NE(said.find("550 5.1.1 Sorry, there is no mailbox here by that name.\r\n"
                      "250 2.1.5 Recipient accepted.\r\n250 2.1.5 Recipient accepted.\r\n452 "),
            std::string::npos)
      << said;
}

TEST(Session, WhileMailboxesCannotBeLookedIntoStrangersAreToTryAgain) {
  TestWorld world;
  world.recipients.asked_for = world.recipients.unclear = true;
  auto settings = session_settings();
  settings.relay_domains = {"example.org"};
  FrontDoor door(world.loop, world.network, world.resolver, world.store, world.record,
                 world.recipients, settings);
  ASSERT_TRUE(door.open());
  const auto said = [&](const char* client) {
    auto wire = world.network.connect_from(client);
    wire->say("EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<anna@example.org>\r\n");
    world.loop.run();
    return wire->heard();
  };
  EXPECT_TRUE(said("127.0.0.1").ends_with("250 2.1.5 Recipient accepted.\r\n"));
  EXPECT_TRUE(said("192.0.2.1")
                  .ends_with("451 4.3.0 Sorry, I cannot look into the mailboxes now, please try "
                             "again later.\r\n"));
}

// And what was pipelined behind the recipient is not lost.
TEST_F(SessionTest, NoReadBufferIsHeldWhileARecipientIsLookedFor) {
  world.recipients.asked_for = true;
  world.recipients.of_example_org = {"anna"};
  world.recipients.answering.open = false;
  auto wire = trusted();
  wire->say("EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n");
  world.loop.run();
  ASSERT_TRUE(world.recipients.answering.somebody_waits());
  EXPECT_EQ(door.buffered_octets(), 0U);
  world.recipients.answering.let_go();
  world.loop.run();
  EXPECT_TRUE(wire->heard().ends_with("354 End your message with a period.\r\n"));
  EXPECT_EQ(ask(wire, "hello\r\n.\r\n"), accepted_1);
}

TEST(Session, AStreamThatEndsAtAnyAwaitEndsTheSession) {
  const std::string text =
      "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\nhello\r\n.\r\nNOOP\r\n";
  for (const bool in_commit : {false, true}) {
    TestWorld world;
    FrontDoor door(world.loop, world.network, world.resolver, world.store, world.record,
                   world.recipients, session_settings());
    ASSERT_TRUE(door.open());
    Gate& gate = in_commit ? world.store.committing : world.store.appending;
    gate.open = false;
    auto wire = world.network.connect_from("192.0.2.1");
    wire->say(text);
    ASSERT_TRUE(gate.somebody_waits());
    door.abort();  // closes the stream while the session waits for the store
    EXPECT_EQ(door.sessions(), 1U);
    gate.let_go();
    world.loop.run();
    EXPECT_EQ(door.sessions(), 0U);
    EXPECT_EQ(world.store.coming_in, 0U);
  }
  TestWorld world;
  FrontDoor door(world.loop, world.network, world.resolver, world.store, world.record,
                 world.recipients, session_settings());
  ASSERT_TRUE(door.open());
  auto wire = world.network.connect_from("192.0.2.1");
  wire->writing.open = false;
  wire->say(text);
  ASSERT_TRUE(wire->writing.somebody_waits());
  door.abort();
  EXPECT_EQ(door.sessions(), 0U);
}

// clause: 5321-4.5.3.2.7-a 5321-3.8-a
TEST_F(SessionTest, ASilentClientIsDismissed) {
  auto wire = stranger();
  wire->heard();
  world.loop.pass(limits::command_timeout - 1s);
  EXPECT_FALSE(wire->closed);
  ask(wire, "NOOP\r\n");
  world.loop.pass(limits::command_timeout - 1s);
  EXPECT_FALSE(wire->closed);
  world.loop.pass(1s);
  EXPECT_EQ(wire->heard(), "421 4.4.2 You were silent for too long.\r\n");
  EXPECT_TRUE(wire->closed);
  EXPECT_EQ(door.sessions(), 0U);
}

// clause: 5321-4.1.4-h
TEST_F(SessionTest, TheReverseNameDelaysNothing) {
  world.resolver.name = "late.example";
  world.resolver.answering.open = false;
  auto wire = in_data();
  EXPECT_EQ(ask(wire, "x\r\n.\r\n"), accepted_1);
  EXPECT_EQ(world.store.messages[0].envelope.client_name, "");
  EXPECT_NE(world.store.messages[0].content.find("(unknown [192.0.2.1])"), std::string::npos);
  world.resolver.answering.let_go();
  ask(wire, "MAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\nx\r\n.\r\n");
  EXPECT_EQ(world.store.messages[1].envelope.client_name, "late.example");
}

TEST_F(SessionTest, TheReverseNameMayComeAfterTheSession) {
  world.resolver.name = "late.example";
  world.resolver.answering.open = false;
  auto wire = stranger();
  ask(wire, "QUIT\r\n");
  EXPECT_EQ(door.sessions(), 0U);
  world.resolver.answering.let_go();
}

// RFC 6409 8.2, 8.3
TEST_F(SessionTest, ATrustedClientsHeaderIsCompletedBehindItsLastField) {
  const std::string commands = "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\n";
  const std::string content = "Subject: x\r\n\r\nbody\r\n";
  auto friendly = trusted();
  ask(friendly, commands + content + ".\r\n");
  ASSERT_EQ(world.store.messages.size(), 1U);
  const std::string& kept = world.store.messages[0].content;
  EXPECT_EQ(kept.substr(kept.find("Subject:")),
            "Subject: x\r\nMessage-ID: <0000000000001@mail.example.org>\r\n"
            "Date: Thu, 1 Jan 1970 01:00:00 +0000\r\n\r\nbody\r\n");
}

// clause: 5321-6.3-a 5321-6.3-b
TEST_F(SessionTest, LoopsAreBroken) {
  std::string hops;
  for (std::size_t i = 0; i < limits::received_hops; ++i) hops += "Received: from x\r\n";
  auto wire = in_data();
  EXPECT_EQ(ask(wire, hops + "\r\nReceived: body\r\n.\r\n"), accepted_1);
  auto again = in_data();
  EXPECT_EQ(ask(again, "Received: from x\r\n" + hops + "\r\n.\r\n"),
            "554 5.4.6 The message goes round in a loop: too many Received fields.\r\n");
  EXPECT_EQ(world.store.messages.size(), 1U);
}

TEST_F(SessionTest, MailToAPostmasterWithoutANameIsHeldInAMessageOfItsOwn) {
  auto wire = stranger();
  const std::string heard =
      ask(wire,
          "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<Postmaster>\r\nRCPT TO:<c@relay.example>\r\n"
          "DATA\r\nx\r\n.\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\n"
          "RCPT TO:<postmaster@mail.example.org>\r\nDATA\r\nx\r\n.\r\n");
  const std::string refusal = "452 4.5.3 Mail to the postmaster here goes in a message of its own.";
  const auto first = heard.find(refusal);
  ASSERT_NE(first, std::string::npos) << heard;
  EXPECT_NE(heard.find(refusal, first + 1), std::string::npos);
  ASSERT_EQ(world.store.messages.size(), 2U);
  EXPECT_TRUE(world.store.messages[0].envelope.held);
  EXPECT_EQ(to_string(world.store.messages[0].envelope.recipients.at(0)),
            "postmaster@mail.example.org");
  EXPECT_FALSE(world.store.messages[1].envelope.held);
}

TEST_F(SessionTest, RefusalsAreRecorded) {
  auto wire = stranger();
  ask(wire, "HELO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<x@far.example>\r\nWHAT\r\n");
  ASSERT_EQ(world.record.lines.size(), 3U);
  EXPECT_EQ(
      world.record.lines[1],
      "refused | s1 | 192.0.2.1:4711 | c | a@b | x@far.example | 553 5.7.1 Sorry, that domain "
      "isn't in my list of allowed rcpthosts.");
  EXPECT_EQ(world.record.lines[2],
            "refused | s1 | 192.0.2.1:4711 | c | a@b |  | 500 5.5.1 I do not know that command.");
}

TEST_F(SessionTest, BareLfIsRepairedForTrustedClientsOnly) {
  auto wire = in_data();
  EXPECT_EQ(ask(wire, "a\nb\r\n.\r\n").substr(0, 10), "550 5.6.11");
  auto friendly = trusted();
  EXPECT_EQ(
      ask(friendly, "HELO c\r\nMAIL FROM:<a>\r\nRCPT TO:<c@far.example>\r\nDATA\r\na\nb\r\n.\r\n")
          .substr(sizeof("220 mail.example.org ESMTP Malleposte\r\n") - 1),
      "250 mail.example.org\r\n250 2.1.0 Sender accepted.\r\n250 2.1.5 Recipient accepted.\r\n"
      "354 End your message with a period.\r\n" +
          accepted_1);
  EXPECT_TRUE(world.store.messages.at(0).content.ends_with("+0000\r\na\r\nb\r\n"));
}

// --- FrontDoor -----------------------------------------------------------------------------------

// clause: 5321-3.8-b
TEST_F(SessionTest, StoppingEndsIdleSessionsAtOnceAndOthersAfterTheirMessage) {
  auto idle = stranger();
  idle->heard();
  auto busy = in_data();
  bool empty = false;
  door.stop();
  door.on_empty([&] { empty = true; });
  const std::string closing = "421 4.3.2 I am closing, please call again.\r\n";
  EXPECT_EQ(idle->heard(), closing);
  EXPECT_TRUE(idle->closed);
  EXPECT_TRUE(world.network.listening.empty());
  EXPECT_FALSE(busy->closed);
  EXPECT_FALSE(empty);
  EXPECT_EQ(ask(busy, "x\r\n.\r\n"), accepted_1 + closing);
  EXPECT_TRUE(busy->closed);
  EXPECT_TRUE(empty);
  EXPECT_EQ(world.store.messages.size(), 1U);
}

TEST_F(SessionTest, AbortEndsSessionsNow) {
  auto busy = in_data();
  door.abort();
  EXPECT_TRUE(busy->closed);
  EXPECT_EQ(door.sessions(), 0U);
  bool empty = false;
  door.on_empty([&] { empty = true; });
  EXPECT_TRUE(empty);
}

TEST_F(SessionTest, StrangersHaveALimitAndTrustedClientsHaveNone) {
  std::vector<std::shared_ptr<Wire>> wires;
  for (std::size_t i = 0; i < limits::sessions_per_stranger; ++i) wires.push_back(stranger());
  auto one_more = stranger();
  EXPECT_EQ(one_more->heard(), "421 4.7.0 You have too many connections open.\r\n");
  EXPECT_TRUE(one_more->closed);
  for (std::size_t i = 0; i < 2 * limits::new_sessions_per_stranger; ++i)
    wires.push_back(trusted());
  EXPECT_EQ(wires.back()->heard(), "220 mail.example.org ESMTP Malleposte\r\n");
  EXPECT_EQ(door.sessions(), wires.size());
  for (auto& wire : wires) wire->hang_up();
  EXPECT_EQ(door.sessions(), 0U);
}

TEST_F(SessionTest, ReloadIsForNewSessions) {
  auto before = stranger();
  config::Settings changed = session_settings();
  changed.relay_domains = {"other.example"};
  door.reload(changed);
  auto after = stranger();
  for (auto& wire : {before, after}) ask(wire, "HELO c\r\nMAIL FROM:<a@b>\r\n");
  EXPECT_EQ(ask(before, "RCPT TO:<c@other.example>\r\n").substr(0, 3), "553");
  EXPECT_EQ(ask(after, "RCPT TO:<c@other.example>\r\n").substr(0, 3), "250");
}

TEST_F(SessionTest, ADoorMayGoBeforeItsSessions) {
  auto wire = in_data();
  world.store.committing.open = false;
  {
    FrontDoor other(world.loop, world.network, world.resolver, world.store, world.record,
                    world.recipients, session_settings());
    EXPECT_TRUE(other.open());
    auto guest = stranger();
    ask(guest, "HELO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\nx\r\n.\r\n");
    ASSERT_TRUE(world.store.committing.somebody_waits());
  }
  world.store.committing.let_go();
  EXPECT_EQ(world.store.messages.size(), 1U);
}

TEST(FrontDoor, ListensAtAllItsAddressesOrNone) {
  TestWorld world;
  config::Settings two = session_settings();
  two.in = {"198.51.100.1", "198.51.100.2"};
  two.smtp_port = 2525;
  FrontDoor door(world.loop, world.network, world.resolver, world.store, world.record,
                 world.recipients, two);
  world.network.cannot_listen_at = "198.51.100.2";
  const auto refused = door.open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "198.51.100.2 is taken");
  EXPECT_TRUE(world.network.listening.empty());
  world.network.cannot_listen_at.clear();
  ASSERT_TRUE(door.open());
  EXPECT_EQ(door.addresses(),
            (std::vector<net::Endpoint>{{"198.51.100.1", 2525}, {"198.51.100.2", 2525}}));
}

TEST(FrontDoor, ListensEverywhereWhenNoAddressIsGiven) {
  TestWorld world;
  config::Settings any = session_settings();
  any.in.clear();
  FrontDoor door(world.loop, world.network, world.resolver, world.store, world.record,
                 world.recipients, any);
  world.network.cannot_listen_at = "::";  // a machine without IPv6
  ASSERT_TRUE(door.open());
  EXPECT_EQ(door.addresses().size(), 1U);
}

TEST(ReadBuffers, WhenAllAreLentReadingWaitsItsTurn) {
  TestLoop loop;
  ReadBuffers buffers(loop, 1);
  std::string order;
  auto borrower = [](ReadBuffers& from, Gate& gate, std::string& log, char name) -> Task<void> {
    ReadBuffers::Loan loan = co_await from.borrow();
    log.push_back(name);
    co_await gate;
  };
  std::array<Gate, 3> gates;
  for (Gate& gate : gates) gate.open = false;
  for (std::size_t i = 0; i < 3; ++i) {
    spawn(borrower(buffers, gates[i], order, static_cast<char>('a' + i)));
  }
  EXPECT_EQ(order, "a");
  for (Gate& gate : gates) {
    gate.let_go();
    loop.run();
    EXPECT_LE(buffers.lent(), 1U);
  }
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(buffers.lent(), 0U);
}

}  // namespace
}  // namespace malleposte::receive
