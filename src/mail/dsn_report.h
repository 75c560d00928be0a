// Many notices to one sender as one: the report that goes out once an hour when too much of what
// somebody sends fails. It is made from the DSNs that were gathered for it, and says of every
// recipient in them what they said. Pure; deliver/gatherer calls it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mail/dsn.h"

namespace malleposte::mail {

// What a report takes over from a DSN of ours.
struct GatheredDsn {
  std::string people;    // lines about its message and each recipient, in its language
  std::string programs;  // its delivery status, as it stands
  bool global = false;   // that is message/global-delivery-status (RFC 6533)
  Language language = Language::english;
  std::size_t octets() const { return people.size() + programs.size() + 128; }
};

// Empty when it is no DSN as make_dsn() makes them: then it has to go out as it is.
std::optional<GatheredDsn> read_dsn(std::string_view content);

struct ReportCase {
  Address to;
  MessageId first;  // the first of the DSNs
  std::string_view hostname;
  WallTime now{};
};
// A text that lists them all, and the delivery status of each message in a part of its own. How
// many fit is the caller's business: GatheredDsn::octets() and about 2 KB in all. It is written in
// the language of the first.
Dsn make_report(const ReportCase& about, std::span<const GatheredDsn> gathered);

}  // namespace malleposte::mail
