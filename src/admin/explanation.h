// Why a message waits, in one sentence for each recipient, in the manner of
//
//   deferred: mx.example.com[192.0.2.7:25] said 451 4.7.1 Later; attempt 3, next 14:02:11Z in 12
//   min (backoff 20 min); window 1 of 20 after 2 failures; route: routes.txt line 7 (.example.org);
//   expires 2026-11-28 06:00:11Z (queue_lifetime)
//
// Pure: values in, text out; any thread. Times are UTC, as everywhere in the API; of another day
// with their date.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/sites.h"
#include "spool/standing_orders.h"
#include "spool/store.h"

namespace malleposte::admin {

// What is true for all mail.
struct Circumstances {
  WallTime now{};
  bool deliveries_suspended = false;
  Duration queue_lifetime{};
  spool::StandingOrders orders;  // in force
};

// Where mail for a domain goes (or mail that was re-routed), and how that is doing.
struct Outlook {
  std::string domain;            // canonical
  std::string rule;              // what decides
  std::optional<SiteView> site;  // empty: none is known now
};

// The domain of an address as an Outlook has it: what follows the last @, canonical.
std::string domain_of(std::string_view address);

// The clauses of the sentence, in its order. `attempts` may be null.
std::vector<std::string> explain(const spool::ListedMessage& message,
                                 const spool::ListedRecipient& recipient,
                                 const spool::RecipientAttempts* attempts, const Outlook& outlook,
                                 const Circumstances& circumstances);

// The same for a domain without a message: the state of its site, orders, route.
std::vector<std::string> explain(const Outlook& outlook, const Circumstances& circumstances);

// One sentence of them.
std::string sentence(const std::vector<std::string>& clauses);

// "14:02:11Z", of another day than `now` "2026-11-28 14:02:11Z".
std::string clock_text(WallTime time, WallTime now);
// "45 s", "20 min", "3 h", "2 days"
std::string span_text(Duration span);

}  // namespace malleposte::admin
