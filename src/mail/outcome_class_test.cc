#include "mail/outcome_class.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "mail/status.h"

namespace malleposte::mail {
namespace {

struct Said {
  int code;
  std::string_view text;  // with the enhanced code, if the host gave one
  OutcomeClass means;
};

// What the client protocol hands on: status and text apart, the general status when there was none.
OutcomeClass classified(const Said& said) {
  auto status = leading_status(said.text);
  auto text = said.text.substr(status.empty() ? 0 : std::min(status.size() + 1, said.text.size()));
  return classify(said.code, status.empty() ? general_status(said.code) : status, text);
}

void expect_all(std::initializer_list<Said> replies) {
  for (const auto& said : replies)
    EXPECT_EQ(to_string(classified(said)), to_string(said.means)) << said.code << " " << said.text;
}

using enum OutcomeClass;

TEST(OutcomeClass, OfPostfix) {
  expect_all({
      {250, "2.0.0 Ok: queued as 4F3D2A1B", delivered},
      {550,
       "5.1.1 <nobody@example.net>: Recipient address rejected: User unknown in local recipient "
       "table",
       unknown_user},
      {450, "4.1.1 <a@example.net>: Recipient address rejected: unverified address", unknown_user},
      {550,
       "5.1.0 <a@example.net>: Recipient address rejected: User unknown in virtual alias table",
       unknown_user},
      {450, "4.2.0 <a@example.net>: Recipient address rejected: Greylisted, see http://postgrey",
       greylisted},
      {450, "4.7.1 <a@example.net>: Recipient address rejected: Greylisting in action", greylisted},
      {554, "5.7.1 <a@example.net>: Relay access denied", relay_denied},
      {454, "4.7.1 <a@example.net>: Relay access denied", relay_denied},
      {554,
       "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; "
       "https://www.spamhaus.org/query/ip/192.0.2.1",
       ip_block},
      {450, "4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]", ip_block},
      {450, "4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]", ip_block},
      {450, "4.1.8 <a@nowhere.example>: Sender address rejected: Domain not found", bad_sender},
      {550, "5.1.8 <a@nowhere.example>: Sender address rejected: Domain not found", bad_sender},
      {554, "5.7.1 <a@example.org>: Sender address rejected: Access denied", bad_sender},
      {452, "4.3.1 Insufficient system storage", system},
      {552, "5.3.4 Message size exceeds fixed limit", too_large},
      {552, "5.2.2 <a@example.net>: user over quota", mailbox_full},
      {554, "5.4.6 Error: too many hops", loop},
      {452, "4.5.3 Error: too many recipients", rate_limited},
      {421, "4.7.0 mx.example.net Error: too many connections from 192.0.2.1", rate_limited},
      {530, "5.7.0 Must issue a STARTTLS command first", tls},
      {553, "5.7.1 <a@example.org>: Sender address rejected: not owned by user b", bad_sender},
      {451, "4.7.1 Service unavailable - try again later", system},
      {451, "4.3.0 <a@example.net>: Temporary lookup failure", system},
      {550, "5.7.1 Message rejected under suspicion of SPF forgery; SPF: fail", sender_auth},
      {504, "5.5.2 <pc>: Helo command rejected: need fully-qualified hostname", protocol},
  });
}

TEST(OutcomeClass, OfEximAndOthersWithoutEnhancedCodes) {
  expect_all({
      {550, "Unrouteable address", unknown_user},
      {550, "relay not permitted", relay_denied},
      {550, "Sender verify failed", bad_sender},
      {451, "Greylisting enabled, please try again in 300 seconds", greylisted},
      {451, "Please try again in 5 minutes", greylisted},
      {451, "Temporary local problem - please try later", system},
      {421, "Too many concurrent SMTP connections; please try again later.", rate_limited},
      {550, "No such user here", unknown_user},
      {550, "sorry, no mailbox here by that name. (#5.1.1 - chkuser)", unknown_user},
      {553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", relay_denied},
      {552, "Requested mail action aborted: exceeded storage allocation", mailbox_full},
      {550, "Requested action not taken: mailbox unavailable", unknown_user},
      {450, "Requested mail action not taken: mailbox unavailable", inactive_user},
      {554, "This message contains a virus (Eicar-Test-Signature)", content},
      {550, "This message was classified as SPAM and may not be delivered", spam_block},
      {552, "Message too large", too_large},
      {552, "", mailbox_full},
      {421, "", system},
      {451, "", system},
      {530, "", auth_required},
      {535, "Error: authentication failed", auth_required},
      {521, "mail.example.net does not accept mail", no_mail_accepted},
      {556, "", no_mail_accepted},
      {500, "unrecognized command", protocol},
      {554, "", policy},
      {550, "", other},
      {450, "", other},
  });
}

TEST(OutcomeClass, OfGmail) {
  expect_all({
      {550,
       "5.1.1 The email account that you tried to reach does not exist. Please try "
       "double-checking the recipient's email address for typos",
       unknown_user},
      {550, "5.2.1 The email account that you tried to reach is disabled.", inactive_user},
      {450, "4.2.1 The user you are trying to contact is receiving mail too quickly.",
       rate_limited},
      {452, "4.2.2 The email account that you tried to reach is over quota.", mailbox_full},
      {552, "5.2.2 The recipient's inbox is out of storage space and inactive.", mailbox_full},
      {550,
       "5.7.26 Unauthenticated email from example.org is not accepted due to domain's DMARC "
       "policy.",
       sender_auth},
      {421,
       "4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP "
       "address.",
       rate_limited},
      {550,
       "5.7.1 Our system has detected that this message is likely unsolicited mail. To reduce the "
       "amount of spam sent to Gmail, this message has been blocked.",
       spam_block},
      {550, "5.7.25 The IP address sending this message does not have a PTR record setup",
       ip_block},
      {552,
       "5.7.0 This message was blocked because its content presents a potential security issue.",
       content},
      {552, "5.3.4 Your message exceeded Google's message size limits.", too_large},
      {421, "4.7.0 Try again later, closing connection.", system},
      {530, "5.5.1 Authentication Required.", auth_required},
      {534, "5.7.9 Application-specific password required.", auth_required},
      {550, "5.7.1 Messages missing a valid Message-ID header are not accepted: invalid header",
       content},
  });
}

TEST(OutcomeClass, OfOutlook) {
  expect_all({
      {550,
       "5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet "
       "service provider since part of their network is on our block list (S3140).",
       ip_block},
      {550, "5.7.606 Access denied, banned sending IP [192.0.2.1].", ip_block},
      {451,
       "4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP "
       "reputation.",
       rate_limited},
      {451, "4.7.500 Server busy. Please try again later from [192.0.2.1].", system},
      {550, "5.4.1 Recipient address rejected: Access denied. [AM4PEPF.example]", unknown_user},
      {550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
       unknown_user},
      {550, "5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", unknown_user},
      {552, "5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient", too_large},
      {554, "5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", mailbox_full},
      {550, "5.7.509 Access denied, sending domain example.org does not pass DMARC verification",
       sender_auth},
      {550, "5.7.515 Access denied, sending domain does not meet the required authentication level",
       sender_auth},
      {550, "5.7.64 TenantAttribution; Relay Access Denied", relay_denied},
      {550, "5.7.501 Access denied, spam abuse detected", spam_block},
      {554, "5.4.14 Hop count exceeded - possible mail loop", loop},
      {550, "5.7.708 Service unavailable. Access denied, traffic not accepted from this IP",
       ip_block},
      {530, "5.7.57 Client not authenticated to send mail.", auth_required},
  });
}

TEST(OutcomeClass, OfYahooAndOthers) {
  expect_all({
      {554, "delivery error: dd This user doesn't have a yahoo.com account (a@yahoo.com) [0]",
       unknown_user},
      {554, "delivery error: dd This mailbox is disabled (554.30).", inactive_user},
      {552, "1 Requested mail action aborted, mailbox not found", unknown_user},
      {421,
       "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or "
       "user complaints - 4.16.55.1",
       rate_limited},
      {553,
       "5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in "
       "Spamhaus's list",
       ip_block},
      {554, "5.7.9 Message not accepted for policy reasons.", policy},
      {550, "5.1.1 <a@icloud.com>: user does not exist", unknown_user},
      {554, "5.7.1 [CS01] Message rejected due to local policy.", policy},
      {550, "5.7.1 Mailbox temporarily blocked: bulk mail", spam_block},
      {554, "Transaction failed. Reject due to policy restrictions.", policy},
      {450, "4.7.1 Mail send limit exceeded", rate_limited},
      {550, "5.2.1 Mailbox unavailable. Your IP address 192.0.2.1 is blacklisted", ip_block},
  });
}

TEST(OutcomeClass, OfOurOwnWordsWhenNoReplyCame) {
  auto ours = [](std::string_view status, std::string_view text) {
    return classify(0, status, text);
  };
  EXPECT_EQ(ours("4.4.1", "connect to 192.0.2.1:25: Connection refused"), network);
  EXPECT_EQ(ours("4.4.1", "connect to 192.0.2.1:25: Connection timed out"), timeout);
  EXPECT_EQ(ours("4.4.2", "lost connection while saying RCPT TO"), network);
  EXPECT_EQ(ours("4.4.2", "timed out while waiting for the greeting"), timeout);
  EXPECT_EQ(ours("4.4.3", "the MX of example.net cannot be looked up: timed out"), dns);
  EXPECT_EQ(ours("5.1.2", "the domain example.net does not exist"), no_such_domain);
  EXPECT_EQ(ours("5.1.10", "the domain example.net accepts no mail"), no_mail_accepted);
  EXPECT_EQ(ours("5.4.4", "no mail server of example.net has an address"), routing);
  EXPECT_EQ(ours("5.4.6", "mail for example.net loops back to this server"), loop);
  EXPECT_EQ(ours("5.3.4", "the message has 9 octets; this host takes at most 8"), too_large);
  EXPECT_EQ(ours("4.5.0", "the peer breaks the protocol: no digits"), protocol);
  EXPECT_EQ(ours("4.7.5", "the certificate is not trusted"), tls);
  EXPECT_EQ(ours("4.3.0", "the message cannot be read from the spool"), local);
  EXPECT_EQ(ours("4.4.0", "the terminal net is not connected: nothing is sent"), local);
  EXPECT_EQ(ours("", ""), other);
}

TEST(OutcomeClass, AFirmEnhancedCodeIsBelievedWhateverTheText) {
  EXPECT_EQ(classify(550, "5.1.1", "blocked by spam policy"), unknown_user);
  EXPECT_EQ(classify(550, "5.2.2", "user unknown"), mailbox_full);
}

TEST(OutcomeClass, CaseDoesNotMatter) {
  EXPECT_EQ(classify(550, "5.0.0", "USER UNKNOWN"), unknown_user);
  EXPECT_EQ(classify(550, "5.0.0", "User Unknown"), unknown_user);
}

TEST(OutcomeClass, WhateverStatusOrTextThereIsAClass) {
  for (auto status : {"", "5", "5.", "5.x.y", "5.1", "5.1.", "5..1", "9.99.999", "5.999.999"})
    for (int code : {0, 199, 250, 399, 400, 499, 500, 599, 999})
      EXPECT_NE(classify(code, status, "\xff\x01 odd"), none) << code << " " << status;
}

TEST(OutcomeClass, EachHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < outcome_classes; ++i) {
    auto known = outcome_class_of(static_cast<std::uint8_t>(i));
    EXPECT_EQ(static_cast<std::size_t>(known), i);
    words.insert(to_string(known));
    if (i > 0) EXPECT_EQ(parse_outcome_class(to_string(known)), known);
  }
  EXPECT_EQ(words.size(), outcome_classes);
  EXPECT_EQ(parse_outcome_class(""), std::nullopt);
  EXPECT_EQ(parse_outcome_class("Network"), std::nullopt);
  EXPECT_EQ(outcome_class_of(outcome_classes), other);
  EXPECT_EQ(outcome_class_of(255), other);
}

// Every row of docs/manual/outcomes.md: `class` | meaning | `example`; `example`.
TEST(OutcomeClass, TheManualKnowsEachAndItsExamplesAreTrue) {
  std::ifstream file(MALLEPOSTE_SOURCE_DIR "/docs/manual/outcomes.md");
  std::set<std::string> rows;
  std::size_t examples = 0;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    std::vector<std::string> quoted;
    for (auto open = line.find('`'); open != std::string::npos; open = line.find('`', open)) {
      auto close = line.find('`', open + 1);
      ASSERT_NE(close, std::string::npos) << line;
      quoted.push_back(line.substr(open + 1, close - open - 1));
      open = close + 1;
    }
    rows.insert(quoted[0]);
    for (const auto& example : std::span(quoted).subspan(1)) {
      OutcomeClass means = none;
      if (auto status = leading_status(example); !status.empty() && status != example)
        means = classify(0, status, std::string_view(example).substr(status.size() + 1));
      else if (example.find_first_not_of("0123456789") == 3)
        means = classified({std::stoi(example), std::string_view(example).substr(4), none});
      else
        continue;
      EXPECT_EQ(to_string(means), quoted[0]) << example;
      ++examples;
    }
  }
  for (std::size_t i = 1; i < outcome_classes; ++i) {
    std::string word(to_string(static_cast<OutcomeClass>(i)));
    EXPECT_TRUE(rows.contains(word)) << word;
  }
  EXPECT_GT(examples, 30u);
}

}  // namespace
}  // namespace malleposte::mail
