// How many sessions there may be: in all, and for each stranger's address at once and per second
// (base/limits.h). Pure, time injected; receive/front_door asks it for every connection. Trusted
// clients have no limit of their own. A stranger with IPv6 is a /64, since one host has all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "base/ip_address.h"
#include "base/limits.h"
#include "base/time.h"
#include "policy/relay.h"

namespace malleposte::policy {

class SessionLimits {
 public:
  struct Options {
    std::size_t in_all = limits::sessions_in_all;
    std::size_t per_stranger = limits::sessions_per_stranger;
    std::size_t new_per_stranger = limits::new_sessions_per_stranger;  // a second
  };
  SessionLimits() : SessionLimits(Options{}) {}
  explicit SessionLimits(const Options& options) : options_(options) {}

  // Counts a session that begins; or says why it may not, and counts only the attempt.
  std::optional<Refusal> begin(const IpAddress& client, bool trusted, SteadyTime now);
  // A session that begin() has let in is over. The arguments are those of begin().
  void end(const IpAddress& client, bool trusted);

  std::size_t sessions() const { return sessions_; }

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
};

}  // namespace malleposte::policy
