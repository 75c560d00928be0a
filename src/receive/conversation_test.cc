// Runs tests/conversations/*.txt against sessions in memory, with the client's octets cut in every
// way, over IPv6, and with BDAT in place of DATA: the answers and what is queued must be as written
// each time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "receive/front_door.h"
#include "receive/test_world.h"

namespace malleposte::receive {
namespace {

namespace fs = std::filesystem;

struct Event {
  enum class Kind { send, expect, closed } kind;
  std::string text;
};

struct Queued {
  std::string envelope;  // "<sender> <recipient> ..."
  std::string content;
  bool operator==(const Queued&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Queued& queued) {
  return out << queued.envelope << "\n" << queued.content;
}

struct Script {
  unsigned client = 2;   // 127.0.0.1 is trusted, .2 a stranger, .3 one that may speak for others
  bool proxied = false;  // the client's first octets are a PROXY header
  std::vector<Event> events;
  std::vector<Queued> queued;
  std::size_t octets = 0;  // that the client sends
};

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    const char c = text.at(++i);
    if (c == 'x') {
      unsigned value = 0;
      std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
      out.push_back(static_cast<char>(value));
      i += 2;
    } else {
      constexpr std::string_view names = "rnt0\\", values("\r\n\t\0\\", 5);
      out.push_back(values.at(names.find(c)));
    }
  }
  return out;
}

// One line of a script; false when it is none (tests/conversations/README.md).
bool parse_line(std::string_view line, Script& script) {
  if (line.empty() || line.front() == '#') return true;
  if (line.starts_with("client: ")) {
    script.client = line == "client: trusted" ? 1 : line == "client: front" ? 3 : 2;
    return script.client != 2 || line == "client: stranger";
  }
  if (line == "delivered: no") return true;
  const char who = line.front();
  line.remove_prefix(1);
  std::size_t times = 1;
  if (line.starts_with("*")) {
    const auto [end, error] = std::from_chars(line.data() + 1, line.data() + line.size(), times);
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  }
  if (line.empty()) return false;
  const char how = line.front();
  const std::string_view text = line.substr(std::min<std::size_t>(2, line.size()));

  if (who == 'C' && (how == ':' || how == '~')) {
    const std::string octets = unescape(text) + (how == ':' ? "\r\n" : "");
    if (script.events.empty() || script.events.back().kind != Event::Kind::send) {
      script.events.push_back({Event::Kind::send, ""});
    }
    for (std::size_t i = 0; i < times; ++i) script.events.back().text += octets;
    script.octets += times * octets.size();
  } else if (who == 'S' && how == ':') {
    for (std::size_t i = 0; i < times; ++i) {
      script.events.push_back({Event::Kind::expect, std::string(text)});
    }
  } else if (who == 'S' && how == '!') {
    script.events.push_back({Event::Kind::closed, ""});
  } else if (who == 'Q' && how == ':') {
    script.queued.push_back({std::string(text), ""});
  } else if (who == 'Q' && (how == '|' || how == '~') && !script.queued.empty()) {
    script.queued.back().content += unescape(text) + (how == '|' ? "\r\n" : "");
  } else {
    return false;
  }
  return true;
}

Script read_script(const fs::path& path) {
  Script script;
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  unsigned number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    EXPECT_TRUE(parse_line(line, script)) << path << ":" << number << ": " << line;
  }
  return script;
}

void append(Script& script, Event event) {
  if (event.kind == Event::Kind::send) script.octets += event.text.size();
  script.events.push_back(std::move(event));
}

