#include "policy/session_limits.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <string_view>

namespace malleposte::policy {
namespace {

using namespace std::chrono_literals;

// The first `bits` of an address, counted in its own family's form.
IpAddress network_of(IpAddress client, unsigned bits) {
  if (is_ipv4(client)) bits += 96;
  for (unsigned bit = bits; bit < 128; ++bit)
    client[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  return client;
}

IpAddress stranger_key(const IpAddress& client) {
  return is_ipv4(client) ? client : network_of(client, 64);
}
IpAddress network_key(const IpAddress& client) {
  return network_of(client,
                    is_ipv4(client) ? limits::network_prefix_ipv4 : limits::network_prefix_ipv6);
}

}  // namespace

std::size_t SessionLimits::Hash::operator()(const IpAddress& address) const {
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(address.data()), address.size()});
}

std::optional<Limit> SessionLimits::met(const IpAddress& client, bool trusted,
                                        SteadyTime now) const {
  if (sessions_ >= options_.in_all) return Limit::sessions;
  if (trusted) return {};
  if (crowded()) return Limit::reserved_sessions;
  const auto known = strangers_.find(stranger_key(client));
  const Stranger stranger = known == strangers_.end() ? Stranger{} : known->second;
  const std::uint32_t begun = now - stranger.since >= 1s ? 0 : stranger.begun;
  if (begun >= options_.new_per_address) return Limit::new_sessions_per_address;
  if (stranger.sessions >= options_.per_address) return Limit::sessions_per_address;
  const auto network = networks_.find(network_key(client));
  if (options_.per_network != 0 && network != networks_.end() &&
      network->second >= options_.per_network)
    return Limit::sessions_per_network;
  return {};
}

std::optional<Limit> SessionLimits::begin(const IpAddress& client, bool trusted, SteadyTime now) {
  const auto limit = met(client, trusted, now);
  if (limit == Limit::sessions || limit == Limit::reserved_sessions) return limit;
  if (!trusted) {
    if (strangers_.size() >= forget_at_) forget_idle(now);
    Stranger& stranger = strangers_[stranger_key(client)];
    if (stranger.begun == 0 || now - stranger.since >= 1s) {
      stranger.since = now;
      stranger.begun = 0;
    }
    if (limit == Limit::new_sessions_per_address) return limit;
    ++stranger.begun;
    if (limit) return limit;
    ++networks_[network_key(client)];
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
  const auto network = networks_.find(network_key(client));
  assert(network != networks_.end() && network->second > 0);
  if (--network->second == 0) networks_.erase(network);
}

void SessionLimits::forget_idle(SteadyTime now) {
  std::erase_if(strangers_, [now](const auto& entry) {
    return entry.second.sessions == 0 && now - entry.second.since >= 1s;
  });
  // Looked through again only when as many have come as are left: a constant price for each.
  forget_at_ = std::max<std::size_t>(1024, 2 * strangers_.size());
}

}  // namespace malleposte::policy
