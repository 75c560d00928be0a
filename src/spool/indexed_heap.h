// A heap in a vector whose members know where they stand in it, so that each can be moved or taken
// out: four children to a parent, the first in order on top. The owner says which of two comes
// first (before) and tells a member its place (moved). Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace malleposte::spool {

template <class Member, class Owner>
class IndexedHeap {
 public:
  IndexedHeap(std::vector<Member>& members, Owner owner) : members_(members), owner_(owner) {}

  void push(Member member) {
    members_.push_back(member);
    sift_up(last());
  }
  void remove(std::uint32_t at) {
    auto moving = members_.back();
    members_.pop_back();
    if (at == members_.size()) return;
    members_[at] = moving;
    changed(at);
  }
  // The member that stands there comes earlier or later than before.
  void changed(std::uint32_t at) { sift_down(sift_up(at)); }

 private:
  static constexpr std::uint32_t arity = 4;
  std::uint32_t last() const { return static_cast<std::uint32_t>(members_.size() - 1); }

  // Both leave the member where they end, and say where.
  std::uint32_t sift_up(std::uint32_t at) {
    const auto member = members_[at];
    while (at > 0) {
      auto parent = (at - 1) / arity;
      if (!owner_.before(member, members_[parent])) break;
      put(at, members_[parent]);
      at = parent;
    }
    put(at, member);
    return at;
  }
  void sift_down(std::uint32_t at) {
    const auto member = members_[at];
    for (;;) {
      auto child = at * arity + 1;
      if (child > last()) break;
      auto best = child;
      for (auto end = std::min(child + arity, last() + 1); ++child < end;)
        if (owner_.before(members_[child], members_[best])) best = child;
      if (!owner_.before(members_[best], member)) break;
      put(at, members_[best]);
      at = best;
    }
    put(at, member);
  }
  void put(std::uint32_t at, Member member) {
    members_[at] = member;
    owner_.moved(member, at);
  }

  std::vector<Member>& members_;
  Owner owner_;
};

}  // namespace malleposte::spool
