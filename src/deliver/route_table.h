// Where mail for a domain goes: by a line of the routes file, else to smart_relay, else to the MX
// of the domain itself. Pure; made once from the settings.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/settings.h"

namespace malleposte::deliver {

// The way for one domain. Domains with the same plan share a site (deliver/sites.h).
struct Plan {
  std::vector<config::NextHop> next_hops;  // tried in order
  std::string maildir;  // into mailboxes instead: where they are (config/maildir_pattern.h)
  // The next hop is the recipient's own domain: that it does not exist is the sender's mistake and
  // final. A configured next hop that does not work is the operator's to repair, and waits.
  bool own_domain = false;
  std::string rule;  // which rule decided, for people: "routes.txt line 7 (.example.org)"
  // Name of the site: "route:" and the next hops, or where the mailboxes are, as they are written;
  // or the domain.
  std::string key;
  std::string status = "5.1.3";  // where there is no way
  bool by_operator = false;      // who wants it so

  // There is no way, says `rule`.
  bool nowhere() const { return next_hops.empty() && maildir.empty(); }
  // By the MX hosts of the recipient's own domain.
  bool by_own_mx() const { return own_domain && !next_hops.empty() && next_hops[0].lookup_mx; }
};

// The way of a message that the operator has sent elsewhere; `next_hops` as in a configuration.
std::shared_ptr<const Plan> rerouted_plan(std::string_view next_hops);
// No way: the operator has it bounced, for a reason.
std::shared_ptr<const Plan> bounced_plan(std::uint64_t order, std::string_view reason);

class RouteTable {
 public:
  explicit RouteTable(const config::Settings& settings);

  // `domain` is canonical; an address literal in brackets is its own next hop (RFC 5321 4.1.3),
  // but never a loopback address unless allow_loopback_mx.
  // The most specific pattern wins: the exact name, the longest ".suffix", "*".
  std::shared_ptr<const Plan> plan(std::string_view domain) const;
  // Whether any route leads into mailboxes.
  bool into_mailboxes() const { return into_mailboxes_; }

 private:
  std::unordered_map<std::string, std::shared_ptr<const Plan>> routes_;  // by pattern
  std::shared_ptr<const Plan> smart_relay_;                              // may be null
  bool into_mailboxes_ = false;
  bool allow_loopback_;
};

}  // namespace malleposte::deliver
