// The queue as people read it: `queue list` and `queue show`, made from the API's JSON. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace malleposte::appliance {

// "35s", "12m", "3h", "6d"
std::string age_text(Duration age);
// "532", "1.2K", "50M"
std::string size_text(std::uint64_t octets);
// Empty (the epoch) when the text is no RFC 3339 time in UTC.
WallTime parse_rfc3339(std::string_view text);

// A table of messages with a heading; `columns` is the width lines are cut to, 0 does not cut.
std::string message_table(const boost::json::array& messages, WallTime now, unsigned columns);
// Everything about one message, a line a fact.
std::string message_details(const boost::json::object& message, WallTime now);
// The answer of GET status, a line a fact.
std::string status_text(const boost::json::object& status);

}  // namespace malleposte::appliance
