#include "spool/interner.h"

#include <cassert>
#include <cstring>
#include <functional>

namespace malleposte::spool {
namespace {

constexpr std::size_t table_least = 16;
constexpr std::size_t allocation_octets = 16;  // of every allocation, about

std::uint32_t hash_of(std::string_view text) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(text));
}

}  // namespace

Interner::Head Interner::head(const Entry& entry) const {
  Head head;
  std::memcpy(&head, entry.text.get(), sizeof head);
  return head;
}

std::string_view Interner::text(Number number) const {
  if (number == 0 || !entry(number).text) return {};
  const auto& known = entry(number);
  return {known.text.get() + sizeof(Head), head(known).length};
}

std::uint32_t Interner::born(Number number) const {
  return number == 0 || !entry(number).text ? 0 : head(entry(number)).born;
}

// Where it stands in the table, or the free place where it would.
std::size_t Interner::place_of(std::string_view wanted, std::uint32_t hash) const {
  const auto mask = table_.size() - 1;
  for (auto at = hash & mask;; at = (at + 1) & mask)
    if (table_[at] == 0 || (entry(table_[at]).hash == hash && text(table_[at]) == wanted))
      return at;
}

std::optional<Interner::Number> Interner::find(std::string_view text) const {
  if (text.empty()) return 0;
  if (table_.empty()) return std::nullopt;
  auto number = table_[place_of(text, hash_of(text))];
  return number == 0 ? std::nullopt : std::optional(number);
}

Interner::Number Interner::add(std::string_view text) {
  if (text.empty()) return 0;
  if ((size_ + 1) * 4 > table_.size() * 3) grow();
  const auto hash = hash_of(text);
  auto& place = table_[place_of(text, hash)];
  if (place != 0) {
    ++entries_[place - 1].count;
    return place;
  }
  place = entries_.add() + 1;
  auto& made = entries_[place - 1];
  const Head head{static_cast<std::uint32_t>(text.size()), births_++};
  made.text.reset(new char[sizeof head + text.size()]);
  std::memcpy(made.text.get(), &head, sizeof head);
  std::memcpy(made.text.get() + sizeof head, text.data(), text.size());
  made.count = 1;
  made.hash = hash;
  ++size_;
  text_octets_ += sizeof head + text.size() + allocation_octets;
  return place;
}

bool Interner::release(Number number) {
  if (number == 0) return false;
  auto& entry = entries_[number - 1];
  assert(entry.count > 0);
  if (--entry.count > 0) return false;
  auto gone = text(number);
  text_octets_ -= sizeof(Head) + gone.size() + allocation_octets;
  close_gap(place_of(gone, entry.hash));
  entries_.remove(number - 1);
  --size_;
  return true;
}

// Frees a place, and lets those behind it move up whose way leads over it.
void Interner::close_gap(std::size_t gap) {
  const auto mask = table_.size() - 1;
  for (auto at = (gap + 1) & mask; table_[at] != 0; at = (at + 1) & mask) {
    auto wanted = entry(table_[at]).hash & mask;
    if (((at - wanted) & mask) < ((at - gap) & mask)) continue;
    table_[gap] = table_[at];
    gap = at;
  }
  table_[gap] = 0;
}

void Interner::grow() {
  auto before = std::move(table_);
  table_.assign(before.empty() ? table_least : before.size() * 2, 0);
  const auto mask = table_.size() - 1;
  for (auto number : before) {
    if (number == 0) continue;
    auto at = entry(number).hash & mask;
    while (table_[at] != 0) at = (at + 1) & mask;
    table_[at] = number;
  }
}

}  // namespace malleposte::spool
