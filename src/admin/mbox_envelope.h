// The envelope of an exported message as fields in front of its header, one line each: one field
// X-Malleposte-Message with what is said once, and an X-Malleposte-Recipient for each recipient
// that is still queued. Their values are JSON. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "spool/store.h"

namespace malleposte::admin {

struct ExportedMessage {
  spool::Restored restored;  // id, envelope, what was done so far
  std::uint64_t size = 0;    // octets of content
  bool crlf = true;          // its lines end in CRLF, all of them
  // Of restored, for the separator.
  std::string sender;
  WallTime arrived{};
};

void append_envelope(std::string& out, const ExportedMessage& message);

// What is wrong with a line, as a sentence without a number of the line.
using Complaint = std::string;
// Reads the line X-Malleposte-Message; returns how many recipients follow.
Result<std::size_t, Complaint> parse_envelope(std::string_view line, ExportedMessage& into);
// Reads a line X-Malleposte-Recipient and adds what it says.
Result<void, Complaint> parse_recipient(std::string_view line, ExportedMessage& into);

}  // namespace malleposte::admin
