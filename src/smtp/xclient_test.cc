#include "smtp/xclient.h"

#include <gtest/gtest.h>

namespace malleposte::smtp {
namespace {

std::string parse(std::string_view text, Extension extension = Extension::xclient) {
  const auto told = parse_client_attributes(text, extension);
  return told ? to_string(*told) : "wrong: " + told.error();
}

TEST(ClientAttributes, AreReadInAnyCaseAndOrder) {
  EXPECT_EQ(parse("NAME=client.example ADDR=192.0.2.1"), "name=client.example addr=192.0.2.1");
  EXPECT_EQ(parse("helo=h  Addr=IPV6:2001:DB8::1\tPort=4711 proto=ESMTP "),
            "addr=2001:db8::1 port=4711 proto=ESMTP helo=h");
  EXPECT_EQ(parse("LOGIN=anna DESTADDR=198.51.100.1 DESTPORT=25"),
            "login=anna destaddr=198.51.100.1 destport=25");
  EXPECT_EQ(parse("ADDR=2001:db8::1"), "addr=2001:db8::1");
}

TEST(ClientAttributes, ValuesAreXtext) {
  EXPECT_EQ(parse("LOGIN=anna+3Dx+2By"), "login=anna=x+y");
  EXPECT_EQ(parse("LOGIN=anna+3"), "wrong: LOGIN has a value it may not have.");
  EXPECT_EQ(parse("LOGIN=anna=x"), "wrong: LOGIN has a value it may not have.");
  // Neither a line end nor a blank can come in that way.
  EXPECT_EQ(parse("HELO=a+0D+0Ab"), "wrong: HELO has a value it may not have.");
  EXPECT_EQ(parse("HELO=a+20b"), "wrong: HELO has a value it may not have.");
  EXPECT_EQ(parse("HELO=a+00"), "wrong: HELO has a value it may not have.");
}

TEST(ClientAttributes, MayBeUnavailable) {
  EXPECT_EQ(parse("NAME=[TEMPUNAVAIL] ADDR=[unavailable]"),
            "name=[UNAVAILABLE] addr=[UNAVAILABLE]");
  EXPECT_EQ(parse("ADDR=[TEMPUNAVAIL]"), "wrong: ADDR has a value it may not have.");
}

TEST(ClientAttributes, AreOfTheirKind) {
  for (const char* text : {"ADDR=192.0.2", "ADDR=IPV6:192.0.2.1", "ADDR=[192.0.2.1]",
                           "ADDR=client.example", "PORT=65536", "PORT=-1", "PORT=x", "PROTO=LMTP",
                           "DESTADDR=x", "DESTPORT=x", "HELO=", "HELO", "NAME"}) {
    EXPECT_TRUE(parse(text).ends_with(" has a value it may not have.")) << text;
  }
  EXPECT_EQ(parse("NAME=" + std::string(255, 'x')).size(), 260U);
  EXPECT_EQ(parse("NAME=" + std::string(256, 'x')), "wrong: NAME has a value it may not have.");
  EXPECT_EQ(parse("NAME=a name=b"), "wrong: NAME is given twice.");
  EXPECT_EQ(parse(""), "wrong: Say at least one attribute.");
}

TEST(ClientAttributes, EachCommandHasItsOwn) {
  constexpr std::string_view unknown = "wrong: That attribute is not known here.";
  EXPECT_EQ(parse("SOURCE=LOCAL"), unknown);
  EXPECT_EQ(parse("IDENT=x"), unknown);
  EXPECT_EQ(parse("WHAT=x"), unknown);
  EXPECT_EQ(parse("=x"), unknown);
  EXPECT_EQ(parse("LOGIN=x", Extension::xforward), unknown);
  EXPECT_EQ(parse("DESTADDR=192.0.2.1", Extension::xforward), unknown);
  EXPECT_EQ(parse("SOURCE=remote IDENT=4F3D2A1B", Extension::xforward),
            "source=remote ident=4F3D2A1B");
  EXPECT_EQ(parse("SOURCE=here", Extension::xforward),
            "wrong: SOURCE has a value it may not have.");
}

TEST(ClientAttributes, OfForwardedMailNeedNotBeThoseOfSmtp) {
  EXPECT_EQ(parse("ADDR=fax-line-3 PROTO=UUCP NAME=old_machine", Extension::xforward),
            "name=old_machine addr=fax-line-3 proto=UUCP");
}

TEST(ClientAttributes, WhatIsToldLaterReplaces) {
  auto first = *parse_client_attributes("NAME=a ADDR=x", Extension::xforward);
  first.take(*parse_client_attributes("ADDR=[UNAVAILABLE] HELO=h", Extension::xforward));
  EXPECT_EQ(to_string(first), "name=a addr=[UNAVAILABLE] helo=h");
}

}  // namespace
}  // namespace malleposte::smtp
