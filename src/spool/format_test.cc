// The formats of docs/formats/spool.md: records, segment headers, items, the high-water mark.
#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "spool/group_commit.h"
#include "spool/items.h"
#include "spool/record.h"
#include "spool/segment_header.h"
#include "spool/store_test_kit.h"

namespace malleposte::spool {
namespace {

std::string record(std::string_view payload, std::uint64_t epoch, std::uint64_t offset) {
  auto bytes = record_header(RecordType::commit, {epoch, offset, 3},
                             static_cast<std::uint32_t>(payload.size()), crc32c(0, payload));
  bytes += payload;
  bytes.resize(record_octets(payload.size()));
  return bytes;
}

TEST(Record, IsFoundOnlyAtItsPlaceAndInItsEpoch) {
  auto bytes = record("payload", 7, 4096);
  auto parsed = parse_record(bytes, 7, 4096);
  ASSERT_EQ(parsed.parse, Parse::record);
  EXPECT_EQ(parsed.record.payload, "payload");
  EXPECT_EQ(parsed.record.window, 3u);
  EXPECT_EQ(parsed.needed, bytes.size());
  EXPECT_EQ(parse_record(bytes, 8, 4096).parse, Parse::bad);
  EXPECT_EQ(parse_record(bytes, 7, 4104).parse, Parse::bad);
}

TEST(Record, EveryFlippedBitIsFound) {
  const std::string payload = "some payload";
  auto bytes = record(payload, 7, 4096);
  for (std::size_t bit = 0; bit < (record_header_octets + payload.size()) * 8; ++bit) {
    auto damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(parse_record(damaged, 7, 4096).parse, Parse::record) << "bit " << bit;
  }
}

TEST(Record, SaysHowMuchMoreItNeeds) {
  auto bytes = record("payload", 7, 4096);
  for (std::size_t length = 0; length < record_header_octets + 7; ++length) {
    auto parsed = parse_record(std::string_view(bytes).substr(0, length), 7, 4096);
    EXPECT_EQ(parsed.parse, Parse::incomplete);
    EXPECT_GT(parsed.needed, length);
  }
}

SegmentHeader header(std::uint64_t epoch) {
  SegmentHeader header{epoch, 4, 8192, {}, 0, false};
  header.totals.accepted = 11;
  header.totals.replaced = 3;
  header.last_id = 77;
  header.previous_failed = true;
  return header;
}

TEST(SegmentHeader, ComesBackAsItWas) {
  auto decoded = decode_segment_header(encode(header(5)));
  EXPECT_EQ(decoded.state, HeaderState::used);
  EXPECT_EQ(decoded.header, header(5));
}

TEST(SegmentHeader, SurvivesOneDamagedSector) {
  for (std::size_t at : {10, 2058}) {
    auto octets = encode(header(5));
    octets[at] ^= 1;
    EXPECT_EQ(decode_segment_header(octets).header, header(5));
  }
}

TEST(SegmentHeader, OfTwoCopiesTheLaterOneCounts) {
  auto octets = encode(header(5));
  octets.replace(0, 512, encode(SegmentHeader{}).substr(0, 512));  // freeing was interrupted
  EXPECT_EQ(decode_segment_header(octets).header.epoch, 5u);
  octets = encode(header(5));
  octets.replace(2048, 512, encode(header(9)).substr(2048, 512));
  EXPECT_EQ(decode_segment_header(octets).header.epoch, 9u);
}

// The header as another version would have written it.
void change_version(std::string& octets, std::initializer_list<std::size_t> copies,
                    char version = 4) {
  for (auto at : copies) {
    octets[at + 8] = version;
    auto crc = crc32c(0, std::string_view(octets).substr(at, sector_octets - 4));
    for (std::size_t i = 0; i < 4; ++i)
      octets[at + sector_octets - 4 + i] = static_cast<char>(crc >> (8 * i));
  }
}

// Taken for damage, a spool of another version would be set aside as a whole.
TEST(SegmentHeader, OfAnotherVersionIsNotTakenForDamage) {
  auto octets = encode(header(5));
  change_version(octets, {0});
  EXPECT_EQ(decode_segment_header(octets).state, HeaderState::foreign);
  change_version(octets, {2048});
  EXPECT_EQ(decode_segment_header(octets).state, HeaderState::foreign);
}

// A program that knows version 2 only refuses what this one writes; this one reads both.
TEST(SegmentHeader, OfVersion2IsRead) {
  auto octets = encode(header(5));
  EXPECT_EQ(octets[8], 3);
  change_version(octets, {0, 2048}, 2);
  EXPECT_EQ(decode_segment_header(octets).state, HeaderState::used);
  EXPECT_EQ(decode_segment_header(octets).header, header(5));
  change_version(octets, {0, 2048}, 1);
  EXPECT_EQ(decode_segment_header(octets).state, HeaderState::foreign);
}

TEST(SegmentHeader, OfAnotherVersionStopsTheStart) {
  Instance first;
  first.send("content");
  auto image = first.disk->files();
  for (auto& [name, content] : image)
    if (name.starts_with("segment-")) change_version(content, {0, 2048});
  Instance second(2, image);
  EXPECT_FALSE(second.store);
  EXPECT_NE(second.error.find("another version of the spool's format"), std::string::npos)
      << second.error;
}

TEST(SegmentHeader, TellsFreeBlankAndDamagedApart) {
  auto free = encode(SegmentHeader{});
  EXPECT_EQ(decode_segment_header(free).state, HeaderState::free);
  EXPECT_FALSE(is_blank(free));
  std::string blank(segment_header_octets, '\0');
  EXPECT_EQ(decode_segment_header(blank).state, HeaderState::free);
  EXPECT_TRUE(is_blank(blank));
  EXPECT_EQ(decode_segment_header(std::string(segment_header_octets, 'x')).state,
            HeaderState::damaged);
  EXPECT_EQ(decode_segment_header("short").state, HeaderState::damaged);
}

mail::Attempt attempt(int number) {
  return {WallTime(Duration(1000 * number)),
          WallTime(Duration(1000 * number + 7)),
          {"mx.example.net", "192.0.2.1:25", 450 + number, "4.2.0", "Later",
           mail::OutcomeClass::greylisted}};
}

TEST(Items, ComeBackAsTheyWere) {
  MessageItem message;
  message.id = {77};
  message.generation = 2;
  message.origin = 12;
  message.marks.held = message.generated = message.warned = message.gathered = true;
  message.marks.next_hop = "[192.0.2.1]:2525";
  message.body = mail::Body::eight_bit;
  message.arrived = WallTime(Duration(123456789));
  message.size = 5;
  message.sender = "a@example.org";
  message.client_address = "192.0.2.1";
  message.client_name = "client.example.org";
  message.helo = "client";
  message.recipients.resize(2);
  message.recipients[0].address = "b@example.net";
  message.recipients[1] = {.address = "c@example.net",
                           .fate = mail::Fate::bounced,
                           .attempts = 3,
                           .next_attempt = WallTime(Duration(5)),
                           .history = {attempt(1), attempt(2)}};
  message.chunks = {{9, 4096, 100, 0xdeadbeef}};
  message.inline_content = "hello";
  OutcomeItem outcome{{77},
                      12,
                      true,
                      1,
                      mail::Fate::delivered,
                      4,
                      WallTime(Duration(9)),
                      attempt(3),
                      {{9, 4096}, {10, 8192}}};
  FlagsItem flags{{77}, 12, {true, true, WallTime(1h), "relay.example", Duration(48h)}};
  OrdersItem orders{9, {}};
  orders.orders.push_back({8, StandingOrder::Kind::bounce, ".example.net", "closed", "anna",
                           WallTime(2h), WallTime(3h)});
  orders.orders.push_back({9, StandingOrder::Kind::hold, "<>", "", "", WallTime(2h), {}});
  GoneItem gone{{78}, 13};
  RetireItem retire{14};
  WarnedItem warned{{77}, 12};
  std::string payload;
  append_item(payload, message);
  append_item(payload, outcome);
  append_item(payload, flags);
  append_item(payload, gone);
  append_item(payload, retire);
  append_item(payload, warned);
  append_item(payload, orders);

  ItemReader reader(payload);
  ASSERT_TRUE(reader.next());
  const auto& read = std::get<MessageItem>(reader.item());
  EXPECT_EQ(read.id, message.id);
  EXPECT_EQ(read.generation, 2u);
  EXPECT_EQ(read.origin, 12u);
  EXPECT_TRUE(read.generated && read.warned && read.gathered);
  EXPECT_EQ(read.marks, message.marks);
  EXPECT_EQ(read.body, mail::Body::eight_bit);
  EXPECT_EQ(read.arrived, message.arrived);
  EXPECT_EQ(read.sender, message.sender);
  EXPECT_EQ(read.client_name, message.client_name);
  EXPECT_EQ(read.recipients, message.recipients);
  EXPECT_EQ(read.chunks, message.chunks);
  EXPECT_EQ(read.inline_content, "hello");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(std::get<OutcomeItem>(reader.item()), outcome);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(std::get<FlagsItem>(reader.item()), flags);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(std::get<GoneItem>(reader.item()), gone);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(std::get<RetireItem>(reader.item()), retire);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(std::get<WarnedItem>(reader.item()), warned);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(std::get<OrdersItem>(reader.item()), orders);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.damaged());
}

// What version 2 wrote of an operator ends behind the flags.
TEST(Items, FlagsWithoutAttributesAreRead) {
  std::string payload;
  append_item(payload, FlagsItem{{77}, 12, {true, false, {}, {}, {}}});
  ASSERT_EQ(payload.back(), 0);  // the count of attributes
  payload.pop_back();
  payload[4] = static_cast<char>(payload.size() - item_prefix_octets);
  ItemReader reader(payload);
  ASSERT_TRUE(reader.next());
  EXPECT_TRUE(std::get<FlagsItem>(reader.item()).marks.held);
}

TEST(Items, CutShortAtAnyOctetAreDamagedNotMisread) {
  std::string payload;
  MessageItem message;
  message.id = {1};
  message.sender = "a@example.org";
  message.recipients.resize(2);
  message.inline_content = "content";
  message.recipients[1].history = {attempt(1)};
  append_item(payload, message);
  std::string other;
  append_item(other,
              OutcomeItem{{1}, 2, false, 0, mail::Fate::queued, 1, {}, attempt(1), {{9, 8}}});
  for (const auto& whole : {payload, other}) {
    for (std::size_t length = 1; length < whole.size(); ++length) {
      ItemReader reader(std::string_view(whole).substr(0, length));
      EXPECT_FALSE(reader.next());
      EXPECT_TRUE(reader.damaged()) << length;
    }
  }
}

// The cleaner writes an item again as it was read: what a later version made of a class must not
// end the message, and odd numbers must not end the process.
TEST(Items, AnAttemptOfOddNumbersIsReadAsFarAsItMakesSense) {
  OutcomeItem outcome;
  outcome.attempt = attempt(1);
  outcome.attempt.answer.outcome_class = static_cast<mail::OutcomeClass>(200);
  outcome.attempt.answer.code = 123456;
  outcome.attempt.began = WallTime(Duration(5));
  outcome.attempt.ended = WallTime(Duration(2));  // a clock was set back
  std::string payload;
  append_item(payload, outcome);
  ItemReader reader(payload);
  ASSERT_TRUE(reader.next());
  const auto& read = std::get<OutcomeItem>(reader.item()).attempt;
  EXPECT_EQ(read.answer.outcome_class, mail::OutcomeClass::other);
  EXPECT_EQ(read.answer.code, 999);
  EXPECT_EQ(read.began, read.ended);
}

TEST(Items, ACountThatCannotBeIsDamageAndTakesNoMemory) {
  MessageItem message;
  message.recipients.resize(1);
  std::string payload;
  append_item(payload, message);
  auto count = payload.size() - 5;  // recipients: count, empty address, fate; chunks, attributes
  ASSERT_EQ(payload[count], 1);
  payload[count] = 0x7f;
  ItemReader reader(payload);
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.damaged());
}

