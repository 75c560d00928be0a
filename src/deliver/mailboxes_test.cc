// Deliveries into mailboxes, from the store to the mailbox.
#include "deliver/delivery_fixture.h"

namespace malleposte::deliver {
namespace {

class IntoMailboxes : public Delivery {
 protected:
  IntoMailboxes() {
    world.settings.routes_file = "routes.txt";
    world.settings.routes = {{"example.org", {}, 1, "/srv/{domain}/{local}"}};
    for (const char* name : {"anna", "bert", "carl"}) mailbox(name);
  }

  std::map<std::string, std::string>& mailbox(const std::string& name) {
    return world.volume["/srv/example.org/" + name];
  }
  std::string only_mail(const std::string& name) {
    EXPECT_EQ(mailbox(name).size(), 1U);
    return mailbox(name).empty() ? "" : mailbox(name).begin()->second;
  }
};

// clause: 5321-4.4-k 5321-4.4-n
TEST_F(IntoMailboxes, MailHasTheReversePathAndTheRecipientInFrontOfIt) {
  const auto id = put("sender@example.com", {"anna@example.org"},
                      "Return-Path: <liar@example.net>\r\nSubject: x\r\n\r\n.hello\r\n");
  start();
  EXPECT_EQ(last(id).fate, mail::Fate::delivered);
  EXPECT_EQ(last(id).answer.text, "in the mailbox /srv/example.org/anna");
  EXPECT_EQ(only_mail("anna"),
            "Return-Path: <sender@example.com>\n"
            "Delivered-To: anna@example.org\n"
            "Subject: x\n\n.hello\n");
}

TEST_F(IntoMailboxes, ANoticeHasTheNullReversePath) {
  put("", {"anna@example.org"});
  start();
  EXPECT_TRUE(only_mail("anna").starts_with("Return-Path: <>\nDelivered-To: anna@example.org\n"));
}

TEST_F(IntoMailboxes, EachRecipientHasItsOwn) {
  const auto id = put("sender@example.com", {"anna@example.org", "Bert@example.org"});
  start();
  EXPECT_EQ(last(id, 0).fate, mail::Fate::delivered);
  EXPECT_EQ(last(id, 1).fate, mail::Fate::delivered);
  EXPECT_NE(only_mail("anna").find("Delivered-To: anna@example.org\n"), std::string::npos);
  EXPECT_NE(only_mail("bert").find("Delivered-To: Bert@example.org\n"), std::string::npos);
}

TEST_F(IntoMailboxes, WhoHasNoneIsReturnedToTheSenderAndTheOthersHaveTheirs) {
  const auto id =
      put("sender@example.com", {"nobody@example.org", "anna@example.org", "\"../x\"@example.org"});
  start();
  EXPECT_EQ(last(id, 0).fate, mail::Fate::bounced);
  EXPECT_EQ(last(id, 0).answer.status, "5.1.1");
  EXPECT_EQ(last(id, 1).fate, mail::Fate::delivered);
  EXPECT_EQ(last(id, 2).fate, mail::Fate::bounced);
  EXPECT_EQ(mailbox("anna").size(), 1U);
}

TEST_F(IntoMailboxes, OneThatCannotBeWrittenIsTriedAgainAndHoldsUpNoOther) {
  bool full = true;
  world.mailboxes.trouble = [&](const std::string& path) -> std::optional<smtp::Ruling> {
    if (!full || !path.ends_with("/bert")) return std::nullopt;
    return smtp::Ruling{smtp::Verdict::temporary, 0, "4.2.2", "Disk quota exceeded"};
  };
  const auto id = put("sender@example.com", {"bert@example.org"});
  const auto other = put("sender@example.com", {"anna@example.org"});
  start();
  EXPECT_EQ(last(id).fate, mail::Fate::queued);
  EXPECT_EQ(last(id).answer.status, "4.2.2");
  EXPECT_EQ(last(other).fate, mail::Fate::delivered);
  full = false;
  pass(10min);
  EXPECT_EQ(last(id).fate, mail::Fate::delivered);
  EXPECT_EQ(mailbox("bert").size(), 1U);
}

// What was written and not said so is written again, after a crash or when the volume has not
// answered in time: into the same file.
TEST_F(IntoMailboxes, MailThatIsWrittenAgainHasTheSameName) {
  bool late = true;
  world.mailboxes.committed = [&](const std::string&, const std::string&) {
    if (late) world.mailboxes.answer_instead = {smtp::Verdict::temporary, 0, "4.3.0", "too late"};
    late = false;
  };
  const auto id = put("sender@example.com", {"anna@example.org"});
  start();
  EXPECT_EQ(last(id).fate, mail::Fate::queued);
  ASSERT_EQ(mailbox("anna").size(), 1U);
  const auto name = mailbox("anna").begin()->first;
  EXPECT_NE(name.find(mail::to_string(id) + "R0.me.example"), std::string::npos) << name;
  world.mailboxes.answer_instead.reset();
  pass(10min);
  EXPECT_EQ(last(id).fate, mail::Fate::delivered);
  EXPECT_EQ(mailbox("anna").size(), 1U);
}

TEST_F(IntoMailboxes, AReportOfSuccessSaysDeliveredNotRelayed) {
  const auto id = put("sender@example.com", {"anna@example.org"});
  message(id).envelope.recipients[0].notify.success = true;
  start();
  ASSERT_EQ(world.store.generated.size(), 1U);
  const auto& notice = world.store.generated[0].content;
  EXPECT_NE(notice.find("Action: delivered\r\n"), std::string::npos) << notice;
  EXPECT_NE(notice.find("It is in the\r\nmailboxes of the recipients"), std::string::npos)
      << notice;
}

TEST_F(IntoMailboxes, BinaryContentBecomesLines) {
  const auto id = put("sender@example.com", {"anna@example.org", "bert@example.org"},
                      "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
                      "Content-Transfer-Encoding: binary\r\n\r\na\nb\r" +
                          std::string("\0c", 2));
  message(id).envelope.body = mail::Body::binary;
  start();
  EXPECT_EQ(last(id).fate, mail::Fate::delivered);
  for (const char* name : {"anna", "bert"}) {
    const auto mail = only_mail(name);
    EXPECT_NE(mail.find("Content-Transfer-Encoding: base64\n"), std::string::npos) << mail;
    EXPECT_NE(mail.find("\nYQpiDQBj"), std::string::npos) << mail;
  }
}

TEST_F(IntoMailboxes, AShutdownBeginsNoFurtherRecipientAndKeepsWhatIsKnown) {
  leftovers_allowed = true;
  world.mailboxes.write_time = 1s;
  const auto id =
      put("sender@example.com", {"anna@example.org", "bert@example.org", "carl@example.org"});
  start();
  pass(1500ms);  // bert's is being written
  stop();
  pass(1min);
  ASSERT_TRUE(in_doubt.has_value());
  EXPECT_TRUE(in_doubt->empty());
  EXPECT_EQ(last(id, 0).fate, mail::Fate::delivered);
  EXPECT_EQ(last(id, 1).fate, mail::Fate::delivered);
  EXPECT_TRUE(message(id).history[2].empty());
  EXPECT_TRUE(mailbox("carl").empty());
}

// Their outcomes are not on the disk before all of a job are written.
TEST_F(IntoMailboxes, ManyRecipientsAreWrittenAFewAtATime) {
  world.mailboxes.write_time = 1s;
  std::vector<std::string> recipients;
  for (std::size_t i = 0; i < 2 * limits::mailboxes_together; ++i) {
    mailbox("user" + std::to_string(i));
    recipients.push_back("user" + std::to_string(i) + "@example.org");
  }
  const auto id = put("sender@example.com", recipients);
  start();
  pass(1s * limits::mailboxes_together);
  EXPECT_EQ(last(id, 0).fate, mail::Fate::delivered);
  EXPECT_TRUE(message(id).history.back().empty());
  pass(1s * limits::mailboxes_together);
  EXPECT_EQ(last(id, recipients.size() - 1).fate, mail::Fate::delivered);
}

TEST_F(IntoMailboxes, AVolumeThatDoesNotAnswerIsLeftAloneForAWhile) {
  bool silent = true;
  std::size_t asked = 0;
  world.mailboxes.trouble = [&](const std::string&) -> std::optional<smtp::Ruling> {
    ++asked;
    return silent ? std::optional(no_answer()) : std::nullopt;
  };
  const auto first = put("sender@example.com", {"anna@example.org", "bert@example.org"});
  start();
  std::vector<mail::MessageId> more;
  for (int i = 0; i < 20; ++i) more.push_back(put("sender@example.com", {"anna@example.org"}));
  pass(10s);
  EXPECT_EQ(asked, 1U) << "one has found out for all";
  EXPECT_EQ(last(first, 0).fate, mail::Fate::queued);
  EXPECT_EQ(last(first, 0).answer.text, "the volume of the mailboxes does not answer");
  EXPECT_TRUE(message(first).history[1].empty()) << "no attempt of its own";
  for (const auto id : more) EXPECT_TRUE(message(id).history[0].empty());
  silent = false;
  pass(1h);
  EXPECT_EQ(last(first, 0).fate, mail::Fate::delivered);
  EXPECT_EQ(last(first, 1).fate, mail::Fate::delivered);
  for (const auto id : more) EXPECT_EQ(last(id).fate, mail::Fate::delivered);
}

TEST_F(IntoMailboxes, OneThatIsHeldMeanwhileIsNotWritten) {
  world.mailboxes.write_time = 1s;
  const auto id = put("sender@example.com", {"anna@example.org", "bert@example.org"});
  start();
  world.store.unwanted.insert(id.value);
  pass(10s);
  EXPECT_EQ(last(id, 0).fate, mail::Fate::delivered);
  EXPECT_TRUE(message(id).history[1].empty());
  EXPECT_TRUE(mailbox("bert").empty());
}

// RFC 2852 4.1.4 is about hosts that do not keep the time.
TEST_F(IntoMailboxes, NobodyIsToldOfADeliveryUnasked) {
  const auto id = put("sender@example.com", {"anna@example.org"});
  message(id).envelope.requests.deliver_by =
      mail::DeliverBy{.deadline = world.loop.wall() + 1h, .return_after = false, .trace = true};
  start();
  EXPECT_EQ(last(id).fate, mail::Fate::delivered);
  EXPECT_TRUE(world.store.generated.empty());
}

TEST_F(IntoMailboxes, ShutdownWaitsForWhatIsBeingWritten) {
  world.mailboxes.write_time = 1s;
  const auto id = put("sender@example.com", {"anna@example.org"});
  start();
  EXPECT_EQ(dispatcher->past_final_dot(), 1U);
  stop();
  pass(2s);
  ASSERT_TRUE(in_doubt.has_value());
  EXPECT_TRUE(in_doubt->empty());
  EXPECT_EQ(last(id).fate, mail::Fate::delivered);
}

TEST_F(IntoMailboxes, WhatTakesTooLongForAShutdownIsInDoubtAndStaysQueued) {
  leftovers_allowed = true;
  world.mailboxes.write_time = 1h;
  const auto id = put("sender@example.com", {"anna@example.org"});
  start();
  stop();
  pass(1min);
  ASSERT_TRUE(in_doubt.has_value());
  ASSERT_EQ(in_doubt->size(), 1U);
  EXPECT_EQ((*in_doubt)[0].host, "route:maildir:/srv/{domain}/{local}");
  EXPECT_TRUE(message(id).history[0].empty());
  pass(2h);
  EXPECT_TRUE(message(id).history[0].empty());
}

}  // namespace
}  // namespace malleposte::deliver
