#include "spool/removals.h"

#include <algorithm>

namespace malleposte::spool {

void Removals::add(MessageId id, Tick at) {
  times_.erase(id.value);
  times_.insert(id.value, at);
  due_[at].push_back(id.value);
}

void Removals::cancel(MessageId id) {
  times_.erase(id.value);
  if (times_.size() == 0) due_.clear();
}

std::optional<Tick> Removals::next() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

std::vector<MessageId> Removals::take(Tick now, std::size_t most) {
  std::vector<MessageId> taken;
  while (!due_.empty() && due_.begin()->first <= now && taken.size() < most) {
    auto& [at, ids] = *due_.begin();
    while (!ids.empty() && taken.size() < most) {
      const MessageId id{ids.back()};
      ids.pop_back();
      if (this->at(id) == at) taken.push_back(id);
    }
    if (ids.empty()) due_.erase(due_.begin());
  }
  // One that was given back while it was here still would be there twice.
  std::sort(taken.begin(), taken.end());
  taken.erase(std::unique(taken.begin(), taken.end()), taken.end());
  return taken;
}

void Removals::again(MessageId id) {
  if (auto known = at(id)) due_[*known].push_back(id.value);
}

}  // namespace malleposte::spool
