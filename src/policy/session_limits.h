// How many sessions there may be: in all, with a part that is reserved for trusted clients, and for
// strangers by address, by network and by address in a second. Pure, time injected;
// receive/front_door asks it for every connection. Trusted clients have no limit of their own. With
// IPv6 an address is a /64, since one host has all of it; a network is a /24 or, with IPv6, a /56.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "base/ip_address.h"
#include "base/limit.h"
#include "base/limits.h"
#include "base/time.h"

namespace malleposte::policy {

class SessionLimits {
 public:
  struct Options {
    std::size_t in_all = limits::sessions_in_all;
    std::size_t reserved = 0;  // of those, for trusted clients
    std::size_t per_address = limits::sessions_per_stranger;
    std::size_t per_network = 0;                                      // 0 any number
    std::size_t new_per_address = limits::new_sessions_per_stranger;  // a second
  };
  SessionLimits() : SessionLimits(Options{}) {}
  explicit SessionLimits(const Options& options) : options_(options) {}

  // For sessions that begin from now on.
  void set(const Options& options) { options_ = options; }
  const Options& options() const { return options_; }

  // Which limit a session that begins now would meet; counts nothing.
  std::optional<Limit> met(const IpAddress& client, bool trusted, SteadyTime now) const;
  // Counts a session that begins; or says which limit it has met, and counts only the attempt.
  std::optional<Limit> begin(const IpAddress& client, bool trusted, SteadyTime now);
  // A session that begin() has let in is over. The arguments are those of begin().
  void end(const IpAddress& client, bool trusted);

  std::size_t sessions() const { return sessions_; }
  // Whether strangers find no room because of the number of sessions in all.
  bool crowded() const { return sessions_ + options_.reserved >= options_.in_all; }

 private:
  struct Stranger {
    std::uint32_t sessions = 0;
    std::uint32_t begun = 0;  // within the second that began at `since`
    SteadyTime since{};
  };
  struct Hash {
    std::size_t operator()(const IpAddress& address) const;
  };
  void forget_idle(SteadyTime now);

  Options options_;
  std::size_t sessions_ = 0;
  std::size_t forget_at_ = 1024;  // strangers known, when those who are gone are forgotten
  std::unordered_map<IpAddress, Stranger, Hash> strangers_;
  std::unordered_map<IpAddress, std::uint32_t, Hash> networks_;  // with open sessions
};

}  // namespace malleposte::policy
