// Who is told what about mail that was not delivered: which DSNs follow when recipients of a
// message have failed or are late. To the sender; about a notice of our own to root_address; about
// anything else from <> to nobody, and it is only counted. A DSN that is one too many for its
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

  // A message some of whose recipients are undelivered.
  struct Case {
    mail::MessageId id;
    const mail::Envelope& envelope;
    bool generated = false;                    // made by ourselves
    const std::vector<mail::Outcome>& failed;  // for good; all are named
    const std::vector<mail::Outcome>& late;    // still queued, its sender is to be warned; of more
                                             // than limits::recipients_per_dsn the rest is counted
    std::string_view content = {};  // at least as much as content_wanted() said, or all
    bool all_of_it = false;
  };
  std::vector<spool::Generated> notices(const Case& about, WallTime now);

  // Octets of the beginning of a message that its DSN may need.
  std::size_t content_wanted() const;
  // Whether the sender of a deferred message should be warned now, if at all: it is late, and the
  // sender has not been told.
  bool warning_due(const spool::Lease& lease, WallTime now) const;

  // The gatherer has made one.
  void count_report() { ++reports_; }

  void figures(monitor::Figures& into) const;

 private:
  std::optional<mail::Address> addressee(const Case& about);
  void add(std::vector<spool::Generated>& notices, const mail::DsnCase& dsn);

  const config::Settings& settings_;
  monitor::Record& record_;
  DsnRate rate_;
  std::array<std::uint64_t, 3> made_{};  // by mail::DsnKind
  std::uint64_t gathered_ = 0, reports_ = 0;
  std::uint64_t untold_ = 0;  // messages from <> that failed and of which nobody is told
};

}  // namespace malleposte::deliver
