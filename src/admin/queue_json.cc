#include "admin/queue_json.h"

#include <algorithm>
#include <cassert>

namespace malleposte::admin {

using monitor::append_json;
using monitor::append_number;

namespace {

void append_attempts(std::string& out, const spool::RecipientAttempts& attempts,
                     monitor::ClockText& clock) {
  out += ",\"attempts\":";
  append_number(out, attempts.made);
  out += ",\"attempts_left_out\":";
  append_number(out, attempts.made - attempts.known.size());
  out += ",\"history\":[";
  bool first = true;
  for (const auto& attempt : attempts.known) {
    if (!first) out += ',';
    first = false;
    const auto& answer = attempt.answer;
    out += "{\"began\":\"";
    clock.append_rfc3339(out, attempt.began, 3);
    out += "\",\"ended\":\"";
    clock.append_rfc3339(out, attempt.ended, 3);
    out += "\",\"host\":";
    append_json(out, answer.host);
    out += ",\"address\":";
    append_json(out, answer.address);
    out += ",\"code\":";
    append_number(out, static_cast<std::uint64_t>(std::max(answer.code, 0)));
    out += ",\"status\":";
    append_json(out, answer.status);
    out += ",\"text\":";
    append_json(out, answer.text);
    out += ",\"class\":";
    append_json(out, to_string(answer.outcome_class));
    out += '}';
  }
  out += ']';
}

}  // namespace

void append_message(std::string& out, const spool::ListedMessage& message,
                    monitor::ClockText& clock,
                    const std::vector<spool::RecipientAttempts>* attempts) {
  assert(attempts == nullptr || attempts->size() >= message.recipients.size());
  std::size_t recipient_number = 0;
  out += "{\"id\":\"";
  out += to_string(message.id);
  out += "\",\"sender\":";
  append_json(out, message.sender);
  out += ",\"size\":";
  append_number(out, message.size);
  out += ",\"arrived\":\"";
  clock.append_rfc3339(out, message.arrived, 3);
  out += "\",\"state\":";
  append_json(out, to_string(message.state));
  out += ",\"attempts\":";
  append_number(out, message.attempts);
  out += ",\"next_attempt\":";
  if (message.next_attempt) {
    out += '"';
    clock.append_rfc3339(out, *message.next_attempt, 3);
    out += '"';
  } else {
    out += "null";
  }
  out += ",\"reason\":";
  append_json(out, message.reason);
  if (attempts != nullptr) {
    out += ",\"next_hop\":";
    append_json(out, message.next_hop);
    out += ",\"lifetime\":";
    if (message.lifetime)
      append_number(out, static_cast<std::uint64_t>(message.lifetime->count() / 1'000'000));
    else
      out += "null";
  }
  out += ",\"recipients\":[";
  bool first = true;
  for (const auto& recipient : message.recipients) {
    if (!first) out += ',';
    first = false;
    out += "{\"address\":";
    append_json(out, recipient.address);
    out += ",\"state\":";
    append_json(out, recipient.state);
    out += ",\"reply\":";
    append_json(out, recipient.reply);
    out += ",\"class\":";
    append_json(out, to_string(recipient.outcome_class));
    if (attempts != nullptr) append_attempts(out, (*attempts)[recipient_number], clock);
    ++recipient_number;
    out += '}';
  }
  out += "]}";
}

}  // namespace malleposte::admin
