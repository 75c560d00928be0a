// Who is told what about mail: which DSNs follow when recipients of a message have failed, are
// late, or were passed on to a host that tells nobody. To the sender, as far as NOTIFY asks for it
// (RFC 3461 4.1; without it: of failures and delays); about a notice of our own to root_address;
// about anything else from <> to nobody, and it is only counted. A DSN that is one too many for its
// addressee is marked to be gathered (deliver/gatherer makes the report).
//
// Decides and counts, and writes events about what nobody is told; whatever it returns the caller
// makes durable in one record with the outcomes it is about. Loop thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "config/settings.h"
#include "deliver/dsn_rate.h"
#include "mail/dsn.h"
#include "monitor/metrics.h"
#include "monitor/record.h"
#include "spool/store.h"

namespace malleposte::deliver {

class Notifier {
 public:
  // Both outlive it; the settings are read anew each time.
  Notifier(const config::Settings& settings, monitor::Record& record)
      : settings_(settings), record_(record) {}

  // A message of some of whose recipients there is something to tell.
  struct Case {
    mail::MessageId id;
    const mail::Envelope& envelope;
    bool generated = false;                    // made by ourselves
    const std::vector<mail::Outcome>& failed;  // for good; all are named whose failure is wanted
    const std::vector<mail::Outcome>& late;    // still queued, its sender is to be warned; of more
                                             // than limits::recipients_per_dsn the rest is counted
    const std::vector<mail::Outcome>& passed_on;  // those for which tells() is true
    std::string_view content = {};  // at least as much as content_wanted() said, or all
    bool all_of_it = false;
  };
  std::vector<spool::Generated> notices(const Case& about, WallTime now);

  // Whether NOTIFY asks for a DSN about this outcome; of a delivery only where the host that took
  // the message does not tell itself, and of nothing from <> (RFC 3461 6.1). A failure of a notice
  // of ours is an affair of its own: it counts as asked for.
  static bool tells(const mail::Envelope& envelope, const mail::Outcome& outcome);

  // Octets of the beginning of a message that its DSN may need.
  std::size_t content_wanted(const mail::Envelope& envelope) const;
  // Whether a message that is deferred now is late, so that its sender is to be warned, once: by
  // the time that he has set himself (BY with mode N, RFC 2852), else by delay_warning_after from
  // its release.
  bool late(const mail::Envelope& envelope, WallTime now) const;
  // The same for mail without such a time.
  bool late(WallTime released, WallTime now) const {
    const auto after = settings_.delay_warning_after;
    return after > Duration::zero() && now - released >= after;
  }

  // The gatherer has made one.
  void count_report() { ++reports_; }

  void figures(monitor::Figures& into) const;

 private:
  bool returns_message(const mail::Envelope& envelope) const;
  std::optional<mail::Address> addressee(const Case& about,
                                         const std::vector<mail::Outcome>& failed);
  void add(std::vector<spool::Generated>& notices, const mail::DsnCase& dsn);

  const config::Settings& settings_;
  monitor::Record& record_;
  DsnRate rate_;
  std::array<std::uint64_t, 5> made_{};  // by mail::DsnKind
  std::uint64_t gathered_ = 0, reports_ = 0;
  std::uint64_t untold_ = 0;    // messages from <> that failed and of which nobody is told
  std::uint64_t unwanted_ = 0;  // recipients that failed, and whose sender had asked for silence
};

}  // namespace malleposte::deliver