// The same conversation with BDAT in place of DATA: what was accepted comes in `chunks` chunks,
// what was refused as it is in one. Without events when there is no DATA, or it has no place of its
// own (a client that does not wait for the 354).
Script with_chunks(const Script& script, std::size_t chunks) {
  Script result = script;
  result.events.clear();
  result.octets = 0;
  std::size_t accepted = 0, data = 0;
  bool in_content = false;
  for (std::size_t i = 0; i < script.events.size(); ++i) {
    Event event = script.events[i];
    if (event.kind != Event::Kind::send) {
      const bool go_on = event.kind == Event::Kind::expect && event.text.starts_with("354");
      if (go_on && !in_content) return {};
      if (!go_on) append(result, std::move(event));
      continue;
    }
    std::string sent;
    std::size_t taken = 0;
    if (in_content) {
      const std::size_t end = ("\r\n" + event.text).find("\r\n.\r\n");
      if (end == std::string::npos || i + 1 == script.events.size()) return {};
      const bool good = script.events[i + 1].text.starts_with("250 2.0.0 Message accepted");
      const std::string content =
          good ? script.queued.at(accepted++).content : event.text.substr(0, end);
      const std::size_t count = good ? chunks : 1;
      for (std::size_t n = 0, at = 0; n < count; ++n) {
        const std::size_t octets = n + 1 == count ? content.size() - at : content.size() / count;
        sent += "BDAT " + std::to_string(octets) + (n + 1 == count ? " LAST\r\n" : "\r\n");
        sent += content.substr(at, octets);
        at += octets;
      }
      taken = end + 3;
      in_content = false;
      append(result, {Event::Kind::send, sent});
      for (std::size_t n = 1; n < count; ++n) {
        append(result, {Event::Kind::expect, "250 2.0.0 Chunk taken."});
      }
      ++data;
    }
    std::string rest = event.text.substr(taken);
    // DATA at its end, and the 354 among the answers.
    for (const std::string_view word : {"DATA\r\n", "data\n"}) {
      const bool line = rest.ends_with(word) &&
                        (rest.size() == word.size() || rest[rest.size() - word.size() - 1] == '\n');
      std::size_t next = i + 1;
      while (next < script.events.size() && script.events[next].kind == Event::Kind::expect &&
             !script.events[next].text.starts_with("354")) {
        ++next;
      }
      if (!line || next == script.events.size() || !script.events[next].text.starts_with("354")) {
        continue;
      }
      rest.resize(rest.size() - word.size());
      in_content = true;
    }
    if (!rest.empty()) append(result, {Event::Kind::send, rest});
  }
  return data == 0 ? Script{} : result;
}

// `*` stands for any characters.
bool matches(std::string_view text, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return text == pattern;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  text.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  for (std::size_t skip = 0; skip <= text.size(); ++skip) {
    if (matches(text.substr(skip), pattern)) return true;
  }
  return false;
}

config::Settings settings() {
  config::Settings result;
  result.hostname = "mail.example.org";
  result.mail_name = "example.org";
  result.root_address = "anna@office.example";
  result.relay_domains = {"relay.example", ".subs.example"};
  result.smtpd_trusted_networks = {{*parse_ip("127.0.0.1"), 128}, {*parse_ip("::1"), 128}};
  result.message_size_limit = 1'000'000;
  result.proxy_protocol_clients = {{*parse_ip("192.0.2.99"), 128}};
  result.xclient_clients = {{*parse_ip("127.0.0.3"), 128}, {*parse_ip("2001:db8::3"), 128}};
  result.xforward_clients = result.xclient_clients;
  result.in = {"127.0.0.1"};
  return result;
}

void remove(std::string& content, const std::string& added) {
  if (const auto at = content.find(added); at != std::string::npos) content.erase(at, added.size());
}

Queued queued(const TestStore::Message& message) {
  Queued result{"<" + to_string(message.envelope.reverse_path) + ">", message.content};
  for (const auto& recipient : message.envelope.recipients) {
    result.envelope += " <" + to_string(recipient) + ">";
  }
  // Our own trace, of 2 or 3 lines.
  EXPECT_TRUE(result.content.starts_with("Received: from "));
  std::size_t end = result.content.find("\r\n") + 2;
  while (result.content[end] == '\t') end = result.content.find("\r\n", end) + 2;
  const std::string trace = result.content.substr(0, end);
  result.content.erase(0, end);
  // What a trusted client's header got with it: the same id, the same time.
  remove(result.content,
         "Message-ID: <" + trace.substr(trace.find(" id ") + 4, 13) + "@mail.example.org>\r\n");
  remove(result.content, "Date: " + trace.substr(trace.rfind("; ") + 2));
  return result;
}

