#include "smtp/client_protocol.h"

#include <fmt/format.h>

#include <cassert>
#include <utility>

#include "base/limits.h"
#include "smtp/envelope_commands.h"

namespace malleposte::smtp {
namespace {

// RFC 5321 4.5.3.1.10 says 452, and to understand 552 so too; RFC 3463 has X.5.3 for it. A reply
// that says something else, a full mailbox or disk, is about that.
bool too_many_recipients(const PeerReply& reply) {
  const auto detail = reply.status.empty() ? std::string_view() : std::string_view(reply.status);
  if (detail.ends_with(".5.3") && detail.size() == 5) return true;
  return (reply.code == 452 || reply.code == 552) && (detail.empty() || detail.ends_with(".0.0"));
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
      return content_refused_early(reply);
    case Stage::dot:
      return content_answered(reply);
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

void ClientProtocol::forgo_chunking() {
  assert(!current_);
  offers_.chunking = offers_.binary_mime = false;
}

bool ClientProtocol::takes_next() const {
  return stage_ == Stage::content && offers_.pipelining && !next_;
}

void ClientProtocol::begin(Transaction transaction) {
  assert(!transaction.recipients.empty());
  assert(!unfit(offers_, transaction) && !cannot_return_in_time(offers_, transaction));
  Exchange exchange;
  exchange.data = !sends_chunk();
  limits_.begun(transaction);
  exchange.results.resize(transaction.recipients.size());
  exchange.transaction = std::move(transaction);
  if (takes_next()) {
    exchange.rset = !exchange.data;  // should the chunk before it fail (RFC 3030 2)
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
  if (number == 0)
    append_mail(output_, offers_, transaction);
  else if (number <= transaction.recipients.size())
    append_rcpt(output_, offers_, transaction, transaction.recipients[number - 1]);
  else
    output_ += "DATA\r\n";
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
  const bool all_sent = exchange.sent == exchange.commands();
  if (all_sent && (exchange.data || exchange.answered < exchange.sent)) return;
  if (exchange.mail_refused) {
    stage_ = Stage::ready;
    rset_needed_ = exchange.recipient_without_sender;
    decide_rest(Ruling(*exchange.mail_refused));
    return finish();
  }
  const bool asked = exchange.sent + (exchange.data ? 1 : 0) == exchange.commands();
  if (asked && exchange.accepted == 0) {  // no content for nobody
    stage_ = Stage::ready;
    rset_needed_ = true;
    return finish();
  }
  if (all_sent)
    stage_ = Stage::content;  // by BDAT, which needs no leave
  else
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

std::string ClientProtocol::content_head() const {
  assert(stage_ == Stage::content);
  if (!sends_chunk()) return "";
  return fmt::format("BDAT {} LAST\r\n", current_->transaction.size);
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

// The peer ended the transfer while we were sending; only a refusal has a meaning here.
void ClientProtocol::content_refused_early(const PeerReply& reply) {
  if (reply.code < 400) return broken("a positive reply in the middle of the content");
  const bool no_chunk = knows_no_chunk(reply);
  const auto ruling = no_chunk ? ruling_of(reply, Verdict::temporary) : ruling_of(reply);
  decide_rest(ruling);
  if (no_chunk) loss_is_harmless_ = true;
  close(ruling, true);
  finished_->chunking_broken = no_chunk;
}

void ClientProtocol::content_answered(const PeerReply& reply) {
  output_.clear();  // when writing it failed at last: the peer had what it needed
  if (reply.code < 400 && !reply.positive()) return broken("a reply of class 3 to the content");
  if (knows_no_chunk(reply)) return content_refused_early(reply);
  auto ruling = ruling_of(reply);
  ruling.reports_passed_on = reply.positive() && offers_.dsn;
  ruling.time_limit_lost =
      reply.positive() && current_->transaction.requests.deliver_by && !offers_.deliver_by;
  decide_rest(ruling);
  if (reply.closing()) {
    loss_is_harmless_ = true;
    return close(ruling, true);
  }
  // RFC 3030 2: a chunk that was refused does not end the transaction, as the final dot does.
  if (!reply.positive() && sends_chunk() && !next_) rset_needed_ = true;
  stage_ = next_ ? Stage::commands : Stage::ready;
  auto surplus = std::move(current_->surplus);
  finish();
  if (reply.positive()) finished_->surplus = std::move(surplus);
}

// The command is not known, in spite of what was offered: some go between who let the EHLO answer
// of another pass. What they were told then is not about the message.
bool ClientProtocol::knows_no_chunk(const PeerReply& reply) const {
  return sends_chunk() && (reply.code == 500 || reply.code == 502);
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
  const bool data = current_->data && current_->answered + 1 == current_->commands();
  return data ? limits::data_timeout : limits::rcpt_timeout;
}

}  // namespace malleposte::smtp
