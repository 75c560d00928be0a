#include "smtp/command.h"

#include <gtest/gtest.h>

#include <string>

namespace malleposte::smtp {
namespace {

Command parse(std::string_view line) {
  Command command;
  parse_command(line, command);
  return command;
}

TEST(Command, VerbsAreFoundInAnyCase) {
  EXPECT_EQ(parse("quit").verb, Verb::quit);
  EXPECT_EQ(parse("QuIt").verb, Verb::quit);
  EXPECT_EQ(parse("EHLO x").verb, Verb::ehlo);
  EXPECT_EQ(parse("helo x").verb, Verb::helo);
  EXPECT_EQ(parse("DATA").verb, Verb::data);
  EXPECT_EQ(parse("RSET").verb, Verb::rset);
  EXPECT_EQ(parse("NOOP anything at all").verb, Verb::noop);
  EXPECT_EQ(parse("HELP MAIL").verb, Verb::help);
  EXPECT_EQ(parse("STARTTLS").verb, Verb::known);
  EXPECT_EQ(parse("GET / HTTP/1.1").verb, Verb::http);
  for (const char* line : {"", " ", "QUITX", "MAI", "MAILFROM:<a@b>", "Received: x", "\xff"}) {
    EXPECT_EQ(parse(line).verb, Verb::unknown) << line;
  }
}

// clause: 5321-2.4-b
TEST(Command, MailHasAnAddressAndParameters) {
  const Command command = parse("MAIL FROM:<a@b.example> SIZE=1000 body=8BITMIME AUTH=<>");
  EXPECT_EQ(command.verb, Verb::mail);
  EXPECT_EQ(command.problem, "");
  EXPECT_EQ(command.address, (mail::Address{"a", "b.example"}));
  ASSERT_EQ(command.parameters.size(), 3U);
  EXPECT_EQ(command.parameters[0], (Parameter{"SIZE", "1000"}));
  EXPECT_EQ(command.parameters[1], (Parameter{"body", "8BITMIME"}));
  EXPECT_EQ(command.parameters[2], (Parameter{"AUTH", "<>"}));
  EXPECT_TRUE(parse("MAIL FROM:<>").address.null());
  EXPECT_EQ(parse("MAIL FROM:<>").problem, "");
}

TEST(Command, HandTypedFormsAreTaken) {
  EXPECT_EQ(parse("MAIL From: a@b").address, (mail::Address{"a", "b"}));
  EXPECT_EQ(parse("RCPT To: c@d").address, (mail::Address{"c", "d"}));
  EXPECT_EQ(parse("mail  from: <a@b> ").address, (mail::Address{"a", "b"}));
  EXPECT_EQ(parse("rcpt to:<Postmaster>").address, (mail::Address{"Postmaster", ""}));
}

TEST(Command, BadArgumentsAreNamed) {
  for (const char* line : {"MAIL",
                           "MAIL FROM",
                           "MAIL TO:<a@b>",
                           "MAIL FROM <a@b>",
                           "MAIL FROM :<a@b>",
                           "MAIL FROM:",
                           "MAIL FROM:<a@b",
                           "MAIL FROM:<a@b> =",
                           "MAIL FROM:<a@b> X=",
                           "MAIL FROM:<a@b> -X=1",
                           "MAIL FROM:<a@b> SIZE=1 size=2",
                           "MAIL FROM:<a@b> S\x01ZE=1",
                           "MAIL FROM:<a@b> A=\x01",
                           "RCPT TO:<>",
                           "RCPT TO:",
                           "RCPT FROM:<a@b>",
                           "RCPT TO:<@a:>",
                           "HELO",
                           "EHLO ",
                           "HELO \x80",
                           "DATA now",
                           "RSET x",
                           "QUIT x",
                           "VRFY",
                           "EXPN",
                           "ETRN",
                           "BDAT",
                           "BDAT LAST",
                           "BDAT -1",
                           "BDAT 0x10",
                           "BDAT 99999999999999999999",
                           "BDAT 1 2",
                           "BDAT 1 LAST 2"}) {
    EXPECT_NE(parse(line).problem, "") << line;
  }
  EXPECT_TRUE(parse("RCPT TO:<a b@c>").address_problem);
  EXPECT_FALSE(parse("RCPT <a@c>").address_problem);
  EXPECT_FALSE(parse("RCPT TO:<a@c> =").address_problem);
}

TEST(Command, StorageOfTheLastCommandLeavesNoTrace) {
  Command command;
  parse_command("MAIL FROM:<a@b> SIZE=1 =", command);
  parse_command("MAIL FROM:<>", command);
  EXPECT_TRUE(command.address.null());
  EXPECT_TRUE(command.parameters.empty());
  EXPECT_EQ(command.problem, "");
}

// RFC 3030 2.
TEST(Command, AChunkHasItsOctetsEvenWhenTheRestIsWrong) {
  EXPECT_EQ(parse("BDAT 86").chunk_octets, 86U);
  EXPECT_FALSE(parse("BDAT 86").last_chunk);
  EXPECT_TRUE(parse("bdat 0 last").last_chunk);
  EXPECT_EQ(parse("bdat 0 last").chunk_octets, 0U);
  EXPECT_EQ(parse("BDAT 18446744073709551615 LAST").chunk_octets, UINT64_MAX);
  EXPECT_EQ(parse("BDAT 7 FIRST").chunk_octets, 7U);
  EXPECT_EQ(parse("BDAT seven").chunk_octets, std::nullopt);
  EXPECT_EQ(parse("BDAT 7x").chunk_octets, std::nullopt);
}

TEST(Command, GreetingTakesTheFirstWord) {
  EXPECT_EQ(parse("HELO there friend").argument, "there");
  EXPECT_EQ(parse("EHLO [192.0.2.1]").argument, "[192.0.2.1]");
  EXPECT_NE(parse("EHLO " + std::string(256, 'a')).problem, "");
}

}  // namespace
}  // namespace malleposte::smtp
