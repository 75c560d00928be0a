#include "receive/rehearsal.h"

#include <fmt/format.h>

#include <cassert>

namespace malleposte::receive {
namespace {

using policy::Rehearsal;
using Protocol = smtp::ServerProtocol;

// The output so far as it is shown: without CR, without the last line end.
std::string said(Protocol& protocol) {
  std::string text;
  for (const char c : protocol.output())
    if (c != '\r') text += c;
  protocol.output().clear();
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

class Player {
 public:
  Player(const Rehearsal::Question& question, const Rules& rules, bool room,
         std::optional<Recipients::Found> found, WallTime now)
      : question_(question),
        rules_(rules),
        room_(room),
        found_(found),
        now_(now),
        trusted_(rules.relay.trusts(question.client)),
        client_{trusted_, parse_ip(question.listener).value_or(IpAddress{})},
        protocol_(rules.options, rules.repair_bare_lf && trusted_,
                  rules.offers(question.client, trusted_, question.listener)) {}

  Rehearsal play(std::optional<Limit> met) {
    if (!connect(met)) return std::move(result_);
    const auto helo = question_.helo.empty() ? address_literal() : question_.helo;
    const auto sender = question_.sender == "<>" ? std::string() : question_.sender;
    const bool ascii = is_ascii(sender) && is_ascii(question_.recipient);
    if (say("EHLO " + helo, withheld()) &&
        say(fmt::format("MAIL FROM:<{}>{}", sender, ascii ? "" : " SMTPUTF8"), {}) &&
        say(fmt::format("RCPT TO:<{}>", question_.recipient), {}))
      say("DATA", content_rules());
    return std::move(result_);
  }

 private:
  static bool is_ascii(std::string_view text) {
    for (const char c : text)
      if (static_cast<unsigned char>(c) >= 0x80) return false;
    return true;
  }

  std::string address_literal() const {
    return fmt::format("[{}{}]",
                       is_ipv4(question_.client) ? "" : "IPv6:", to_string(question_.client));
  }

  bool connect(std::optional<Limit> met) {
    Rehearsal::Step step{"connection", "", true, {}};
    if (met) {
      const LimitRow& limit = row(*met);
      step.reply = fmt::format("{} {} {}", limit.code, limit.status, limit.text);
      step.taken = false;
      step.because.push_back(limit.property.empty() ? "this server has too much to do just now"
                                                    : std::string(limit.property) + " is reached");
    } else {
      protocol_.greet();
      step.reply = said(protocol_);
    }
    step.because.push_back(rules_.relay.explain_trust(question_.client));
    if (rules_.is_proxy(question_.client))
      step.because.emplace_back(
          "proxy_protocol_clients has it: it must begin with a PROXY header, and whom that names "
          "is "
          "the client");
    result_.steps.push_back(std::move(step));
    return !met;
  }

  // What is not offered to this client.
  std::vector<std::string> withheld() const {
    std::vector<std::string> because;
    for (const auto& [keyword, of] : rules_.withheld)
      if (of.empty() || of == question_.listener)
        because.push_back("ehlo_withheld has " + keyword + (of.empty() ? "" : "@" + of));
    if (!trusted_)
      because.emplace_back(
          "DELIVERBY, FUTURERELEASE and MT-PRIORITY are for smtpd_trusted_networks only");
    return because;
  }

  std::vector<std::string> content_rules() const {
    std::vector<std::string> because;
    because.push_back(fmt::format("message_size_limit is {} octets", rules_.options.size_limit));
    because.emplace_back(
        rules_.repair_bare_lf && trusted_ ? "bare_newline = repair: a bare LF becomes CRLF"
        : rules_.repair_bare_lf           ? "a bare LF is refused: bare_newline = repair is for "
                                            "smtpd_trusted_networks only"
                                          : "bare_newline = refuse: a bare LF is refused");
    if (trusted_)
      because.emplace_back("Date and Message-ID are added if they are missing, as it is trusted");
    if (result_.held) because.emplace_back("the message is held, since root_address is empty");
    return because;
  }

  // One command; whether it was taken.
  bool say(const std::string& command, std::vector<std::string> because) {
    because_ = std::move(because);
    const std::string line = command + "\r\n";
    protocol_.feed(line, now_);
    while (step()) {
    }
    auto reply = said(protocol_);
    const bool taken = reply.starts_with('2') || reply.starts_with('3');
    result_.steps.push_back({command, std::move(reply), taken, std::move(because_)});
    return taken;
  }

  bool step() {
    using Step = Protocol::Step;
    switch (protocol_.next()) {
      case Step::mail:
        judge_sender();
        return true;
      case Step::rcpt:
        judge_recipient();
        return true;
      case Step::data:
        protocol_.accept_data();
        return true;
      case Step::flush:
      case Step::refused:
        return true;
      default:
        return false;
    }
  }

  void judge_sender() {
    const auto& asked = protocol_.address();
    auto verdict = rules_.relay.sender(asked, client_);
    because_.push_back(rules_.relay.explain(verdict ? verdict->because : verdict.error().because,
                                            asked, question_.client));
    if (!verdict) return refuse(verdict.error());
    if (!room_) {
      because_.emplace_back("there is no room in the queue now, or new mail is not accepted");
      return protocol_.refuse(no_space());
    }
    result_.sender = verdict->address;
    protocol_.accept_mail(std::move(verdict->address));
  }

  void judge_recipient() {
    const auto& asked = protocol_.address();
    auto verdict = rules_.relay.recipient(asked, client_);
    because_.push_back(rules_.relay.explain(verdict ? verdict->because : verdict.error().because,
                                            asked, question_.client));
    if (verdict && found_ && verdict->because != policy::Because::postmaster) {
      verdict = judge(*found_, std::move(verdict->address), rules_.relay, client_);
      because_.push_back(rules_.relay.explain(verdict ? verdict->because : verdict.error().because,
                                              asked, question_.client));
    }
    if (!verdict) return refuse(verdict.error());
    result_.recipient = verdict->address;
    result_.held = rules_.relay.holds(verdict->address);
    protocol_.accept_recipient(std::move(verdict->address));
  }

  void refuse(const policy::Refusal& refusal) {
    protocol_.refuse(smtp::reply(refusal.code, refusal.status, refusal.text));
  }

  const Rehearsal::Question& question_;
  const Rules& rules_;
  const bool room_;
  const std::optional<Recipients::Found> found_;
  const WallTime now_;
  const bool trusted_;
  const policy::Client client_;
  Protocol protocol_;
  std::vector<std::string> because_;
  Rehearsal result_;
};

}  // namespace

Rehearsal rehearse(const Rehearsal::Question& question, const Rules& rules,
                   std::optional<Limit> met, bool room, std::optional<Recipients::Found> found,
                   WallTime now) {
  assert((question.helo + question.sender + question.recipient).find_first_of("\r\n") ==
         std::string::npos);
  return Player(question, rules, room, found, now).play(met);
}

}  // namespace malleposte::receive
