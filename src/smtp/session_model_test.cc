// ServerProtocol and the model of RFC 5321 (session_model.h) judge the same random commands, and
// must agree on every answer. The seed of a run is printed; MALLEPOSTE_MODEL_SEED=N plays one
// session alone and shows it.
#include "smtp/session_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/limits.h"
#include "smtp/server_protocol.h"

namespace malleposte::smtp {
namespace {

using Act = SessionModel::Act;
using Verb = SessionModel::Verb;

constexpr std::size_t commands_in_a_run = 100'000;
constexpr std::size_t commands_in_a_session = 60;
constexpr SessionModel::Limits limits_here{.size = 600, .recipients = 3, .errors = 20};

// Seeds that found something, and some that nothing is known of.
constexpr std::uint64_t kept_seeds[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

struct Spoken {
  Act act;
  std::string octets;
};

// Makes commands from a seed; more of those that lead somewhere.
class Talk {
 public:
  Talk(std::uint64_t seed, bool trusted) : random_(seed), trusted_(trusted) {}

  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }

  Spoken next(bool in_content) {
    if (in_content) return content();
    switch (below(24)) {
      case 0:
      case 1:
        return greeting();
      case 2:
      case 3:
      case 4:
      case 5:
        return mail();
      case 6:
      case 7:
      case 8:
      case 9:
        return rcpt();
      case 10:
      case 11:
      case 12:
        return data();
      case 13:
      case 14:
      case 15:
      case 16:
        return bdat();
      case 17:
        return plain(Verb::rset, "RSET", 501);
      case 18:
        return one_of(Verb::noop, {"NOOP", "noop", "NOOP with \"words\"", "  NOOP  "});
      case 19:
        return one_of(Verb::help, {"HELP", "help"});
      case 20:
        return below(3) == 0 ? one_of(Verb::vrfy, {"VRFY"}, 501)
                             : one_of(Verb::vrfy, {"VRFY anna", "vrfy <a@b.example>"});
      case 21:
        return etrn_and_others();
      case 22:
        return junk();
      default:
        return below(6) == 0 ? last_words() : plain(Verb::rset, "RSET", 501);
    }
  }

 private:
  template <std::size_t N>
  Spoken one_of(Verb verb, const char* const (&texts)[N], int wrong = 0) {
    return line({.verb = verb, .wrong = wrong}, texts[below(N)]);
  }

  Spoken line(Act act, std::string text) {
    return {act, std::move(text) + (below(8) == 0 ? "\n" : "\r\n")};
  }

  // A command without arguments, sometimes with one.
  Spoken plain(Verb verb, std::string text, int wrong) {
    if (below(8) == 0) return line({.verb = verb, .wrong = wrong}, text + " now");
    return line({.verb = verb}, std::move(text));
  }

  Spoken greeting() {
    switch (below(6)) {
      case 0:
        return line({.verb = Verb::helo, .wrong = 501}, "HELO");
      case 1:
        return line({.verb = Verb::ehlo, .wrong = 501}, "EHLO " + std::string(300, 'x'));
      case 2:
        return line({.verb = Verb::helo}, "helo client.example");
      default:
        return line({.verb = Verb::ehlo}, "EHLO [192.0.2.1] and more");
    }
  }

  Spoken mail() {
    Act act{.verb = Verb::mail};
    std::string text = "MAIL FROM:<s@b.example>";
    switch (below(14)) {
      case 0:
        act.wrong = 501;
        text = below(2) == 0 ? "MAIL FROM:<a@b.example" : "MAIL TO:<a@b.example>";
        break;
      case 1:
        act.wrong = 555;
        text += " COLOUR=RED";
        break;
      case 2:
        act.wrong = 501;
        text += below(2) == 0 ? " BODY=9BIT" : " SIZE=many";
        break;
      case 3:
        act.size_wrong = true;
        text += " SIZE=" + std::to_string(limits_here.size + 1);
        break;
      case 4:
        act.wrong = 553;
        text = "MAIL FROM:<j\xc3\xb6rg@b.example>";
        break;
      case 5:
        act.policy = 550;
        text = "MAIL FROM:<no@b.example>";
        break;
      case 6:
        act.policy = 450;
        text = "MAIL FROM:<later@b.example>";
        break;
      case 7:
        act.at_data = 452;
        text = "MAIL FROM:<nodata@b.example>";
        break;
      case 8:
        act.at_end = 554;
        text = "MAIL FROM:<nomessage@b.example>";
        break;
      case 9:
      case 10:
        act.binary = true;
        text += " BODY=BINARYMIME SIZE=10";
        break;
      case 11:
        text = "mail from: s@b.example";
        break;
      case 12:
        text = "MAIL FROM:<> body=8bitmime";
        break;
      default:
        break;
    }
    return line(act, text);
  }

  Spoken rcpt() {
    Act act{.verb = Verb::rcpt};
    std::string text = "RCPT TO:<r@b.example>";
    switch (below(9)) {
      case 0:
        act.wrong = 501;
        text = below(2) == 0 ? "RCPT TO:<>" : "RCPT TO:r@b.example>";
        break;
      case 1:
        act.wrong = 555;
        text += " COLOUR=RED";
        break;
      case 2:
        act.policy = 550;
        text = "RCPT TO:<no@b.example>";
        break;
      case 3:
        act.policy = 450;
        text = "RCPT TO:<later@b.example>";
        break;
      case 4:
        text = "RCPT TO:<@route.example:r@b.example>";
        break;
      default:
        break;
    }
    return line(act, text);
  }

  Spoken data() {
    if (below(8) == 0) return line({.verb = Verb::data, .wrong = 501}, "DATA please");
    return line({.verb = Verb::data}, "DATA");
  }

  // Lines, mostly good ones, and where they are not, with one fault. A trusted client's bare LF is
  // none.
  std::string lines(Act& act, std::size_t most) {
    std::string text;
    while (text.size() < most) {
      text += std::string(below(40), "x.y "[below(4)]) + "\r\n";
      if (below(2) == 0) break;
    }
    if (below(6) == 0) {
      static const std::string faults[] = {std::string("a\0b\r\n", 5), "a\rb\r\n", "a\nb\r\n"};
      const std::size_t which = below(3);
      act.line_fault = which < 2 || !trusted_;
      // So that the fault is what is wrong, whatever the size.
      text = faults[which];
      if (which == 2) act.repairs = 1;
    }
    return text;
  }

  Spoken content() {
    Act act{.verb = Verb::content};
    const std::string text = lines(act, below(3) == 0 ? 2 * limits_here.size : 100);
    std::string stuffed;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find("\r\n", begin) + 2;
      if (text[begin] == '.') stuffed.push_back('.');
      stuffed.append(text, begin, end - begin);
      begin = end;
    }
    act.octets = text.size();
    return {act, stuffed + ".\r\n"};
  }

