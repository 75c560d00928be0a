#include "base/limit.h"

#include <array>
#include <cassert>

namespace malleposte {
namespace {

using enum Limit;

constexpr std::array<LimitRow, limit_count> rows{{
    {sessions, "sessions", "session_limit", 421, "4.3.2",
     "All lines are busy, please call again later."},
    {reserved_sessions, "reserved_sessions", "reserved_session_percent", 421, "4.3.2",
     "Almost all lines are busy, please call again later."},
    {sessions_per_address, "sessions_per_address", "sessions_per_address", 421, "4.7.0",
     "You have too many connections open."},
    {sessions_per_network, "sessions_per_network", "sessions_per_network", 421, "4.7.0",
     "Your network has too many connections open."},
    {new_sessions_per_address, "new_sessions_per_address", "new_sessions_per_address", 421, "4.7.0",
     "You connect too often, please wait a moment."},
    {read_buffers, "read_buffers", "", 421, "4.3.2",
     "I have too much to read just now, please call again later."},
    {commit_delay, "commit_delay", "", 421, "4.3.2",
     "My disk has too much to do just now, please call again later."},
    {descriptors, "descriptors", "", 421, "4.3.2",
     "I have no line left just now, please call again later."},
    {proxy_header_time, "proxy_header_time", "", 421, "4.7.0",
     "The proxy in front of this server did not say who is calling."},
    {idle_time, "idle_time", "idle_timeout", 421, "4.4.2", "You were silent for too long."},
    {command_time, "command_time", "command_timeout", 421, "4.4.2",
     "The end of your command did not come in time."},
    {data_rate, "data_rate", "data_rate_minimum", 421, "4.4.2",
     "Your message comes in too slowly."},
    {command_line, "command_line", "command_line_limit", 500, "5.5.2", "The line is too long."},
    {mistakes, "mistakes", "mistake_limit", 421, "4.7.0", "Too many mistakes; good bye."},
    {junk_commands, "junk_commands", "junk_command_limit", 421, "4.7.0",
     "Too many commands without a mail; good bye."},
    {recipients, "recipients", "recipient_limit", 452, "4.5.3",
     "Too many recipients; send the others a message later."},
    {message_size, "message_size", "message_size_limit", 552, "5.3.4",
     "The message is bigger than I may take."},
    {header_size, "header_size", "header_size_limit", 552, "5.3.4",
     "The header of the message is bigger than I may take."},
    {header_fields, "header_fields", "header_field_limit", 552, "5.6.0",
     "The header of the message has more fields than I may take."},
    {line_length, "line_length", "line_length_limit", 554, "5.6.0",
     "The message has a line that is longer than I may take."},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].limit) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

std::span<const LimitRow, limit_count> limit_table() {
  return rows;
}

const LimitRow& row(Limit limit) {
  const auto at = static_cast<std::size_t>(limit);
  assert(at < rows.size());
  return rows[at];
}

std::optional<Limit> limit_of(std::string_view reply) {
  for (const LimitRow& one : rows) {
    // "421 4.3.2 All lines are busy, ...", with or without the status.
    if (reply.ends_with(one.text)) return one.limit;
  }
  return {};
}

}  // namespace malleposte
