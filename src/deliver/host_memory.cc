#include "deliver/host_memory.h"

#include <algorithm>
#include <iterator>

#include "base/limits.h"

namespace malleposte::deliver {

void HostMemory::failed(const net::Endpoint& host, SteadyTime now) {
  auto name = net::to_string(host);
  if (failing_.size() >= limits::hosts_remembered && !failing_.contains(name)) {
    // What is over goes first; without any, the one that is over soonest.
    std::erase_if(failing_, [now](const auto& entry) { return entry.second.until() < now; });
    if (failing_.size() >= limits::hosts_remembered)
      failing_.erase(std::min_element(
          failing_.begin(), failing_.end(),
          [](const auto& a, const auto& b) { return a.second.until() < b.second.until(); }));
  }
  failing_.try_emplace(std::move(name), limits::dead_host_first, limits::dead_host_most)
      .first->second.again(now);
}

void HostMemory::reached(const net::Endpoint& host) {
  if (!failing_.empty()) failing_.erase(net::to_string(host));
}

void HostMemory::put_last(std::vector<Target>& targets, SteadyTime now) const {
  if (failing_.empty()) return;
  std::vector<Target> first, last;
  for (auto& target : targets) {
    const auto found = failing_.find(net::to_string(target.endpoint));
    const bool failed = found != failing_.end() && now < found->second.until();
    (failed ? last : first).push_back(std::move(target));
  }
  std::move(last.begin(), last.end(), std::back_inserter(first));
  targets = std::move(first);
}

}  // namespace malleposte::deliver
