// The hosts to try for a next hop, in order: RFC 5321 5.1 with everything that keeps mail from
// running in circles. Loop thread; ends within limits::next_hop_lookup_timeout.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "base/task.h"
#include "config/settings.h"
#include "deliver/own_addresses.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "smtp/client_protocol.h"

namespace malleposte::deliver {

struct Target {
  std::string host;  // as looked up; the address itself for an address
  net::Endpoint endpoint;
  std::uint16_t preference = 0;  // of its MX record; 0 without one
};

// A host or one of its addresses that is not tried, for people.
struct Skipped {
  std::uint16_t preference;
  std::string host;
  std::string address;  // "" is the whole host
  std::string why;
};

struct Candidates {
  std::vector<Target> targets;
  std::optional<smtp::Ruling> failure;  // set when there is no target: why
  // A host could not be looked up, always temporary: what the targets say is not the last word.
  std::optional<smtp::Ruling> unknown_host;
  // The limit that keeps others from being targets which could be tried like these, for people; ""
  // none. What all targets say is then not what all hosts say.
  std::string cut_off;
  std::vector<Skipped> skipped;
};

struct NameSources {
  Loop& loop;
  net::Resolver& resolver;
  const OwnAddresses& own;
  const config::Settings& settings;
};

// - MX by preference, equal ones in random order; the domain itself only when it has no MX record.
//   A null MX refuses all mail (5.1.10, RFC 7505), a name that does not exist is 5.1.2, a look-up
//   that fails is 4.4.3.
// - The hosts are looked up at once; those without an answer do not keep the others from being
//   tried. Hosts of equal preference take turns with their addresses, and so do IPv6 and IPv4.
// - Never a host at our own distance or beyond: with ourselves (address and port) among the hosts,
//   only those of smaller preference stay; without any it is 5.4.6. For a domain in relay_domains
//   we are likely to be one of the hosts: all of them are looked up, and while we are not found one
//   that cannot be looked up may be us, so that only smaller preferences than its own stay. Mail
//   for other domains does not wait for that.
// - No loopback address by MX unless allow_loopback_mx, and none that no host can have.
// - A bracketed next hop is only refused when it is one of our own listeners.
// - No address twice; limits::mx_hosts_per_domain, addresses_per_host, addresses_per_preference.
// `mx`: the answer for the next hop's MX where it is known already; it is not asked for again.
Task<Candidates> find_candidates(NameSources names, config::NextHop next_hop,
                                 std::optional<net::MxAnswer> mx = {});

}  // namespace malleposte::deliver
