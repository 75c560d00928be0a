#include "mail/header_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"

namespace malleposte::mail {
namespace {

struct Read {
  std::vector<std::string> names, values;
  bool ended = false;
  bool too_long = false;
  std::string rest;  // what is no header
  bool operator==(const Read&) const = default;
};

void feed(HeaderReader& reader, std::string_view content, Read& into) {
  if (reader.ended()) {
    into.rest += content;
    return;
  }
  reader.feed(content);
  for (;;) {
    switch (reader.next()) {
      case HeaderReader::Event::need_input:
        return;
      case HeaderReader::Event::field:
        into.names.emplace_back(reader.name());
        into.values.emplace_back();
        break;
      case HeaderReader::Event::value:
        into.values.back() += reader.value();
        break;
      case HeaderReader::Event::end:
        into.ended = true;
        into.too_long = reader.too_long();
        into.rest = std::string(reader.undecided()) + std::string(reader.rest());
        return;
    }
  }
}

Read read(const std::string& text) {
  Read whole;
  HeaderReader reader;
  feed(reader, text, whole);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Read parts;
    HeaderReader other;
    feed(other, std::string_view(text).substr(0, cut), parts);
    feed(other, std::string_view(text).substr(cut), parts);
    EXPECT_EQ(parts, whole) << "cut at " << cut;
  }
  return whole;
}

TEST(HeaderReader, TellsTheFieldsAndWhereTheHeaderEnds) {
  const Read found = read("From: a\r\nSubject:\r\n folded\r\n\tagain\r\nX :y\r\n\r\nTo: body\r\n");
  EXPECT_EQ(found.names, (std::vector<std::string>{"From", "Subject", "X"}));
  EXPECT_EQ(found.values,
            (std::vector<std::string>{" a\r\n", "\r\n folded\r\n\tagain\r\n", "y\r\n"}));
  EXPECT_EQ(found.rest, "\r\nTo: body\r\n");
}

TEST(HeaderReader, WhatIsNoFieldEndsTheHeader) {
  EXPECT_EQ(read("A: b\r\nHello world: x\r\n").rest, "Hello world: x\r\n");
  EXPECT_EQ(read("Hello\r\n").rest, "Hello\r\n");
  EXPECT_EQ(read(" a: b\r\n").rest, " a: b\r\n");
  EXPECT_EQ(read("A: b\r\n: c\r\n").rest, ": c\r\n");
  EXPECT_EQ(read("A: b\r\nc\xc3\xa4: d\r\n").rest, "c\xc3\xa4: d\r\n");
  EXPECT_EQ(read("A: b\r\n\nx").rest, "\nx");
  EXPECT_FALSE(read("A: b\r\nSubj").ended);
  EXPECT_FALSE(read("").ended);
}

TEST(HeaderReader, RemembersNoMoreThanAFieldsName) {
  HeaderReader reader;
  const std::string name(limits::field_name_octets, 'n');
  for (const char c : name) {
    reader.feed({&c, 1});
    ASSERT_EQ(reader.next(), HeaderReader::Event::need_input);
  }
  EXPECT_EQ(reader.undecided().size(), name.size());
  reader.feed("n");
  EXPECT_EQ(reader.next(), HeaderReader::Event::end);

  HeaderReader value(UINT64_MAX);
  value.feed("A:");
  EXPECT_EQ(value.next(), HeaderReader::Event::field);
  const std::string piece(1000, 'v');
  for (int i = 0; i < 1000; ++i) {
    value.feed(piece);
    ASSERT_EQ(value.next(), HeaderReader::Event::value);
    ASSERT_EQ(value.next(), HeaderReader::Event::need_input);
    ASSERT_EQ(value.undecided().size(), 0U);
  }
}

TEST(HeaderReader, GivesUpOnAnEndlessHeader) {
  std::string bomb;
  while (bomb.size() < 2 * limits::header_octets) bomb += "a:\r\n";
  Read found;
  HeaderReader reader;
  feed(reader, bomb, found);
  EXPECT_TRUE(found.too_long);
  EXPECT_EQ(found.names.size(), limits::header_octets / 4);
  EXPECT_EQ(found.rest.size(), bomb.size() - limits::header_octets - 2);  // behind a name
}

TEST(HeaderReader, CountsTheFieldsAndNotTheirContinuations) {
  HeaderReader reader;
  read_header(reader, "A: 1\r\n 2\r\n\t3\r\nB : 2\r\nC:\r\n\r\nD: body\r\n");
  EXPECT_EQ(reader.fields(), 3U);
}

TEST(HeaderReader, AHeaderMayHaveExactlySoManyOctets) {
  const std::string header = "A: 23456789012345678\r\nB: 56789012345\r\n";
  ASSERT_EQ(header.size(), 38U);
  const auto too_long = [](const std::string& text) {
    HeaderReader whole(40);
    read_header(whole, text);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      HeaderReader parts(40);
      read_header(parts, std::string_view(text).substr(0, cut));
      read_header(parts, std::string_view(text).substr(cut));
      EXPECT_EQ(parts.too_long(), whole.too_long()) << cut << " of " << text;
    }
    return whole.too_long();
  };
  EXPECT_FALSE(too_long(header + "\r\n" + header + header));
  EXPECT_FALSE(too_long("AA" + header + "\r\n"));
  EXPECT_TRUE(too_long("AAA" + header + "\r\n"));
  EXPECT_TRUE(too_long("A: 1\r\n " + std::string(40, 'x')));
  EXPECT_FALSE(too_long("A: 1\r\nhello " + std::string(40, 'x')));
}

}  // namespace
}  // namespace malleposte::mail