TEST(Items, WhatTheClientAskedForComesBack) {
  MessageItem message;
  message.body = mail::Body::binary;
  message.requests.smtputf8 = true;
  message.requests.envelope_id = "batch 7+";
  message.requests.returned = mail::Return::full;
  message.requests.deliver_by = {WallTime(Duration(123'456'789)), true, true};
  message.requests.held_until = WallTime(Duration(987'654'321));
  message.requests.priority = -4;
  message.recipients.resize(3);
  message.recipients[0].notify = {false, true, false, true};
  message.recipients[2].notify.never = true;
  message.recipients[2].original = "rfc822;anna@example.org";
  std::string payload;
  append_item(payload, message);
  ItemReader reader(payload);
  ASSERT_TRUE(reader.next());
  const auto& read = std::get<MessageItem>(reader.item());
  EXPECT_EQ(read.body, message.body);
  EXPECT_EQ(read.requests, message.requests);
  EXPECT_EQ(read.recipients, message.recipients);
}

TEST(Items, AttributesOfALaterVersionAreSkipped) {
  std::string payload;
  append_item(payload, MessageItem{});
  ASSERT_EQ(payload.back(), 0);  // no attributes
  payload.back() = 2;
  payload += std::string("\x63\x03xyz\x01\x00", 7);  // one unknown, then SMTPUTF8
  payload[4] = static_cast<char>(payload.size() - item_prefix_octets);
  ItemReader reader(payload);
  ASSERT_TRUE(reader.next());
  EXPECT_TRUE(std::get<MessageItem>(reader.item()).requests.smtputf8);
}

TEST(Items, AnAttributeForARecipientThatIsNotThereIsDamage) {
  std::string payload;
  append_item(payload, MessageItem{});
  payload.back() = 1;
  payload += std::string("\x08\x02\x05\x01", 4);
  payload[4] = static_cast<char>(payload.size() - item_prefix_octets);
  ItemReader reader(payload);
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.damaged());
}

TEST(HighWater, TheGreaterGoodSectorCounts) {
  auto octets = encode_high_water(256) + encode_high_water(512);
  EXPECT_EQ(decode_high_water(octets), 512u);
  octets[600] ^= 1;  // zeros behind the fields are not covered
  EXPECT_EQ(decode_high_water(octets), 512u);
  octets[sector_octets + 9] ^= 1;
  EXPECT_EQ(decode_high_water(octets), 256u);
  EXPECT_EQ(decode_high_water(std::string(1024, '\0')), 0u);
}

}  // namespace
}  // namespace malleposte::spool
