// The store: what keeps mail. A message exists when its commit is durable and is gone when its last
// outcome is. spool::LogStore keeps it in a log on a local volume; a clustered store follows behind
// the same interface, so nothing here speaks of files.
//
// Loop thread only. Nothing here throws; what can go wrong is in the results.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "mail/envelope.h"
#include "mail/message_id.h"
#include "mail/outcome.h"
#include "spool/action.h"
#include "spool/listing.h"
#include "spool/overdue.h"

namespace malleposte::spool {

using mail::MessageId;

// --- Coming in -----------------------------------------------------------------------------------

enum class CommitStatus : std::uint8_t {
  durable,   // on stable storage: 250
  refused,   // nothing was kept: 4xx; the client still has it
  no_room,   // the same, for lack of space or memory
  in_doubt,  // it may have been kept (a cluster lost its quorum): 4xx
};

struct CommitResult {
  CommitStatus status;
  MessageId id{};
  std::string why;  // for people, when not durable
};

// A message on its way in. Destroying it without commit() forgets it.
class Incoming {
 public:
  virtual ~Incoming() = default;
  virtual MessageId id() const = 0;
  // Adds content; the bytes are copied. Usually returns at once; waits while a large message
  // streams out to disk (back-pressure). An Error (Fault::disk, Fault::resource) means that commit
  // will refuse; the caller may go on and drop the bytes.
  virtual Task<Result<void>> append(std::string_view bytes) = 0;
  // Makes it durable, with at most one sync, shared with whoever else commits meanwhile.
  virtual Task<CommitResult> commit() = 0;
};

// A whole message made by ourselves: a DSN, a copy.
struct Generated {
  mail::Envelope envelope;
  std::string content;
  std::string_view why = "notice to the sender";  // for the record; a literal
  // Not to be sent by itself: due only then, to become part of a report (Lease::gathered).
  std::optional<WallTime> gathered_until = {};
};

// A message as an export holds it. It comes back under its own id, to the recipients that had been
// left.
struct Restored {
  MessageId id{};
  mail::Envelope envelope;
  bool generated = false;  // it was made by ourselves
  bool warned = false;     // its sender knows that it is late
  struct Progress {
    std::uint32_t attempts = 0;
    WallTime next_attempt{};
  };
  std::vector<Progress> progress;  // by recipient
  // As an operator had said: see Lease.
  std::string next_hop = {};
  std::optional<Duration> lifetime = {};
};

// --- Going out -----------------------------------------------------------------------------------

struct LeasedRecipient {
  std::uint32_t index;
  std::string domain;      // canonical
  std::uint32_t attempts;  // made so far
  // A standing order to bounce it, instead of trying it.
  std::uint64_t bounced_by = 0;
};

// A message that is due. Who holds the lease delivers; every leased recipient is settled exactly
// once, then the lease ends by itself.
struct Lease {
  MessageId id;
  std::uint64_t size;  // octets of content
  WallTime arrived;
  std::vector<LeasedRecipient> recipients;  // those that are due
  bool generated = false;                   // made by ourselves
  bool warned = false;                      // its sender knows that it is late
  bool gathered = false;                    // a notice to be put into a report, not to be sent
  std::uint32_t sender = 0;                 // stands for its sender: equal for equal ones
  int priority = 0;                         // MT-PRIORITY (RFC 6710), -9 to 9
  std::optional<mail::DeliverBy> deliver_by = {};
  bool overdue = false;  // its sender may have to be told that it waits, see lease_overdue()
  // By an operator: another next hop, another lifetime.
  std::string next_hop = {};
  std::optional<Duration> lifetime = {};
  // Then no pause of its domains holds it up.
  bool apart() const { return !next_hop.empty() || lifetime; }
};

// A message read back: envelope (all recipients, with those settled already) and content.
class StoredMessage {
 public:
  virtual ~StoredMessage() = default;
  virtual const mail::Envelope& envelope() const = 0;
  virtual std::uint64_t size() const = 0;
  // The next block of content, at most 64 KB, valid until the next call; empty at the end. Checks
  // the checksum before it hands anything out; an Error says what is damaged (Fault::damage: the
  // message is held from now on) or cannot be read (Fault::disk).
  virtual Task<Result<std::string_view>> read() = 0;
};

// The outcome of a delivery, kept atomically: a final failure and the DSN it causes are one record.
struct Settlement {
  MessageId id;
  std::vector<mail::Outcome> outcomes;
  std::vector<Generated> generated;
  bool warned = false;  // among them is the one warning that this message is late
};

// A recipient that is still queued, as the index knows it.
struct WaitingRecipient {
  std::uint32_t index;
  std::string reply;  // the last answer on one line, "" before the first attempt
};

struct Health {
  bool accepting = true;           // false: new mail gets 452
  std::string why;                 // when not accepting
  std::uint64_t free_octets = 0;   // file system and free segments
  std::uint64_t total_octets = 0;  // of the volume
  std::uint64_t damaged = 0;       // records and messages found damaged since the start
};

// Per recipient, since the spool was made; survives crashes.
struct Accounts {
  std::uint64_t accepted = 0, generated = 0;
  std::uint64_t delivered = 0, bounced = 0, expired = 0, deleted = 0, discarded = 0, replaced = 0;
  std::uint64_t queued = 0;  // now
  bool operator==(const Accounts&) const = default;
};

// Recipients that are not in the queue any more.
inline std::uint64_t ended(const Accounts& of) {
  return of.delivered + of.bounced + of.expired + of.deleted + of.discarded + of.replaced;
}

struct Counters {
  std::uint64_t messages = 0;  // queued now
  std::uint64_t message_octets = 0;
  std::uint64_t syncs = 0, commits = 0, segments = 0, free_segments = 0;
  std::uint64_t damaged_records = 0, sync_failures = 0, cleaned_segments = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // Starts a message. Refused (Fault::disk full, Fault::resource) means 452 at MAIL; `size` is the
  // client's SIZE, 0 unknown. The envelope may be completed until commit through `envelope`.
  virtual Result<std::unique_ptr<Incoming>> begin(mail::Envelope envelope, std::uint64_t size) = 0;
  // The same for a message that comes back. Refused (Fault::peer) when it is in the queue or on its
  // way there.
  virtual Result<std::unique_ptr<Incoming>> restore(Restored message, std::uint64_t size) = 0;
  // Whether begin() would refuse a message of this size now: the answer for MAIL FROM.
  virtual Result<void> admits(std::uint64_t size) = 0;