// The same conversation through a proxy that begins with this header.
Script behind(const std::string& header, Script script) {
  script.proxied = true;
  script.events.insert(script.events.begin(), {Event::Kind::send, header});
  script.octets += header.size();
  return script;
}

std::string line_header(unsigned client) {
  return "PROXY TCP4 127.0.0." + std::to_string(client) + " 198.51.100.1 4711 25\r\n";
}
std::string block_header(unsigned client) {
  std::string header("\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0f\x7f\0\0\x02\xc6\x33\x64\x01", 24);
  header[19] = static_cast<char>(client);
  return header + std::string("\x12\x67\x00\x19\x04\x00\x00", 7);
}

struct Cut {
  enum class Way { none, at, everywhere, never_waiting } way;
  std::size_t at = 0;  // octets sent before the cut
  bool ipv6 = false;
};

std::vector<fs::path> scripts();

class Conversation : public testing::TestWithParam<fs::path> {
 protected:
  // Plays the script once; stops at the first difference.
  void play(const Script& script, const Cut& cut) {
    TestWorld world;
    FrontDoor door(world.loop, world.network, world.resolver, world.store, world.record,
                   world.recipients, settings());
    ASSERT_TRUE(door.open());
    const std::string number = std::to_string(script.client);
    const std::string six = script.client == 1 ? "::1" : "2001:db8::" + number;
    const auto wire = world.network.connect_from(script.proxied ? "192.0.2.99"
                                                 : cut.ipv6     ? six
                                                                : "127.0.0." + number);
    const auto say = [&](std::string_view octets) {
      if (!octets.empty()) wire->say(octets);
      world.loop.run();
    };
    std::string everything;
    if (cut.way == Cut::Way::never_waiting) {
      for (const Event& event : script.events) {
        if (event.kind == Event::Kind::send) everything += event.text;
      }
      say(std::string_view(everything).substr(0, cut.at));
      say(std::string_view(everything).substr(cut.at));
    }

    std::string heard;
    std::size_t sent = 0;
    for (const Event& event : script.events) {
      if (event.kind == Event::Kind::send) {
        const std::string_view text = event.text;
        if (cut.way == Cut::Way::everywhere) {
          for (std::size_t i = 0; i < text.size(); ++i) say(text.substr(i, 1));
        } else if (cut.way == Cut::Way::at && cut.at > sent && cut.at < sent + text.size()) {
          say(text.substr(0, cut.at - sent));
          say(text.substr(cut.at - sent));
        } else if (cut.way != Cut::Way::never_waiting) {
          say(text);
        }
        sent += text.size();
        continue;
      }
      heard += wire->heard();
      if (event.kind == Event::Kind::closed) {
        EXPECT_TRUE(wire->closed);
        continue;
      }
      const std::size_t end = heard.find("\r\n");
      ASSERT_NE(end, std::string::npos) << "said nothing instead of: " << event.text;
      const std::string line = heard.substr(0, end);
      ASSERT_TRUE(matches(line, event.text)) << "said: " << line << "\ninstead of: " << event.text;
      heard.erase(0, end + 2);
    }
    EXPECT_EQ(heard + wire->heard(), "");
    wire->hang_up();
    world.loop.run();
    EXPECT_EQ(door.sessions(), 0U);
    EXPECT_EQ(world.store.coming_in, 0U);
    std::vector<Queued> got;
    for (const auto& message : world.store.messages) got.push_back(queued(message));
    EXPECT_EQ(got, script.queued);
  }

