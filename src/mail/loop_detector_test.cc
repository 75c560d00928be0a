#include "mail/loop_detector.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "mail/header_reader.h"
#include "mail/received.h"

namespace malleposte::mail {
namespace {

const std::vector<Recipient> anna{{"anna", "example.org"}};

struct Found {
  std::uint32_t hops;
  bool to_anna;
  bool operator==(const Found&) const = default;
};

// A detector and what reads the header for it.
struct Reading {
  void feed(std::string_view text) { read_header(reader, text, detector); }
  Found found() {
    detector.header_ended();
    return {detector.hops(), detector.delivered_before(anna)};
  }
  HeaderReader reader;
  LoopDetector detector{"mail.example.org"};
};

Found detect(const std::string& text) {
  Reading in_one;
  in_one.feed(text);
  const Found whole = in_one.found();
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Reading parts;
    parts.feed(std::string_view(text).substr(0, cut));
    parts.feed(std::string_view(text).substr(cut));
    EXPECT_EQ(parts.found(), whole) << "cut at " << cut;
  }
  return whole;
}

const std::string ours = "Received: from x (y [192.0.2.1])\r\n\tby mail.example.org with ESMTP\r\n";

// clause: 5321-6.3-b
TEST(LoopDetector, CountsReceivedFieldsOfTheHeaderOnly) {
  EXPECT_EQ(detect("Received: a\r\n\tby b\r\nSubject: x\r\nRECEIVED: c\r\nreceived : d\r\n\r\n"
                   "Received: in the body\r\n")
                .hops,
            3U);
  EXPECT_EQ(
      detect("Subject: Received: x\r\n Received: folded\r\nReceived-SPF: no\r\nReceive: d\r\n")
          .hops,
      0U);
  EXPECT_EQ(detect("\r\nReceived: body\r\n").hops, 0U);
  EXPECT_EQ(detect("").hops, 0U);
}

TEST(LoopDetector, LooksAtALimitedStretch) {
  Reading reading;
  reading.feed("X: " + std::string(limits::header_octets, 'x') + "\r\n");
  reading.feed("Received: a\r\n");
  EXPECT_TRUE(reading.reader.ended());
  EXPECT_EQ(reading.found().hops, 0U);
}

// clause: 5321-6.3-a
TEST(LoopDetector, ManyHopsAreALoop) {
  Reading reading;
  for (std::size_t i = 0; i < limits::received_hops; ++i) reading.feed("Received: a\r\n");
  EXPECT_FALSE(reading.detector.too_many_hops());
  reading.feed("Received: a\r\n");
  EXPECT_TRUE(reading.detector.too_many_hops());
}

TEST(LoopDetector, WhatWasDeliveredAndComesBackIsALoop) {
  EXPECT_TRUE(detect("Delivered-To: anna@example.org\r\n" + ours + "\r\n").to_anna);
  EXPECT_TRUE(detect(ours + "DELIVERED-TO: <\"anna\"@EXAMPLE.org> (x)\r\n").to_anna);
  EXPECT_TRUE(detect("Delivered-To: other@example.org\r\nDelivered-To:\r\n anna@example.org\r\n" +
                     ours + "\r\n")
                  .to_anna);
}

TEST(LoopDetector, OneMarkAloneIsNoLoop) {
  EXPECT_FALSE(detect(ours + ours + "\r\n").to_anna);
  EXPECT_FALSE(detect("Delivered-To: anna@example.org\r\n\r\n").to_anna);
  EXPECT_FALSE(detect("Delivered-To: bert@example.org\r\n" + ours + "\r\n").to_anna);
  EXPECT_FALSE(detect(ours + "\r\nDelivered-To: anna@example.org\r\n").to_anna);
  EXPECT_FALSE(detect("Delivered-To: Anna@example.org\r\n" + ours + "\r\n").to_anna);
  EXPECT_FALSE(detect("Delivered-To: nonsense <\r\n" + ours + "\r\n").to_anna);
  // Another host's field, in which ours is named by others.
  for (const char* other : {"Received: from mail.example.org by a.example; x\r\n",
                            "Received: from x (by mail.example.org) by a.example\r\n",
                            "Received: from by by a.example for mail.example.org\r\n",
                            "Received: from x; by mail.example.org\r\n",
                            "Received: from x by mail.example.organic\r\n", "Received: by\r\n"})
    EXPECT_FALSE(detect(std::string("Delivered-To: anna@example.org\r\n") + other).to_anna)
        << other;
}

TEST(LoopDetector, KnowsTheFieldThatWeWrite) {
  Trace trace;
  trace.helo = "by.example";
  trace.client_address = *parse_ip("192.0.2.1");
  trace.hostname = "mail.example.org";
  EXPECT_TRUE(detect("Delivered-To: anna@example.org\r\n" + received_field(trace)).to_anna);
}

TEST(LoopDetector, AMessageThatIsNewToOneRecipientIsNone) {
  Reading reading;
  reading.feed(
      "Delivered-To: anna@example.org\r\nDelivered-To: bert@b\xc3\xbc"
      "cher.example\r\n" +
      ours + "\r\n");
  const Recipient bert{"bert", "xn--bcher-kva.example"}, clara{"clara", "example.org"};
  reading.detector.header_ended();
  EXPECT_TRUE(reading.detector.delivered_before(std::vector<Recipient>{anna[0], bert}));
  EXPECT_FALSE(reading.detector.delivered_before(std::vector<Recipient>{anna[0], clara}));
}

}  // namespace
}  // namespace malleposte::mail
