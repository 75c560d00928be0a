#include "smtp/client_protocol.h"

#include <fmt/format.h>

#include <cassert>
#include <utility>

#include "base/limits.h"
#include "mail/plain_text.h"
#include "mail/status.h"

namespace malleposte::smtp {
namespace {

constexpr std::string_view in_doubt = "; it may have been delivered";

Verdict verdict_of(const PeerReply& reply) {
  if (reply.positive()) return Verdict::accepted;
  return reply.permanent() ? Verdict::permanent : Verdict::temporary;
}

Ruling ruling_of(const PeerReply& reply, Verdict verdict) {
  Ruling result;
  result.verdict = verdict;
  result.code = reply.code;
  result.status = reply.status.empty() ? mail::general_status(reply.code) : reply.status;
  result.text = mail::one_line(reply.text, limits::reply_text_kept);
  return result;
}

Ruling ruling_of(const PeerReply& reply) {
  return ruling_of(reply, verdict_of(reply));
}

// RFC 5321 4.5.3.1.10 says 452, and to understand 552 so too; RFC 3463 has X.5.3 for it. A reply
// that says something else, a full mailbox or disk, is about that.
bool too_many_recipients(const PeerReply& reply) {
  const auto detail = reply.status.empty() ? std::string_view() : std::string_view(reply.status);
  if (detail.ends_with(".5.3") && detail.size() == 5) return true;
  return (reply.code == 452 || reply.code == 552) && (detail.empty() || detail.ends_with(".0.0"));
}

// Addresses come from one parser that lets no control character pass; a line end here would let a
// sender give our peer commands.
void append_path(std::string& to, std::string_view path) {
  for (char c : path) assert(c != '\r' && c != '\n' && c != '\0');
  to += '<';
  to += path;
  to += '>';
}

}  // namespace

ClientProtocol::ClientProtocol(std::string hostname) : hostname_(std::move(hostname)) {}

ClientProtocol::Need ClientProtocol::need() const {
  if (stage_ == Stage::closed) return Need::closed;
  if (!output_.empty() && stage_ != Stage::content && stage_ != Stage::dot) return Need::write;
  switch (stage_) {
    case Stage::content:
      return Need::content;
    case Stage::ready:
      return Need::transaction;
    default:
      return Need::read;
  }
}

void ClientProtocol::written() {
  output_.clear();
}

void ClientProtocol::received(std::string_view bytes) {
  if (finished_)
    pending_ += bytes;
  else
    consume(bytes);
}

void ClientProtocol::consume(std::string_view bytes) {
  while (!bytes.empty() && stage_ != Stage::closed) {
    if (finished_) {
      pending_ += bytes;
      return;
    }
    switch (parser_.feed(bytes)) {
      case ReplyParser::State::more:
        return;
      case ReplyParser::State::broken:
        return broken(parser_.complaint());
      case ReplyParser::State::reply:
        ++replies_;
        if (spoke_too_early() && !parser_.reply().closing())
          return broken("a reply to what was not said yet");
        replied(parser_.reply());
    }
  }
}

// A command waits to be written. The content is another matter: a peer may end it at any time, and
// a write that failed may have brought it to its end.
bool ClientProtocol::spoke_too_early() const {
  return !output_.empty() && stage_ != Stage::content && stage_ != Stage::dot;
}

void ClientProtocol::replied(const PeerReply& reply) {
  switch (stage_) {
    case Stage::greeting:
    case Stage::ehlo:
    case Stage::helo:
      return greeted(reply);
    case Stage::ready:
      // Unasked: the peer says good bye, or speaks out of turn and cannot be followed any more.
      if (reply.code < 400) return broken("a reply to nothing that was said");
      return close(ruling_of(reply, Verdict::temporary), true);
    case Stage::commands:
      return command_answered(reply);
    case Stage::content:
      // The peer ended the transfer while we were sending; only a refusal has a meaning here.
      if (reply.code < 400) return broken("a positive reply in the middle of the content");
      decide_rest(ruling_of(reply));
      return close(ruling_of(reply), true);
    case Stage::dot:
      return dot_answered(reply);
    case Stage::lone_dot:
      rset_needed_ = false;
      if (reply.closing()) return close(ruling_of(reply), true);
      stage_ = Stage::ready;
      return finish();
    case Stage::quit:
      stage_ = Stage::closed;
      return;
    case Stage::closed:
      return;
  }
}

void ClientProtocol::greeted(const PeerReply& reply) {
  if (reply.positive()) {
    if (stage_ == Stage::greeting) {
      if (reply.code != 220) return broken("a greeting that is not 220");
      stage_ = Stage::ehlo;
      output_ = fmt::format("EHLO {}\r\n", hostname_);
      return;
    }
    if (stage_ == Stage::ehlo) offers_ = parse_ehlo_answer(reply.text);
    stage_ = Stage::ready;
    return;
  }
  if (reply.code < 400) return broken("a reply of class 3 to the greeting or EHLO");
  if (stage_ == Stage::ehlo && reply.permanent()) {  // RFC 5321 3.2: an old server
    stage_ = Stage::helo;
    output_ = fmt::format("HELO {}\r\n", hostname_);
    return;
  }
  close(ruling_of(reply), true);
  // RFC 5321 4.1.1.10: not to close before QUIT; 3.1: who refuses with 554 waits for it.
  if (!reply.closing()) output_ = "QUIT\r\n";
}

std::optional<Ruling> ClientProtocol::refuses(std::uint64_t size) const {
  if (offers_.size_limit == 0 || size <= offers_.size_limit) return std::nullopt;
  return Ruling{Verdict::permanent, 0, "5.3.4",
                fmt::format("the message has {} octets; this host takes at most {}", size,
                            offers_.size_limit)};
}

bool ClientProtocol::takes_next() const {
  return stage_ == Stage::content && offers_.pipelining && !next_;
}

void ClientProtocol::begin(Transaction transaction) {
  assert(!transaction.recipients.empty());
  assert(!refuses(transaction.size));
  Exchange exchange;
  exchange.results.resize(transaction.recipients.size());
  exchange.transaction = std::move(transaction);
  if (takes_next()) {
    next_ = std::move(exchange);
    return;
  }
  assert(need() == Need::transaction && !finished_ && !current_);
  exchange.rset = std::exchange(rset_needed_, false);
  current_ = std::move(exchange);
  stage_ = Stage::commands;
  send_commands(*current_);
}

void ClientProtocol::write_command(const Exchange& exchange, std::size_t number) {
  const auto& transaction = exchange.transaction;
  if (exchange.rset && number-- == 0) {
    output_ += "RSET\r\n";
    return;
  }
  if (number == 0) {
    output_ += "MAIL FROM:";
    append_path(output_, transaction.reverse_path);
    if (offers_.size) fmt::format_to(std::back_inserter(output_), " SIZE={}", transaction.size);
    if (offers_.eight_bit_mime && transaction.eight_bit) output_ += " BODY=8BITMIME";
  } else if (number <= transaction.recipients.size()) {
    output_ += "RCPT TO:";
    append_path(output_, transaction.recipients[number - 1]);
  } else {
    output_ += "DATA";
  }
  output_ += "\r\n";
}

void ClientProtocol::send_commands(Exchange& exchange) {
  do {
    write_command(exchange, exchange.sent++);
  } while (offers_.pipelining && exchange.sent < exchange.commands());
}

void ClientProtocol::command_answered(const PeerReply& reply) {
  auto& exchange = *current_;
  if (reply.closing()) {
    loss_is_harmless_ = true;
    return close(ruling_of(reply), true);
  }
  auto number = exchange.answered++;
  const bool is_rset = exchange.rset && number == 0;
  if (exchange.rset && !is_rset) --number;
  const auto recipients = exchange.transaction.recipients.size();
  if (!is_rset && number > recipients) return data_answered(reply);
  if (reply.code >= 300 && reply.code < 400) return broken("a reply of class 3 to " + doing());
  if (is_rset && !reply.positive()) {
    // What follows would be added to the transaction before: not over this connection.
    loss_is_harmless_ = true;
    return close(ruling_of(reply, Verdict::temporary), true);
  }
  if (is_rset) {
    // The way is clear.
  } else if (number == 0) {
    if (!reply.positive()) exchange.mail_refused = ruling_of(reply);
  } else if (!exchange.mail_refused) {
    recipient_answered(number - 1, reply);
  } else if (reply.positive()) {
    exchange.recipient_without_sender = true;
  }
  if (exchange.sent == exchange.commands()) return;  // all on their way
  if (exchange.mail_refused) {
    stage_ = Stage::ready;
    decide_rest(Ruling(*exchange.mail_refused));
    return finish();
  }
  if (exchange.sent + 1 == exchange.commands() && exchange.accepted == 0) {  // no DATA for nobody
    stage_ = Stage::ready;
    rset_needed_ = true;
    return finish();
  }
  send_commands(exchange);
}

void ClientProtocol::recipient_answered(std::size_t position, const PeerReply& reply) {
  auto& exchange = *current_;
  if (reply.positive()) {
    ++exchange.accepted;
    return;
  }
  auto& result = exchange.results[position].emplace(ruling_of(reply));
  if (exchange.accepted == 0 || !too_many_recipients(reply)) return;
  result.verdict = Verdict::temporary;
  exchange.surplus.push_back(position);
}

void ClientProtocol::data_answered(const PeerReply& reply) {
  auto& exchange = *current_;
  if (reply.positive()) return broken("a positive reply to DATA");
  const bool go_ahead = reply.code < 400;
  if (exchange.mail_refused) decide_rest(Ruling(*exchange.mail_refused));
  if (go_ahead && exchange.accepted > 0) {
    stage_ = Stage::content;
    return;
  }
  if (go_ahead && exchange.recipient_without_sender)  // the dot would send them an empty message
    return close({Verdict::temporary, 0, "4.5.0", "the peer takes mail without a sender"}, true);
  if (go_ahead) {  // RFC 2920 3.1: nobody is to get it; the data has to be ended nevertheless
    stage_ = Stage::lone_dot;
    output_ = ".\r\n";
    return;
  }
  rset_needed_ = !exchange.mail_refused;
  decide_rest(ruling_of(reply));
  stage_ = Stage::ready;
  finish();
}

std::string_view ClientProtocol::finish_content(std::string_view end) {
  assert(stage_ == Stage::content);
  stage_ = Stage::dot;
  output_ = end;
  if (next_) send_commands(*next_);
  return output_;
}

void ClientProtocol::content_written() {
  assert(stage_ == Stage::dot);
  output_.clear();
}

void ClientProtocol::dot_answered(const PeerReply& reply) {
  output_.clear();  // when writing it failed at last: the peer had what it needed
  if (reply.code < 400 && !reply.positive()) return broken("a reply of class 3 to the final dot");
  decide_rest(ruling_of(reply));
  if (reply.closing()) {
    loss_is_harmless_ = true;
    return close(ruling_of(reply), true);
  }
  stage_ = next_ ? Stage::commands : Stage::ready;
  auto surplus = std::move(current_->surplus);
  finish();
  if (reply.positive()) finished_->surplus = std::move(surplus);
}

// Every recipient without a result gets this one.
void ClientProtocol::decide_rest(const Ruling& result) {
  for (auto& known : current_->results)
    if (!known) known = result;
}

void ClientProtocol::finish(bool untouched, bool undecided) {
  Finished finished;
  finished.untouched = untouched;
  finished.in_doubt = undecided;
  finished.results.reserve(current_->results.size());
  for (auto& result : current_->results) {
    assert(result);
    finished.results.push_back(std::move(*result));
  }
  finished_ = std::move(finished);
  current_ = std::move(next_);
  next_.reset();
}

std::optional<Finished> ClientProtocol::take_finished() {
  if (!finished_) return std::nullopt;
  auto taken = std::exchange(finished_, std::nullopt);
  if (stage_ == Stage::closed) {
    if (current_) {  // begun behind the one that has just ended
      if (loss_.code == 0) loss_.text = "the connection ended before the message was sent";
      decide_rest(loss_);
      finish(loss_is_harmless_ || current_->sent == 0);
    }
  } else if (!pending_.empty()) {
    consume(std::exchange(pending_, {}));
  }
  return taken;
}

// The conversation is over. What was begun is decided: by the peer's own words when it said why,
// else as lost.
void ClientProtocol::close(const Ruling& why, bool peer_said_so) {
  const auto stage = std::exchange(stage_, Stage::closed);
  output_.clear();
  loss_ = why;
  loss_.verdict = Verdict::temporary;
  if (!current_ && !finished_) refusal_ = why;
  if (!current_) return;
  if (finished_) return;  // its turn comes in take_finished()
  const bool undecided = stage == Stage::dot && !peer_said_so;
  if (current_->mail_refused) decide_rest(Ruling(*current_->mail_refused));
  decide_rest(loss_);
  finish(stage == Stage::commands && loss_is_harmless_, undecided);
}

void ClientProtocol::lost(std::string_view how) {
  if (stage_ == Stage::closed) return;
  if (stage_ == Stage::quit) {
    stage_ = Stage::closed;
    return;
  }
  loss_is_harmless_ = true;
  auto text = fmt::format("{} while {}", how, doing());
  if (stage_ == Stage::dot) text += in_doubt;
  close({Verdict::temporary, 0, "4.4.2", std::move(text)}, false);
}

void ClientProtocol::broken(std::string_view complaint) {
  loss_is_harmless_ = false;
  if (stage_ == Stage::commands) {
    current_->mail_refused.reset();
    for (auto& result : current_->results) result.reset();
  }
  auto text = fmt::format("the peer breaks the protocol: {}", complaint);
  if (stage_ == Stage::dot) text += in_doubt;
  close({Verdict::temporary, 0, "4.5.0", std::move(text)}, false);
}

void ClientProtocol::quit() {
  assert(need() == Need::transaction);
  stage_ = Stage::quit;
  output_ = "QUIT\r\n";
}

std::string ClientProtocol::doing() const {
  switch (stage_) {
    case Stage::greeting:
      return "waiting for the greeting";
    case Stage::ehlo:
      return "saying EHLO";
    case Stage::helo:
      return "saying HELO";
    case Stage::content:
      return "sending the message";
    case Stage::dot:
      return "waiting for the answer to the final dot";
    case Stage::lone_dot:
      return "ending DATA";
    case Stage::quit:
      return "saying QUIT";
    case Stage::commands:
      break;
    default:
      return "idle";
  }
  auto number = current_->answered;
  if (current_->rset && number-- == 0) return "saying RSET";
  if (number == 0) return "saying MAIL FROM";
  return number <= current_->transaction.recipients.size() ? "saying RCPT TO" : "saying DATA";
}

Duration ClientProtocol::timeout() const {
  switch (stage_) {
    case Stage::greeting:
      return limits::greeting_timeout;
    case Stage::ehlo:
    case Stage::helo:
      return limits::ehlo_timeout;
    case Stage::content:
      return limits::data_block_timeout;
    case Stage::dot:
    case Stage::lone_dot:
      return limits::data_end_timeout;
    case Stage::quit:
      return limits::quit_timeout;
    default:
      break;
  }
  if (!current_) return limits::mail_timeout;
  return current_->answered + 1 == current_->commands() ? limits::data_timeout
                                                        : limits::rcpt_timeout;
}

}  // namespace malleposte::smtp
