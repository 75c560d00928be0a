#include "client.h"

#include <array>

namespace malleposte::sim {
namespace {

constexpr Duration patience = 6min;

std::string stuffed(std::string_view content) {
  std::string text;
  bool line_start = true;
  for (const char c : content) {
    if (line_start && c == '.') text += '.';
    text += c;
    line_start = c == '\n';
  }
  return text + ".\r\n";
}

}  // namespace

Task<void> Client::say(Talk& talk, std::string text) {
  if (talk.over) co_return;
  if (talk.manner.leaves_at && talk.said + text.size() > *talk.manner.leaves_at) {
    text.resize(*talk.manner.leaves_at - talk.said);
    const std::array<std::string_view, 1> last{text};
    (void)co_await talk.stream->write(last, loop_.steady() + patience);
    ++figures_.left;
    if (talk.manner.leaves_silently) {
      std::array<char, 512> heard;
      for (;;) {  // until our server has had enough
        const auto got = co_await talk.stream->read_some(heard, loop_.steady() + 2 * patience);
        if (!got || *got == 0) break;
      }
    } else {
      static_cast<net::SimulatedStream&>(*talk.stream).reset();
    }
    talk.over = true;
    co_return;
  }
  talk.said += text.size();
  const std::array<std::string_view, 1> all{text};
  const auto sent = co_await talk.stream->write(all, loop_.steady() + patience);
  if (!sent) talk.over = true;
}

Task<int> Client::hear(Talk& talk) {
  while (!talk.over) {
    std::string_view rest = talk.unread;
    const auto state = talk.parser.feed(rest);
    talk.unread.erase(0, talk.unread.size() - rest.size());
    if (state == smtp::ReplyParser::State::reply) co_return talk.parser.reply().code;
    std::array<char, 512> heard;
    const auto got = co_await talk.stream->read_some(heard, loop_.steady() + patience);
    if (!got || *got == 0 || state == smtp::ReplyParser::State::broken) break;
    talk.unread.append(heard.data(), *got);
  }
  talk.over = true;
  co_return 0;
}

Task<void> Client::send(std::vector<Mail> mails, Manner manner) {
  ++figures_.sessions;
  Talk talk;
  talk.manner = manner;
  auto made = co_await network_.connect(server_, "", loop_.steady() + 30s);
  if (!made) co_return;
  talk.stream = std::move(*made);
  const auto greeting = co_await hear(talk);
  if (greeting != 220) {
    ++figures_.refused_sessions;
    co_return;
  }
  figures_.most_open = std::max<std::uint64_t>(figures_.most_open, ++open_);
  co_await say(talk, "EHLO client.example\r\n");
  if (co_await hear(talk) != 250) talk.over = true;
  talk.dsn = talk.parser.reply().text.find("\nDSN") != std::string::npos;
  for (const auto& mail : mails) {
    if (talk.over) break;
    co_await transaction(talk, mail);
  }
  if (!talk.over && manner.quits) {
    co_await say(talk, "QUIT\r\n");
    (void)co_await hear(talk);
  }
  --open_;
}

Task<void> Client::transaction(Talk& talk, const Mail& mail) {
  ++figures_.transactions;
  auto& sent = ledger_.sent[mail.token];
  sent.content = mail.content;
  const auto asked = [&](const std::string& parameters) { return talk.dsn ? parameters : ""; };
  std::vector<std::string> commands{"MAIL FROM:<" + mail.sender + ">" +
                                    asked(mail.mail_parameters) + "\r\n"};
  for (std::size_t i = 0; i < mail.recipients.size(); ++i)
    commands.push_back("RCPT TO:<" + mail.recipients[i] + ">" + asked(mail.rcpt_parameters[i]) +
                       "\r\n");
  commands.emplace_back("DATA\r\n");
  if (talk.manner.pipelining) {
    std::string all;
    for (const auto& command : commands) all += command;
    co_await say(talk, std::move(all));
  }
  int code = 0;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (!talk.manner.pipelining) co_await say(talk, commands[i]);
    code = co_await hear(talk);
    if (talk.over) co_return;
    if (i > 0 && i + 1 < commands.size() && code == 250)
      sent.recipients.push_back(mail.recipients[i - 1]);
    if (code == 421) {
      talk.over = true;
      co_return;
    }
  }
  if (code != 354) {
    sent.told = Sent::Told::refused;
    ++figures_.refused;
    co_await say(talk, "RSET\r\n");
    (void)co_await hear(talk);
    co_return;
  }
  const auto text = stuffed(mail.content);
  constexpr std::size_t pieces = 30;  // so that it comes to an end
  const auto piece =
      talk.manner.piece > 0 ? std::max(talk.manner.piece, text.size() / pieces) : text.size();
  for (std::size_t at = 0; at < text.size() && !talk.over; at += piece) {
    if (at > 0 && talk.manner.pause > Duration{})
      co_await sleep_until(loop_, loop_.steady() + talk.manner.pause);
    co_await say(talk, text.substr(at, piece));
  }
  code = co_await hear(talk);
  if (code == 0) {
    trace_.note(loop_.steady(), fmt::format("message {} has no answer", mail.token));
    co_return;
  }
  trace_.note(loop_.steady(), fmt::format("message {} is answered {}", mail.token, code));
  sent.told = code == 250 ? Sent::Told::accepted : Sent::Told::refused;
  ++(code == 250 ? figures_.accepted : figures_.refused);
  if (code == 421) talk.over = true;
}

}  // namespace malleposte::sim