  Spoken bdat() {
    Act act{.verb = Verb::bdat};
    if (below(40) == 0) {
      act.uncounted = true;
      return line(act, below(2) == 0 ? "BDAT" : "BDAT x LAST");
    }
    const std::string text = below(5) == 0 ? "" : lines(act, below(4) == 0 ? limits_here.size : 60);
    act.octets = text.size();
    std::string command = "BDAT " + std::to_string(text.size());
    if (below(12) == 0) {
      act.wrong = 501;
      command += " FIRST";
    } else if (below(2) == 0) {
      act.last = true;
      command += below(2) == 0 ? " LAST" : " last";
    }
    Spoken spoken = line(act, command);
    spoken.octets += text;
    return spoken;
  }

  Spoken etrn_and_others() {
    switch (below(4)) {
      case 0:
        return one_of(Verb::expn, {"EXPN list", "expn all of them"});
      case 1:
        return one_of(Verb::starttls, {"STARTTLS", "TURN", "SEND FROM:<a@b.example>"});
      case 2:
        return one_of(Verb::etrn, {"ETRN"}, 501);
      default:
        return one_of(Verb::etrn, {"ETRN client.example", "etrn @client.example"});
    }
  }

  Spoken junk() {
    const Act act{.verb = Verb::unknown};
    switch (below(5)) {
      case 0:
        return line(act, "");
      case 1:
        return line(act, "MAILFROM:<a@b.example>");
      case 2:
        return line(act, std::string("NOOP \0", 6));
      case 3:
        return line(act, "NO\rOP");
      default:
        return {act, "NOOP " + std::string(limits::command_line_octets, 'x') + "\r\n"};
    }
  }

  Spoken last_words() {
    switch (below(4)) {
      case 0:
        return line({.verb = Verb::http}, "GET / HTTP/1.1");
      case 1:
        return line({.verb = Verb::quit, .wrong = 501}, "QUIT now");
      default:
        return line({.verb = Verb::quit}, "QUIT");
    }
  }

