#include "spool/ordered_ids.h"

#include <algorithm>

namespace malleposte::spool {
namespace {

using Block = OrderedIds::Block;
using Pair = OrderedIds::Pair;
constexpr std::size_t block_size = std::tuple_size_v<decltype(Block::all)>;

// The place of the first id that is not smaller.
std::size_t lower(const Block& block, std::uint64_t id) {
  auto pairs = block.pairs();
  auto found = std::lower_bound(pairs.begin(), pairs.end(), id,
                                [](const Pair& pair, auto value) { return pair.id < value; });
  return static_cast<std::size_t>(found - pairs.begin());
}

bool stands(const Block& block, std::size_t at, std::uint64_t id) {
  return at < block.size && block.all[at].id == id;
}

void put(Block& block, std::size_t at, Pair pair) {
  std::copy_backward(block.all.begin() + at, block.all.begin() + block.size,
                     block.all.begin() + block.size + 1);
  block.all[at] = pair;
  ++block.size;
}

void append(Block& block, std::span<const Pair> pairs) {
  std::copy(pairs.begin(), pairs.end(), block.all.begin() + block.size);
  block.size = static_cast<std::uint16_t>(block.size + pairs.size());
}

}  // namespace

std::size_t OrderedIds::position_of(std::uint64_t id) const {
  auto behind = std::upper_bound(firsts_.begin(), firsts_.end(), id);
  return behind == firsts_.begin() ? 0 : static_cast<std::size_t>(behind - firsts_.begin()) - 1;
}

void OrderedIds::sum_up(Block& block) {
  block.summary = {};
  sum_up_(block);
}

void OrderedIds::changed(Block& block) {
  if (++block.summary.changes >= block_size) sum_up(block);
}

Block& OrderedIds::insert(std::uint64_t id, Slot slot) {
  ++size_;
  auto at = blocks_.empty() ? 0 : position_of(id);
  const bool at_end = at + 1 >= blocks_.size();
  if (blocks_.empty() ||
      (at_end && blocks_[at]->size == block_size && blocks_[at]->all.back().id < id)) {
    firsts_.push_back(id);
    blocks_.push_back(std::make_unique<Block>());
    at = blocks_.size() - 1;
  } else if (blocks_[at]->size == block_size) {
    split(at, lower(*blocks_[at], id));
    if (firsts_[at + 1] <= id) ++at;
  }
  auto& block = *blocks_[at];
  put(block, lower(block, id), {id, slot});
  firsts_[at] = block.all[0].id;
  return block;
}

// Where the new one comes, or in the middle if that would leave too little: mail that overtook
// other mail comes near the end of the last block, and that one shall stay full.
void OrderedIds::split(std::size_t at, std::size_t within) {
  auto& block = *blocks_[at];
  const auto cut = std::clamp(within, block_size / 2, block_size - 1);
  auto rest = std::make_unique<Block>();
  append(*rest, block.pairs().subspan(cut));
  block.size = static_cast<std::uint16_t>(cut);
  sum_up(block);
  sum_up(*rest);
  const auto behind = static_cast<std::ptrdiff_t>(at) + 1;
  firsts_.insert(firsts_.begin() + behind, std::uint64_t{rest->all[0].id});
  blocks_.insert(blocks_.begin() + behind, std::move(rest));
}

void OrderedIds::erase(std::uint64_t id) {
  if (blocks_.empty()) return;
  const auto at = position_of(id);
  auto& block = *blocks_[at];
  const auto found = lower(block, id);
  if (!stands(block, found, id)) return;
  --size_;
  std::copy(block.all.begin() + found + 1, block.all.begin() + block.size,
            block.all.begin() + found);
  if (--block.size > 0) {
    firsts_[at] = block.all[0].id;
    changed(block);
    if (!merge_if_small(at) && at > 0) merge_if_small(at - 1);
    return;
  }
  firsts_.erase(firsts_.begin() + static_cast<std::ptrdiff_t>(at));
  blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(at));
}

// With the next one, when both fit into half a block.
bool OrderedIds::merge_if_small(std::size_t at) {
  if (at + 1 >= blocks_.size()) return false;
  auto& block = *blocks_[at];
  const auto& next = *blocks_[at + 1];
  if (std::size_t{block.size} + next.size > block_size / 2) return false;
  append(block, next.pairs());
  const auto behind = static_cast<std::ptrdiff_t>(at) + 1;
  firsts_.erase(firsts_.begin() + behind);
  blocks_.erase(blocks_.begin() + behind);
  sum_up(block);
  return true;
}

std::optional<OrderedIds::Slot> OrderedIds::find(std::uint64_t id) const {
  if (blocks_.empty()) return std::nullopt;
  const auto& block = *blocks_[position_of(id)];
  const auto found = lower(block, id);
  return stands(block, found, id) ? std::optional(Slot{block.all[found].slot}) : std::nullopt;
}

const Block* OrderedIds::after(std::uint64_t id) const {
  if (blocks_.empty()) return nullptr;
  auto at = position_of(id);
  if (blocks_[at]->pairs().back().id <= id) ++at;
  return at < blocks_.size() ? blocks_[at].get() : nullptr;
}

std::vector<OrderedIds::Slot> OrderedIds::next(std::uint64_t id, std::size_t most) const {
  std::vector<Slot> slots;
  for (auto block = after(id); block != nullptr && slots.size() < most; block = after(id)) {
    for (const auto& pair : block->pairs())
      if (pair.id > id && slots.size() < most) slots.push_back(Slot{pair.slot});
    id = block->pairs().back().id;
  }
  return slots;
}

std::size_t OrderedIds::rank(std::uint64_t id) const {
  if (blocks_.empty()) return 0;
  const auto at = position_of(id);
  std::size_t rank = 0;
  for (std::size_t i = 0; i < at; ++i) rank += blocks_[i]->size;
  for (const auto& pair : blocks_[at]->pairs()) rank += pair.id <= id;
  return rank;
}

std::size_t OrderedIds::octets() const {
  return blocks_.size() * sizeof(Block) +
         blocks_.capacity() * (sizeof(std::uint64_t) + sizeof blocks_[0]);
}

}  // namespace malleposte::spool
