#include "next_hop.h"

#include <array>
#include <cassert>

namespace malleposte::sim {
namespace {

constexpr Duration patience = 11min;
constexpr Duration late = 12min;  // longer than any time-out of ours

std::string path_of(const std::string& line) {
  const auto from = line.find('<');
  const auto to = line.find('>', from);
  return from == std::string::npos || to == std::string::npos
             ? ""
             : line.substr(from + 1, to - from - 1);
}

}  // namespace

struct NextHop::Session {
  std::unique_ptr<net::Stream> stream;
  Script script;
  unsigned life = 0;
  std::string unread;
  std::string sender;
  struct Accepted {
    std::string address;
    SteadyTime begun;
  };
  std::vector<Accepted> recipients;

  net::SimulatedStream& line() { return static_cast<net::SimulatedStream&>(*stream); }
};

NextHop::NextHop(net::SimulatedNetwork& network, SimulatedLoop& loop, std::string name,
                 std::string address, Character character, std::function<Script()> script,
                 std::function<unsigned()> life, Took took, Figures& figures)
    : loop_(loop),
      name_(std::move(name)),
      character_(character),
      script_(std::move(script)),
      life_(std::move(life)),
      took_(std::move(took)),
      figures_(figures),
      host_(network, loop, {address}) {
  auto listening = host_.listen({address, 25}, [this](std::unique_ptr<net::Stream> stream) {
    spawn(serve(std::move(stream)));
  });
  assert(listening);
  listener_ = std::move(*listening);
}

// Says the usual, or what the script has for this stage. False: the session is over.
Task<bool> NextHop::answer(Session& session, Stage stage, std::string usual) {
  const auto& script = session.script;
  auto text = std::move(usual);
  bool closes = false;
  if (script.slow > Duration{}) co_await sleep_until(loop_, loop_.steady() + script.slow);
  if (script.act != Act::usual && script.stage == stage) {
    ++figures_.acts;
    switch (script.act) {
      case Act::temporary:
        text = "451 4.3.0 Not now.\r\n";
        closes = stage == Stage::greeting;
        break;
      case Act::permanent:
        text = "554 5.7.1 Never.\r\n";
        closes = stage == Stage::greeting;
        break;
      case Act::good_bye:
        text = "421 4.3.2 Going down.\r\n";
        closes = true;
        break;
      case Act::close:
      case Act::take_and_close:
        co_return false;
      case Act::silence:
      case Act::take_and_silence:
        co_await sleep_until(loop_, loop_.steady() + 2 * patience);
        co_return false;
      case Act::late:
        co_await sleep_until(loop_, loop_.steady() + late);
        break;
      case Act::usual:
        break;
    }
  }
  const std::array<std::string_view, 1> all{text};
  const auto sent = co_await session.stream->write(all, loop_.steady() + patience);
  co_return sent.has_value() && !closes;
}

Task<void> NextHop::serve(std::unique_ptr<net::Stream> stream) {
  ++figures_.sessions;
  Session session;
  session.stream = std::move(stream);
  session.script = script_();
  session.life = life_();
  const auto refuses = [&](Stage stage) {
    return session.script.stage == stage && session.script.act != Act::usual &&
           session.script.act != Act::late;
  };
  if (!co_await answer(session, Stage::greeting, "220 " + name_ + " ESMTP\r\n")) co_return;
  std::size_t rcpts = 0;
  for (;;) {
    const auto end = session.unread.find("\r\n");
    if (end == std::string::npos) {
      std::array<char, 1024> bytes;
      const auto got = co_await session.stream->read_some(bytes, loop_.steady() + patience);
      if (!got || *got == 0) co_return;
      session.unread.append(bytes.data(), *got);
      continue;
    }
    const auto line = session.unread.substr(0, end);
    session.unread.erase(0, end + 2);
    bool open = true;
    if (line.starts_with("EHLO")) {
      std::string offers = "250-" + name_ + "\r\n";
      if (character_.pipelining) offers += "250-PIPELINING\r\n";
      if (character_.dsn) offers += "250-DSN\r\n";
      if (character_.size_limit > 0)
        offers += fmt::format("250-SIZE {}\r\n", character_.size_limit);
      open = co_await answer(session, Stage::ehlo, offers + "250 8BITMIME\r\n");
    } else if (line.starts_with("HELO")) {
      open = co_await answer(session, Stage::ehlo, "250 " + name_ + "\r\n");
    } else if (line.starts_with("MAIL FROM:")) {
      session.sender = path_of(line);
      session.recipients.clear();
      open = co_await answer(session, Stage::mail, "250 2.1.0 Ok\r\n");
    } else if (line.starts_with("RCPT TO:")) {
      if (refuses(Stage::mail)) {
        const std::array<std::string_view, 1> no{"503 5.5.1 MAIL first\r\n"};
        open = (co_await session.stream->write(no, loop_.steady() + patience)).has_value();
      } else {
        // Some of the recipients only.
        const bool this_one = session.script.stage != Stage::rcpt || rcpts++ % 2 == 0;
        const auto script = session.script;
        if (!this_one) session.script.act = Act::usual;
        if (!refuses(Stage::rcpt)) session.recipients.push_back({path_of(line), loop_.steady()});
        open = co_await answer(session, Stage::rcpt, "250 2.1.5 Ok\r\n");
        session.script = script;
      }
    } else if (line == "DATA") {
      if (session.recipients.empty()) {
        const std::array<std::string_view, 1> no{"503 5.5.1 RCPT first\r\n"};
        open = (co_await session.stream->write(no, loop_.steady() + patience)).has_value();
      } else {
        open = co_await answer(session, Stage::data, "354 Go ahead\r\n");
        if (open && !refuses(Stage::data)) open = co_await take_data(session);
      }
    } else if (line == "QUIT") {
      const std::array<std::string_view, 1> bye{"221 2.0.0 Bye\r\n"};
      (void)co_await session.stream->write(bye, loop_.steady() + patience);
      co_return;
    } else {  // RSET
      session.recipients.clear();
      const std::array<std::string_view, 1> good{"250 2.0.0 Ok\r\n"};
      open = (co_await session.stream->write(good, loop_.steady() + patience)).has_value();
    }
    if (!open) co_return;
  }
}

Task<bool> NextHop::take_data(Session& session) {
  if (session.script.stage == Stage::content && session.script.act != Act::usual) {
    (void)co_await answer(session, Stage::content, "451 4.3.0 Enough.\r\n");
    co_return false;
  }
  std::string content;
  for (;;) {
    const auto end = session.unread.find("\r\n");
    if (end == std::string::npos) {
      std::array<char, 4096> bytes;
      const auto got = co_await session.stream->read_some(bytes, loop_.steady() + patience);
      if (!got || *got == 0) co_return false;
      session.unread.append(bytes.data(), *got);
      continue;
    }
    std::string_view line(session.unread.data(), end + 2);
    const bool last = line == ".\r\n";
    if (!last) {
      if (line.starts_with('.')) line.remove_prefix(1);
      content += line;
    }
    session.unread.erase(0, end + 2);
    if (last) break;
  }
  const auto act = session.script.stage == Stage::dot ? session.script.act : Act::usual;
  const std::string usual = "250 2.0.0 Taken\r\n";
  if (act == Act::usual || act == Act::late || act == Act::take_and_close ||
      act == Act::take_and_silence) {
    const bool answers = act == Act::usual || act == Act::late;
    ++figures_.messages;
    const auto heard = answers ? session.line().heard(usual.size()) : [] { return false; };
    for (const auto& recipient : session.recipients) {
      ++figures_.recipients;
      took_(name_, session.sender, recipient.address, content,
            {name_, recipient.begun, loop_.steady(), session.life, heard});
    }
  }
  session.recipients.clear();
  co_return co_await answer(session, Stage::dot, usual);
}

}  // namespace malleposte::sim
