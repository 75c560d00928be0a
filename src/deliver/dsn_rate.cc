#include "deliver/dsn_rate.h"

#include "base/limits.h"

namespace malleposte::deliver {

std::optional<WallTime> DsnRate::count(const std::string& address, WallTime now) {
  const auto over = [&](WallTime begun) {  // the clock may have been set back meanwhile
    return begun > now || now - begun >= limits::gather_time;
  };
  auto forget_oldest = [&] {
    hours_.erase(order_.front().second);
    order_.pop_front();
  };
  while (!order_.empty() && over(order_.front().first)) forget_oldest();
  auto known = hours_.find(address);
  if (known == hours_.end()) {
    if (hours_.size() == limits::addresses_counted) forget_oldest();
    known = hours_.emplace(address, Hour{now, 0}).first;
    order_.emplace_back(now, address);
  }
  auto& hour = known->second;
  if (++hour.dsns <= limits::dsns_per_address) return std::nullopt;
  return hour.begun + limits::gather_time;
}

}  // namespace malleposte::deliver
