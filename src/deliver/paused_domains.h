// The domains of a site whose mail waits in the store: each once, in the order in which they came.
// Pure.
#pragma once

#include <deque>
#include <string>
#include <unordered_set>

namespace malleposte::deliver {

class PausedDomains {
 public:
  void add(const std::string& domain) {
    const auto [name, is_new] = names_.insert(domain);
    if (is_new) order_.push_back(&*name);
  }
  // The one that has waited longest; there must be one.
  std::string take() {
    auto name = std::move(names_.extract(*order_.front()).value());
    order_.pop_front();
    return name;
  }
  bool empty() const { return order_.empty(); }
  bool contains(const std::string& domain) const { return names_.contains(domain); }

 private:
  std::unordered_set<std::string> names_;
  std::deque<const std::string*> order_;  // into names_
};

}  // namespace malleposte::deliver
