// Things of one kind, by number, in pages: nothing is copied when there come more, so that a
// million of them never take the room of two million for a moment. A number that was given back is
// given out again. Pure.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace malleposte {

template <class T>
class Pool {
 public:
  using Number = std::uint32_t;

  // The number of a new one, in its initial state.
  Number add() {
    ++used_;
    if (!free_.empty()) {
      auto number = free_.back();
      free_.pop_back();
      return number;
    }
    if (limit_ == pages_.size() * page_size) pages_.push_back(std::make_unique<T[]>(page_size));
    return static_cast<Number>(limit_++);
  }
  Number add(T one) {
    const auto number = add();
    (*this)[number] = std::move(one);
    return number;
  }
  // Gives it back. With the last one the memory goes too, but for a page.
  void remove(Number number) {
    assert(used_ > 0);
    (*this)[number] = T{};
    free_.push_back(number);
    if (--used_ > 0) return;
    limit_ = 0;
    free_ = std::vector<Number>();  // from {} it would keep its room
    if (pages_.size() > 1) pages_.resize(1);
  }

  T& operator[](Number number) { return pages_[number / page_size][number % page_size]; }
  const T& operator[](Number number) const {
    return pages_[number / page_size][number % page_size];
  }
  // Tells the processor that it will soon be needed.
  void fetch(Number number) const { __builtin_prefetch(&(*this)[number]); }
  // Every number is below; some may be free.
  Number limit() const { return static_cast<Number>(limit_); }
  std::size_t used() const { return used_; }
  // Memory held.
  std::size_t octets() const {
    return pages_.size() * page_size * sizeof(T) + free_.capacity() * sizeof(Number);
  }

 private:
  static constexpr std::size_t page_size = 128;
  std::vector<std::unique_ptr<T[]>> pages_;
  std::vector<Number> free_;
  std::size_t limit_ = 0, used_ = 0;
};

}  // namespace malleposte
