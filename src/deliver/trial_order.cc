#include "deliver/trial_order.h"

#include <algorithm>
#include <deque>
#include <tuple>

namespace malleposte::deliver {
namespace {

struct Families {
  std::size_t host;
  std::deque<const std::string*> v6, v4;
};

}  // namespace

void put_in_order(std::vector<net::Mx>& records, Loop& loop) {
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) {
    return std::tie(a.preference, a.host) < std::tie(b.preference, b.host);
  });
  for (std::size_t i = 0, group = 0; i < records.size(); ++i) {
    if (records[i].preference != records[group].preference) group = i;
    std::swap(records[i], records[group + loop.random() % (i - group + 1)]);
  }
}

std::vector<HostAddress> take_turns(const std::vector<std::vector<std::string>>& hosts) {
  std::deque<Families> left;
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    Families families{host, {}, {}};
    for (const auto& address : hosts[host])
      (address.find(':') != std::string::npos ? families.v6 : families.v4).push_back(&address);
    if (!hosts[host].empty()) left.push_back(std::move(families));
  }
  std::vector<HostAddress> order;
  for (bool six = true; !left.empty();) {
    auto families = std::move(left.front());
    left.pop_front();
    if ((six ? families.v6 : families.v4).empty()) six = !six;
    auto& family = six ? families.v6 : families.v4;
    order.push_back({families.host, *family.front()});
    family.pop_front();
    six = !six;
    if (!families.v6.empty() || !families.v4.empty()) left.push_back(std::move(families));
  }
  return order;
}

}  // namespace malleposte::deliver
