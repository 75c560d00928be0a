// The attempts for a message, gathered from the log when somebody asks (docs/formats/spool.md,
// History). Each record of an outcome names the records of earlier attempts; the trail follows them
// from the latest back to the message's own item, which holds what was known when it was written.
//
// What it reads may be gone or damaged: then history is left out, and the count says so. It ends
// whatever it reads: only records that stand before the one that names them are followed, newest
// first, and at most limits::attempt_records_read of them.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "spool/record_access.h"

namespace malleposte::spool {

// Pure; any thread.
class AttemptTrail {
 public:
  // `made`: the attempts in all, by recipient. `latest`: where to begin.
  AttemptTrail(MessageId id, const std::vector<std::uint32_t>& made,
               const std::vector<RecordRef>& latest);

  // The next record to read; empty when there is nothing more to be had.
  std::optional<RecordRef> next();
  // What stands in the one that next() named last.
  void read(std::string_view payload);
  // What the message's own item holds: after the records.
  void read(const MessageItem& item);

  std::vector<RecipientAttempts> take();

 private:
  struct Recipient {
    std::uint32_t made;
    std::map<std::uint32_t, mail::Attempt> known;  // by number, from 1
  };
  void add(std::uint32_t recipient, std::uint32_t number, const mail::Attempt& attempt);

  MessageId id_;
  std::vector<Recipient> recipients_;
  std::set<RecordRef> to_read_;
  RecordRef reading_;
  std::size_t records_ = 0, octets_ = 0;
};

// Loop thread; reads on the reader lane what is not in memory. `unpinned` as in open_message.
// Errors: Fault::resource when there is no such message.
Task<Result<std::vector<RecipientAttempts>>> read_attempts(SpoolState& state, MessageId id,
                                                           std::function<void()> unpinned);

}  // namespace malleposte::spool
