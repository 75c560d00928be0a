// The account of a run, kept outside of the engine: what clients sent and were told, what the store
// was given and answered, what next hops took, what the operator did. The checkers (check_*.cc)
// read it; nothing in the engine does.
//
// Every address of the simulation tells the message it belongs to: recipients are t17-0@..., t17-1@
// of message 17, whose sender is m17@..., or the null one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "mail/envelope.h"
#include "mail/outcome.h"
#include "operator_words.h"
#include "spool/store.h"
#include "trace.h"

namespace malleposte::sim {

using mail::Fate;
using mail::MessageId;

// A next hop has taken a message for a recipient: it has decided on its 250.
struct Take {
  std::string host;
  SteadyTime begun;  // RCPT
  SteadyTime at;
  unsigned life;                // of our server, when the connection began
  std::function<bool()> heard;  // whether our side has read that 250
};

struct Recipient {
  std::string address;
  mail::Notify notify;        // what its client asked for
  Fate fate = Fate::queued;   // what the store has answered for, or was found after a crash
  SteadyTime final_since{};   // when that became so
  bool host_reports = false;  // who took it tells the sender of success
  bool in_mailbox = false;    // it was a mailbox that took it
  std::set<Fate> handed;      // final fates given to the store and not answered yet
  std::vector<Take> takes;
};

// A message of the store.
struct Kept {
  // handed: the store has it and has not answered, or has said no but may find it after a crash.
  enum class Commit : std::uint8_t { begun, handed, durable, never };
  MessageId id;
  unsigned token = 0;
  bool generated = false;
  Commit commit = Commit::begun;
  bool no_room = false;  // refused without having been written
  SteadyTime begun{};
  SteadyTime durable_since = never;  // as far as we know
  std::string sender;
  std::string envelope_id;
  std::string content;  // from its first own line on, without our Received field
  std::vector<Recipient> recipients;
  bool done = false;  // nothing can change any more
};

// A message as its client knows it.
struct Sent {
  enum class Told : std::uint8_t { nothing, accepted, refused };
  std::string content;
  std::vector<std::string> recipients;  // that we answered with 250
  Told told = Told::nothing;
};

// Outcomes of one message or several, and the notices they cause, given to the store as one.
struct Group {
  struct Ended {
    MessageId id;
    std::uint32_t recipient;
    Fate fate;
    bool host_reports, in_mailbox;
  };
  std::vector<Ended> outcomes;  // the final ones
  struct Notice {
    spool::Generated made;
    bool there = false;  // durable, as far as we know
  };
  std::vector<Notice> notices;
  SteadyTime handed{};
  bool answered = false;
};

// The store as it was read back: every message with its content.
struct Holdings {
  struct Held {
    spool::ListedMessage listed;
    std::string content;
  };
  std::map<std::uint64_t, Held> messages;
  std::string error;
};

class Ledger {
 public:
  std::map<unsigned, Sent> sent;       // by token
  std::map<std::uint64_t, Kept> kept;  // by id
  // Content of generated messages -> id. A gathered notice that is sent alone after all becomes a
  // message of the same content: it is the later one that counts.
  std::map<std::string, std::uint64_t> notices;
  std::vector<Group> groups;  // not resolved yet
  OperatorWords words;
  std::map<unsigned, SteadyTime> stopped;  // the end of lives of our server that ended in order
  std::set<SteadyTime> not_kept;  // when an outcome could not be written, which is tried again
  std::map<std::uint64_t, SteadyTime> wanted;  // when the store last said so of a message
  // Recipients that ended in one of two ways while nobody could see in which.
  std::uint64_t ambiguous = 0;

  // --- What the store was given and said (watched_store.h)
  void begun(MessageId id, const mail::Envelope& envelope, SteadyTime now);
  void handed(MessageId id, std::string content);
  void committed(MessageId id, spool::CommitStatus status, SteadyTime now);
  std::size_t group_handed(std::span<const spool::Settlement> settlements, SteadyTime now);
  void group_answered(std::size_t group, bool kept, SteadyTime now);
  void generated(MessageId id, const spool::Generated& made, SteadyTime now);

  // What was read from the store when nothing is on its way to it, right after a start or at the
  // end, settles what was in doubt. What cannot be explained is found.
  void reconcile(const Holdings& holdings, SteadyTime now, Findings& findings);

  // The message a recipient of next hops belongs to; null when there is none.
  Kept* find(const std::string& recipient, const std::string& content);

  spool::Accounts accounts() const;
  std::uint64_t queued() const;  // recipients
  // The addresses of those that are queued, as far as we know.
  std::vector<std::string> waiting() const;

  static unsigned token_of(const std::string& address);

 private:
  Kept& add_generated(MessageId id, const spool::Generated& made, SteadyTime handed,
                      SteadyTime now);
  void take(Group& group, SteadyTime now);
  std::map<unsigned, std::vector<std::uint64_t>> by_token_;
};

// The content without the fields that we put in.
std::string own_content(std::string_view content);

}  // namespace malleposte::sim
