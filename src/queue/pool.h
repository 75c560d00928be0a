// Records that are named by numbers and used again. In pages, so that growing never moves what is
// there and never takes twice the memory. The number of a record that was given back may be given
// out again.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace malleposte::queue {

inline constexpr std::uint32_t no_index = UINT32_MAX;

template <typename Record>
class Pool {
 public:
  std::uint32_t add(Record record) {
    if (free_.empty()) {
      if (used_ % page == 0 && used_ / page == pages_.size())
        pages_.push_back(std::make_unique<std::array<Record, page>>());
      (*this)[used_] = std::move(record);
      return used_++;
    }
    const auto index = free_.back();
    free_.pop_back();
    (*this)[index] = std::move(record);
    return index;
  }
  void remove(std::uint32_t index) {
    free_.push_back(index);
    if (free_.size() < used_ || pages_.size() == 1) return;
    pages_.resize(1);  // nobody uses one: the memory goes back
    free_ = std::vector<std::uint32_t>();
    used_ = 0;
  }

  Record& operator[](std::uint32_t index) { return (*pages_[index / page])[index % page]; }
  const Record& operator[](std::uint32_t index) const {
    return (*pages_[index / page])[index % page];
  }
  // Tells the processor that it will soon be needed.
  void fetch(std::uint32_t index) const { __builtin_prefetch(&(*this)[index]); }
  std::size_t octets() const {
    return pages_.size() * page * sizeof(Record) + free_.capacity() * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::uint32_t page = 256;

  std::vector<std::unique_ptr<std::array<Record, page>>> pages_;
  std::vector<std::uint32_t> free_;
  std::uint32_t used_ = 0;
};

}  // namespace malleposte::queue