  std::mt19937_64 random_;
  bool trusted_;
};

// What `protocol` says to `input`, cut at random; policy is in the local parts.
std::string say_to(ServerProtocol& protocol, const std::string& input, Talk& chance, bool& closed) {
  std::string heard;
  const auto sender = [&] { return protocol.transaction().reverse_path.local; };
  const auto judge = [&](auto accept) {
    const std::string& who = protocol.address().local;
    if (who == "no") return protocol.refuse(reply(550, "5.7.1", "No."));
    if (who == "later") return protocol.refuse(reply(450, "4.7.1", "Later."));
    accept(protocol.address());
  };
  for (std::size_t at = 0; at < input.size() && !closed;) {
    const std::size_t piece = std::min(input.size() - at, 1 + chance.below(300));
    const std::string kept = input.substr(at, piece);
    at += piece;
    protocol.feed(kept);
    for (bool hungry = false; !hungry && !closed;) {
      switch (protocol.next()) {
        case ServerProtocol::Step::need_input:
          hungry = true;
          break;
        case ServerProtocol::Step::mail:
          judge([&](const auto& address) { protocol.accept_mail(address); });
          break;
        case ServerProtocol::Step::rcpt:
          judge([&](const auto& address) { protocol.accept_recipient(address); });
          break;
        case ServerProtocol::Step::data:
          if (sender() == "nodata") {
            protocol.refuse(reply(452, "4.3.1", "Full."));
          } else {
            protocol.accept_data();
          }
          break;
        case ServerProtocol::Step::end_of_data:
          if (sender() == "nomessage") {
            protocol.refuse(reply(554, "5.7.0", "Not this."));
          } else {
            protocol.accept_message(mail::MessageId{1});
          }
          break;
        case ServerProtocol::Step::close:
          closed = true;
          break;
        case ServerProtocol::Step::flush:
        case ServerProtocol::Step::content:
        case ServerProtocol::Step::content_refused:
        case ServerProtocol::Step::refused:
          break;
      }
      heard += protocol.output();
      protocol.output().clear();
    }
  }
  return heard;
}

// The codes of the replies in `text`, each of one or more lines.
std::vector<int> codes(const std::string& text) {
  std::vector<int> all;
  for (std::size_t at = 0; at + 4 <= text.size(); at = text.find("\r\n", at) + 2) {
    if (text[at + 3] == ' ') all.push_back(std::atoi(text.substr(at, 3).c_str()));
  }
  return all;
}

std::string shown(const std::string& octets) {
  std::string text = octets.substr(0, 80);
  for (char& c : text)
    if (c < ' ') c = '|';
  return text;
}

// Plays the session of a seed; the number of its commands. Adds the codes it met to `met`.
std::size_t play(std::uint64_t seed, std::set<int>& met, bool show = false) {
  Talk talk(seed, seed % 2 == 0);
  SessionModel model(limits_here);
  ServerOptions options;
  options.hostname = "mail.example.org";
  options.size_limit = limits_here.size;
  options.recipients = limits_here.recipients;
  options.errors = limits_here.errors;

  std::vector<Spoken> all;
  std::vector<std::vector<int>> expected{{220}};
  std::string input;
  while (!model.closed() && all.size() < commands_in_a_session) {
    all.push_back(talk.next(model.in_content()));
    expected.push_back(model.answer(all.back().act));
    input += all.back().octets;
  }

  ServerProtocol protocol(options, seed % 2 == 0);
  protocol.greet();
  bool closed = false;
  const std::string heard = say_to(protocol, input, talk, closed);
  const std::vector<int> got = codes(heard);
  met.insert(got.begin(), got.end());

  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto& right = expected[i];
    const bool agreed = i < got.size() && std::count(right.begin(), right.end(), got[i]) != 0;
    if (show && i > 0) {
      std::cout << shown(all[i - 1].octets) << "\n    model " << right[0] << ", server "
                << (i < got.size() ? got[i] : 0) << "\n";
    }
    if (agreed) continue;
    ADD_FAILURE() << "MALLEPOSTE_MODEL_SEED=" << seed << ": to command " << i << ", "
                  << (i == 0 ? "the greeting" : shown(all[i - 1].octets)) << ": the model says "
                  << right[0] << ", the server " << (i < got.size() ? got[i] : 0);
    return all.size();
  }
  EXPECT_EQ(got.size(), expected.size())
      << "MALLEPOSTE_MODEL_SEED=" << seed << ": replies to nothing";
  EXPECT_EQ(closed, model.closed()) << "MALLEPOSTE_MODEL_SEED=" << seed;
  return all.size();
}

TEST(SessionModel, TheServerAgreesWithItOnKeptSeeds) {
  std::set<int> met;
  for (const std::uint64_t seed : kept_seeds) play(seed, met);
}

TEST(SessionModel, TheServerAgreesWithItOn100000RandomCommands) {
  std::set<int> met;
  if (const char* const seed = std::getenv("MALLEPOSTE_MODEL_SEED")) {
    play(std::strtoull(seed, nullptr, 10), met, true);
    return;
  }
  const std::uint64_t first = std::random_device{}();
  std::cout << "first seed " << first << "\n";
  std::uint64_t seed = first;
  std::size_t commands = 0;
  while (commands < commands_in_a_run && !HasFailure()) commands += play(seed++, met);
  std::cout << commands << " commands in " << seed - first << " sessions\n";
  EXPECT_GE(commands, commands_in_a_run);
  // So many commands meet every answer there is, or they are no longer what they should be.
  for (const int code : {214, 220, 221, 250, 252, 354, 421, 450, 452, 459, 500, 501, 502, 503, 550,
                         552, 553, 554, 555})
    EXPECT_TRUE(met.contains(code)) << code;
}

}  // namespace
}  // namespace malleposte::smtp
