#include "admin/queue_json.h"

namespace malleposte::admin {

using monitor::append_json;
using monitor::append_number;

void append_message(std::string& out, const spool::ListedMessage& message,
                    monitor::ClockText& clock) {
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
    out += '}';
  }
  out += "]}";
}

}  // namespace malleposte::admin
