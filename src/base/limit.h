// The limits that an SMTP client can reach, each with its name in figures and the answer it is
// given: one table, from which protocol, sessions and front door answer, and with which the
// manual's table (docs/manual/limits.md) is compared by a test. Their values are properties or
// stand in base/limits.h. Constant data; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace malleposte {

enum class Limit : std::uint8_t {
  // Whether a session may begin.
  sessions,
  reserved_sessions,
  sessions_per_address,
  sessions_per_network,
  new_sessions_per_address,
  read_buffers,
  commit_delay,
  descriptors,
  proxy_header_time,
  // How long a session may take.
  idle_time,
  command_time,
  data_rate,
  // What a client may send.
  command_line,
  mistakes,
  junk_commands,
  recipients,
  message_size,
  header_size,
  header_fields,
  line_length,
};
inline constexpr std::size_t limit_count = 20;

struct LimitRow {
  Limit limit;
  std::string_view name;      // in figures: malleposte_limits_reached_total{limit="name"}
  std::string_view property;  // that sets it; "" none does
  int code;                   // the answer: RFC 5321 4.2, RFC 3463
  std::string_view status;
  std::string_view text;
};

// In the order of Limit.
std::span<const LimitRow, limit_count> limit_table();
const LimitRow& row(Limit limit);
// The limit whose answer this reply is ("421 4.3.2 All lines are busy, please call again later."):
// each limit has a text of its own.
std::optional<Limit> limit_of(std::string_view reply);

}  // namespace malleposte