  // Called on the loop thread whenever lease() may have more to give.
  virtual void on_due(std::function<void()> callback) = 0;
  // Takes up to `max` messages that are due at `now`. The earliest time when more will be is
  // next_due().
  virtual std::vector<Lease> lease(WallTime now, std::size_t max) = 0;
  virtual std::optional<WallTime> next_due() const = 0;
  // Recipients of this domain are not leased until resume(), or until none is queued: its site has
  // enough to do. Mail of which an operator has said something (Lease::apart) is leased all the
  // same, and so is what a standing order bounces. Costs nothing to say twice.
  virtual void pause(std::string_view domain) = 0;
  virtual void resume(std::string_view domain) = 0;
  // Goes on with the round for a millisecond or so. Takes what is due at `now`, but for the pause
  // of its domain.
  virtual std::vector<Lease> lease_overdue(WallTime now, Overdue& round) = 0;
  // Ends a lease before all its recipients were settled: the rest is due again at once.
  virtual void release(MessageId id) = 0;
  // The same for some of its recipients, which are not due again before that (not across a start).
  virtual void release(MessageId id, const std::vector<std::uint32_t>& recipients,
                       WallTime not_before) = 0;
  // Whether a leased message should still go out: false once the operator holds or deletes it, or
  // has said since that it goes out otherwise (another next hop, a standing order): then release().
  // Asked right before its delivery begins.
  virtual bool wanted(MessageId id) const = 0;

  // Room for outcome and DSN of a delivery, taken before it starts and given back by settle().
  // false: no room, the delivery must wait.
  virtual bool reserve(MessageId id, std::size_t recipients) = 0;

  virtual Task<Result<std::unique_ptr<StoredMessage>>> open(MessageId id) = 0;
  // Returns once durable (waits at most limits::outcome_delay for company). An Error means that
  // nothing of it was kept and the recipients are still leased: call again.
  virtual Task<Result<void>> settle(Settlement settlement) = 0;
  // The same for several messages, all or nothing: notices and the report that replaces them.
  virtual Task<Result<void>> settle_together(std::vector<Settlement> settlements) = 0;

  // The recipients of a message that are still queued, leased or not.
  virtual std::vector<WaitingRecipient> waiting(MessageId id) const = 0;

  // Whether the message is (still) in the queue.
  virtual bool contains(MessageId id) const = 0;

  // One page, oldest first. Reads at most `limit` messages from disk, on a helper thread.
  virtual Task<Result<QueuePage>> query(Filter filter, std::string cursor, std::size_t limit) = 0;
  // How many messages match; looks only at the index.
  virtual Task<std::uint64_t> count(Filter filter) const = 0;
  // The attempts for a message so far, by recipient. Reads from disk, on a helper thread; what is
  // not to be found there is left out. Fault::resource: there is no such message.
  virtual Task<Result<std::vector<RecipientAttempts>>> attempts(MessageId id) = 0;
  // Does it to every matching message, atomically per message, and returns how many; durable before
  // it returns.
  virtual Task<Result<std::uint64_t>> apply(Filter filter, Action action) = 0;
  // Called within apply() of a flush for each domain of which it makes mail due; for mail that goes
  // to a next hop of its own (Lease::next_hop) with that, and "".
  using OnFlush = std::function<void(const std::string& domain, const std::string& next_hop)>;
  virtual void on_flush(OnFlush callback) = 0;
  // The standing orders in force, by number. give() returns the number, cancel() false when there
  // is no such order; both once durable. An order means what is there and what comes: it holds for
  // both when give() returns. One that held mail does not release it when it ends. Errors of
  // give(): Fault::peer, a pattern that says nothing; Fault::resource, limits::standing_orders are
  // given.
  virtual std::vector<StandingOrder> orders() const = 0;
  virtual Task<Result<std::uint64_t>> give(StandingOrder order) = 0;
  virtual Task<Result<bool>> cancel(std::uint64_t order) = 0;
  // What waits, by domain: the `most` with most recipients, those first. Looks only at the index.
  virtual Task<std::vector<Destination>> destinations(std::size_t most) const = 0;
  // How a bounce's DSNs are made: a function handed in at start.
  struct Bounced {
    MessageId id;
    const mail::Envelope& envelope;
    bool generated;                            // the message was made by ourselves
    const std::vector<mail::Outcome>& failed;  // recipients are indexes
    std::string_view content;                  // its beginning, as far as a DSN may return it
    bool all_of_it;
  };
  using MakeDsns = std::function<std::vector<Generated>(const Bounced&)>;
  virtual void bounce_with(MakeDsns make) = 0;
  // Called on the loop thread for every message of our own making once it is durable.
  using OnGenerated = std::function<void(MessageId, const Generated&)>;
  virtual void on_generated(OnGenerated callback) = 0;

  virtual Health health() const = 0;
  virtual Accounts accounts() const = 0;
  virtual Counters counters() const = 0;
};

}  // namespace malleposte::spool
