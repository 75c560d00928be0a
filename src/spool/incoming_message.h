// A message on its way into the log. Its content is received straight into the buffer of the record
// that will hold it; what is over limits::inline_body_octets goes out as CHUNK records meanwhile.
// Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

#include "spool/group_commit.h"
#include "spool/record_access.h"
#include "spool/room.h"

namespace malleposte::spool {

// What all messages on their way in share.
struct Intake {
  SpoolState& state;
  GroupCommit& commits;
  Room& room;
  std::function<void()> look;                   // a segment may have become retirable
  std::function<void()> accepted;               // one more message may be due
  std::unordered_set<std::uint64_t> restoring;  // ids on their way back
  std::size_t buffered_octets = 0;              // by all of them together
  std::size_t inline_most;                      // octets of content kept in one record
};

std::unique_ptr<Incoming> begin_incoming(Intake& intake, mail::Envelope envelope);
// The message must not be in the queue nor on its way there.
std::unique_ptr<Incoming> begin_restored(Intake& intake, Restored message);

// A message of our own making as an item of the log, with the id given.
MessageItem describe(const mail::Envelope& envelope, MessageId id, std::uint64_t size);

}  // namespace malleposte::spool