  // In one piece, octet by octet, and in two at each of the first `cuts` places.
  void play_cut_in_every_way(const Script& script, std::size_t cuts) {
    {
      SCOPED_TRACE("in one piece");
      ASSERT_NO_FATAL_FAILURE(play(script, {Cut::Way::none}));
    }
    if (!script.proxied) {
      SCOPED_TRACE("over IPv6");
      ASSERT_NO_FATAL_FAILURE(play(script, {Cut::Way::none, 0, true}));
    }
    {
      SCOPED_TRACE("without waiting for any answer");
      ASSERT_NO_FATAL_FAILURE(play(script, {Cut::Way::never_waiting}));
    }
    if (script.octets < 100'000) {
      SCOPED_TRACE("octet by octet");
      ASSERT_NO_FATAL_FAILURE(play(script, {Cut::Way::everywhere}));
    }
    // Long scripts repeat themselves: fewer cuts, at distances that meet every place of a line.
    const std::size_t step = script.octets < 2500 ? 1 : script.octets / 97 + 1;
    for (std::size_t at = 1; at < cuts && !HasFailure(); at += step) {
      SCOPED_TRACE("cut after octet " + std::to_string(at));
      ASSERT_NO_FATAL_FAILURE(play(script, {Cut::Way::at, at}));
    }
  }
};

TEST_P(Conversation, GoesAsWrittenHoweverTheOctetsAreCut) {
  const Script script = read_script(GetParam());
  ASSERT_FALSE(script.events.empty());
  play_cut_in_every_way(script, script.octets);
}

TEST_P(Conversation, GoesAsWrittenThroughAProxy) {
  const Script script = read_script(GetParam());
  for (const std::string& header : {line_header(script.client), block_header(script.client)}) {
    SCOPED_TRACE("behind a header of " + std::to_string(header.size()) + " octets");
    // Behind the header everything goes on as without one: the cuts there were tried.
    const Script proxied = behind(header, script);
    play_cut_in_every_way(proxied, header.size() + 20);
    if (script.octets > 20'000) continue;
    for (std::size_t at = 1; at < header.size() + 20 && !HasFailure(); ++at) {
      SCOPED_TRACE("all at once, cut after octet " + std::to_string(at));
      ASSERT_NO_FATAL_FAILURE(play(proxied, {Cut::Way::never_waiting, at}));
    }
  }
}

// Dots that DATA stuffs, line feeds it repairs, faults it finds: all of it comes out the same.
TEST_P(Conversation, GoesTheSameInChunks) {
  const Script script = read_script(GetParam());
  for (const std::size_t chunks : {1U, 2U, 5U}) {
    const Script chunked = with_chunks(script, chunks);
    if (chunked.events.empty()) return;
    SCOPED_TRACE(std::to_string(chunks) + " chunks");
    ASSERT_NO_FATAL_FAILURE(play(chunked, {Cut::Way::none}));
    ASSERT_NO_FATAL_FAILURE(play(chunked, {Cut::Way::never_waiting}));
    const std::size_t step = chunked.octets < 2500 ? 1 : chunked.octets / 97 + 1;
    for (std::size_t at = 1; at < chunked.octets && !HasFailure(); at += step) {
      SCOPED_TRACE("cut after octet " + std::to_string(at));
      ASSERT_NO_FATAL_FAILURE(play(chunked, {Cut::Way::at, at}));
    }
  }
}

// A runner that found no DATA anywhere would prove nothing.
TEST(Conversations, MostMessagesAlsoComeInChunks) {
  std::size_t with_data = 0, chunked = 0;
  for (const fs::path& path : scripts()) {
    const Script script = read_script(path);
    with_data += std::any_of(script.events.begin(), script.events.end(),
                             [](const Event& event) { return event.text.starts_with("354"); });
    chunked += with_chunks(script, 2).events.empty() ? 0 : 1;
  }
  EXPECT_GT(chunked * 10, with_data * 8) << chunked << " of " << with_data;
}

std::vector<fs::path> scripts() {
  std::set<fs::path> found;
  for (const auto& entry :
       fs::directory_iterator(fs::path(MALLEPOSTE_SOURCE_DIR) / "tests" / "conversations")) {
    if (entry.path().extension() == ".txt") found.insert(entry.path());
  }
  return {found.begin(), found.end()};
}

INSTANTIATE_TEST_SUITE_P(Scripts, Conversation, testing::ValuesIn(scripts()),
                         [](const auto& tested) { return tested.param.stem().string(); });

}  // namespace
}  // namespace malleposte::receive
