// From message id to slot of the index, in the order of the ids, which is that of arrival: sorted
// blocks of up to 256 pairs, each with a summary of its messages. Finding, adding and going on from
// a cursor take a couple of binary searches, and a message 17 octets as long as the blocks are
// full. Loop thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "spool/block_summary.h"

namespace malleposte::spool {

class OrderedIds {
 public:
  using Slot = std::uint32_t;
  struct [[gnu::packed]] Pair {
    std::uint64_t id;
    Slot slot;
  };
  struct Block {
    BlockSummary summary;
    std::uint16_t size = 0;
    std::array<Pair, 256> all;

    std::span<const Pair> pairs() const { return {all.data(), size}; }
  };

  // `sum_up` makes the summary of a block that lost or got many at once: into an empty one.
  using SumUp = std::function<void(Block&)>;
  explicit OrderedIds(SumUp sum_up = [](Block&) {}) : sum_up_(std::move(sum_up)) {}

  // The id must be new. Returns its block, whose summary does not yet know it.
  Block& insert(std::uint64_t id, Slot slot);
  // No effect if it is not there.
  void erase(std::uint64_t id);
  std::optional<Slot> find(std::uint64_t id) const;
  // The block of an id that is there.
  Block& block_of(std::uint64_t id) { return *blocks_[position_of(id)]; }
  // Its summary has changed once more, in a way that leaves something stale.
  void changed(Block& block);

  // The block with the first id greater than this; none: nullptr.
  const Block* after(std::uint64_t id) const;
  // The first `most` slots whose id is greater than `after`.
  std::vector<Slot> next(std::uint64_t after, std::size_t most) const;
  // How many ids are not greater than this.
  std::size_t rank(std::uint64_t id) const;

  std::size_t size() const { return size_; }
  std::size_t octets() const;

 private:
  // The last block that begins at or before the id; the first when none does.
  std::size_t position_of(std::uint64_t id) const;
  void split(std::size_t at, std::size_t within);
  bool merge_if_small(std::size_t at);
  void sum_up(Block& block);

  SumUp sum_up_;
  std::vector<std::uint64_t> firsts_;           // the first id of each block
  std::vector<std::unique_ptr<Block>> blocks_;  // none is empty
  std::size_t size_ = 0;
};

}  // namespace malleposte::spool
