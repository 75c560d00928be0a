#include "policy/session_limits.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <string_view>

namespace malleposte::policy {
namespace {

using namespace std::chrono_literals;

constexpr Refusal too_many_in_all{421, "4.3.2", "All lines are busy, please call again later."};
constexpr Refusal too_many_of_yours{421, "4.7.0", "You have too many connections open."};
constexpr Refusal too_fast{421, "4.7.0", "You connect too often, please wait a moment."};

IpAddress stranger_key(IpAddress client) {
  if (!is_ipv4(client)) std::fill(client.begin() + 8, client.end(), std::uint8_t{0});
  return client;
}

}  // namespace

std::size_t SessionLimits::Hash::operator()(const IpAddress& address) const {
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(address.data()), address.size()});
}

std::optional<Refusal> SessionLimits::begin(const IpAddress& client, bool trusted, SteadyTime now) {
  if (sessions_ >= options_.in_all) return too_many_in_all;
  if (!trusted) {
    if (strangers_.size() >= forget_at_) forget_idle(now);
    Stranger& stranger = strangers_[stranger_key(client)];
    if (stranger.begun == 0 || now - stranger.since >= 1s) {
      stranger.since = now;
      stranger.begun = 0;
    }
    if (stranger.begun >= options_.new_per_stranger) return too_fast;
    ++stranger.begun;
    if (stranger.sessions >= options_.per_stranger) return too_many_of_yours;
    ++stranger.sessions;
  }
  ++sessions_;
  return {};
}

void SessionLimits::end(const IpAddress& client, bool trusted) {
  assert(sessions_ > 0);
  --sessions_;
  if (trusted) return;
  const auto found = strangers_.find(stranger_key(client));
  assert(found != strangers_.end() && found->second.sessions > 0);
  --found->second.sessions;
}

void SessionLimits::forget_idle(SteadyTime now) {
  std::erase_if(strangers_, [now](const auto& entry) {
    return entry.second.sessions == 0 && now - entry.second.since >= 1s;
  });
  // Looked through again only when as many have come as are left: a constant price for each.
  forget_at_ = std::max<std::size_t>(1024, 2 * strangers_.size());
}

}  // namespace malleposte::policy
