#include "admin/mbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace malleposte::admin {
namespace {

using testing::HasSubstr;

ExportedMessage message(std::string_view content, std::uint64_t id = 0x123456789ab) {
  ExportedMessage all;
  all.restored.id = {id};
  auto& envelope = all.restored.envelope;
  envelope.reverse_path = *mail::parse_address("anna@example.org");
  envelope.arrived = WallTime(Duration(1'790'000'000'123'456));
  envelope.recipients.push_back(*mail::parse_address("bert@example.com"));
  all.restored.progress.resize(1);
  all.size = content.size();
  LineEnds ends;
  ends.add(content);
  all.crlf = ends.all_crlf();
  all.sender = "anna@example.org";
  all.arrived = envelope.arrived;
  return all;
}

std::string written(const ExportedMessage& all, std::string_view content, std::size_t piece = 7) {
  std::string out;
  MboxWriter writer;
  writer.begin(out, all);
  for (std::size_t at = 0; at < content.size(); at += piece)
    writer.content(out, content.substr(at, piece));
  writer.end(out);
  return out;
}

struct Read {
  std::vector<ExportedMessage> messages;
  std::vector<std::string> contents;
  std::string error;
};

Read read(std::string_view octets, std::size_t piece = SIZE_MAX) {
  Read all;
  MboxReader reader;
  std::size_t at = 0;
  for (bool finished = false;;) {
    switch (reader.next()) {
      case MboxReader::Found::nothing:
        if (finished) return all;
        if (at >= octets.size()) {
          finished = true;
          reader.finish();
        } else {
          reader.feed(octets.substr(at, piece));
          at += std::min(piece, octets.size() - at);
        }
        break;
      case MboxReader::Found::message:
        all.messages.push_back(reader.message());
        all.contents.emplace_back();
        break;
      case MboxReader::Found::content:
        all.contents.back() += reader.octets();
        break;
      case MboxReader::Found::end:
        break;
      case MboxReader::Found::error:
        all.error = reader.error();
        return all;
    }
  }
}

const std::vector<std::string>& awkward() {
  static const std::vector<std::string> contents{
      "",
      "\r\n",
      "\n",
      "From here\r\n",
      "Subject: x\r\n\r\nFrom me\r\n>From you\r\n>>From all\r\n> From not\r\nFrom",
      "no end of the line",
      "From ",
      ">",
      ">>>\r\n>>",
      "\r\n\r\n\r\n",
      "bare\nline\rfeeds\r\n",
      "ends in CR\r",
      std::string("\0binary\xff\xfe\nFrom \0", 17),
      std::string(997, '>') + "From a\r\n",
      std::string(998, '>') + "From a\r\n" + std::string(999, '>') + "\r\n",
      std::string(5000, '>') + "From a",
      std::string(200'000, 'x') + "\r\nFrom\r\n",
      "X-Malleposte-Recipient: {}\r\nX-Malleposte-Message: {}\r\n\r\n",
  };
  return contents;
}

TEST(Mbox, GivesBackWhateverWasWritten) {
  std::string all;
  for (const auto& content : awkward()) all += written(message(content), content);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{13}, std::size_t{4096}, SIZE_MAX}) {
    const auto found = read(all, piece);
    EXPECT_EQ(found.error, "");
    EXPECT_TRUE(found.contents == awkward()) << "in pieces of " << piece;
  }
}

TEST(Mbox, GivesBackRandomContentAtEveryCut) {
  std::mt19937_64 random(1);
  for (int run = 0; run < 300; ++run) {
    std::string content;
    const char* parts[] = {"From ", ">", "\r\n", "\n", "\r", "F", "rom ", " ", "x", "\0"};
    for (auto left = random() % 40; left > 0; --left) content += parts[random() % 9];
    const auto octets = written(message(content), content, 1 + random() % 5);
    const auto found = read(octets + octets, 1 + random() % 9);
    EXPECT_EQ(found.error, "") << testing::PrintToString(content);
    EXPECT_EQ(found.contents, std::vector(2, content));
  }
}

// What a mail reader makes of it: lines end in line feeds, a line "From " begins a message.
TEST(Mbox, IsOneThatMailReadersOpen) {
  const std::string content = "Subject: x\r\n\r\nFrom me\r\n";
  const auto octets = written(message(content), content);
  EXPECT_THAT(octets, testing::StartsWith("From anna@example.org Mon Sep 21 "));
  EXPECT_THAT(octets, HasSubstr("\nSubject: x\n\n>From me\n\n"));
  EXPECT_THAT(octets, testing::Not(HasSubstr("\r")));
}

TEST(Mbox, KeepsTheWholeEnvelope) {
  auto all = message("x\r\n");
  auto& restored = all.restored;
  restored.generated = restored.warned = true;
  auto& envelope = restored.envelope;
  envelope.reverse_path = {};
  envelope.held = true;
  envelope.body = mail::Body::binary;
  envelope.client_address = "192.0.2.1";
  envelope.client_name = "mx.example.org";
  envelope.helo = "he\"lo\xff";
  envelope.requests = {true,
                       "id=\x01 +",
                       mail::Return::headers,
                       mail::DeliverBy{WallTime(Duration(5)), true, true},
                       WallTime(Duration(7)),
                       -3};
  envelope.recipients[0].notify = {false, true, true, false};
  envelope.recipients[0].original = "rfc822;a+b@example.org";
  envelope.recipients.emplace_back(*mail::parse_address("j\xc3\xb6rg@example.net"));
  envelope.recipients[1].notify.never = true;
  restored.progress = {{3, WallTime(Duration(99))}, {0, {}}};
  restored.next_hop = "[192.0.2.1]:2525";
  restored.lifetime = std::chrono::hours(3);
  const auto found = read(written(all, "x\r\n")).messages.at(0);
  const auto& got = found.restored.envelope;
  EXPECT_EQ(found.restored.id, restored.id);
  EXPECT_TRUE(found.restored.generated && found.restored.warned && got.held);
  EXPECT_EQ(found.restored.next_hop, restored.next_hop);
  EXPECT_EQ(found.restored.lifetime, restored.lifetime);
  EXPECT_EQ(got.reverse_path, envelope.reverse_path);
  EXPECT_EQ(got.recipients, envelope.recipients);
  EXPECT_EQ(got.requests, envelope.requests);
  EXPECT_EQ(got.body, envelope.body);
  EXPECT_EQ(got.arrived, envelope.arrived);
  EXPECT_EQ(got.client_address, envelope.client_address);
  EXPECT_EQ(got.client_name, envelope.client_name);
  EXPECT_EQ(got.helo, "he\"lo\xef\xbf\xbd");  // what is no text becomes a sign for that
  EXPECT_EQ(found.restored.progress[0].attempts, 3u);
  EXPECT_EQ(found.restored.progress[0].next_attempt, WallTime(Duration(99)));
}

TEST(Mbox, SaysInWhichLineItIsWrong) {
  const std::string content = "Subject: x\r\n\r\nline\r\n";
  const auto good = written(message(content), content);
  const auto without = [&](const std::string& part, const std::string& by = "") {
    auto changed = good;
    changed.replace(changed.find(part), part.size(), by);
    return read(good + changed).error;
  };
  EXPECT_EQ(without("From anna", "anna"), "line 8: the message is longer than its envelope says");
  EXPECT_EQ(without("X-Malleposte-Message", "X-Other"),
            "line 9: here must be X-Malleposte-Message");
  EXPECT_EQ(without("bert@example.com", "bert at"), "line 10: \"address\" is no address");
  EXPECT_EQ(without("\"version\":1", "\"version\":2"),
            "line 9: this was written by a later version");
  EXPECT_EQ(without("\"size\"", "\"seize\""), "line 9: \"seize\" is not known");
  EXPECT_EQ(without("line\n"), "line 14: the message ends after 16 of its 20 octets");
  EXPECT_EQ(without("line\n", "longer line\n"),
            "line 13: the message is longer than its envelope says");
  EXPECT_EQ(read(good + good.substr(0, 70)).error, "line 9: a message is cut off here");
  EXPECT_EQ(read("To: x\n").error, "line 1: an mbox begins with a line \"From ...\"");
  EXPECT_EQ(read("").error, "");
}

}  // namespace
}  // namespace malleposte::admin
