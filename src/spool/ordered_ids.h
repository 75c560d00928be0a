// From message id to slot of the index, in the order of the ids: sorted blocks of up to 256 pairs,
// so that a million messages cost 12 to 24 octets each, and finding, adding and going on from a
// cursor take a couple of binary searches. Loop thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace malleposte::spool {

class OrderedIds {
 public:
  using Slot = std::uint32_t;

  // The id must be new.
  void insert(std::uint64_t id, Slot slot) {
    ++size_;
    if (blocks_.empty()) return blocks_.emplace_back().push_back({id, slot});
    auto at = block_of(id);
    auto& block = blocks_[at];
    bool at_end = at + 1 == blocks_.size() && block.back().id < id;
    if (at_end && block.size() == block_size) {
      blocks_.emplace_back().push_back({id, slot});
    } else {
      block.insert(block.begin() + position(block, id), {id, slot});
      if (block.size() > block_size) split(at);
    }
  }

  void erase(std::uint64_t id) {
    if (blocks_.empty()) return;
    auto at = block_of(id);
    auto& block = blocks_[at];
    auto found = position(block, id);
    if (!stands(block, found, id)) return;
    block.erase(block.begin() + found);
    --size_;
    if (block.empty()) blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  std::optional<Slot> find(std::uint64_t id) const {
    if (blocks_.empty()) return std::nullopt;
    const auto& block = blocks_[block_of(id)];
    auto found = position(block, id);
    if (!stands(block, found, id)) return std::nullopt;
    return block[static_cast<std::size_t>(found)].slot;
  }

  // The first `most` slots whose id is greater than `after`.
  std::vector<Slot> next(std::uint64_t after, std::size_t most) const {
    std::vector<Slot> slots;
    if (blocks_.empty()) return slots;
    for (auto at = block_of(after); at < blocks_.size() && slots.size() < most; ++at) {
      const auto& block = blocks_[at];
      auto from = std::upper_bound(block.begin(), block.end(), after,
                                   [](std::uint64_t id, const Pair& pair) { return id < pair.id; });
      for (; from != block.end() && slots.size() < most; ++from) slots.push_back(from->slot);
    }
    return slots;
  }

  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t block_size = 256;
  struct [[gnu::packed]] Pair {
    std::uint64_t id;
    Slot slot;
  };
  using Block = std::vector<Pair>;

  // Where the id stands in a block, or would stand.
  static std::ptrdiff_t position(const Block& block, std::uint64_t id) {
    return std::lower_bound(block.begin(), block.end(), id,
                            [](const Pair& pair, std::uint64_t value) { return pair.id < value; }) -
           block.begin();
  }
  static bool stands(const Block& block, std::ptrdiff_t at, std::uint64_t id) {
    return at < std::ssize(block) && block[static_cast<std::size_t>(at)].id == id;
  }

  // The last block that begins at or before the id; the first when none does.
  std::size_t block_of(std::uint64_t id) const {
    auto after = std::upper_bound(
        blocks_.begin(), blocks_.end(), id,
        [](std::uint64_t value, const Block& block) { return value < block.front().id; });
    return after == blocks_.begin() ? 0 : static_cast<std::size_t>(after - blocks_.begin()) - 1;
  }

  void split(std::size_t at) {
    auto middle = blocks_[at].begin() + block_size / 2;
    Block upper(middle, blocks_[at].end());
    blocks_[at].erase(middle, blocks_[at].end());
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(upper));
  }

  std::vector<Block> blocks_;  // none is empty
  std::size_t size_ = 0;
};

}  // namespace malleposte::spool
