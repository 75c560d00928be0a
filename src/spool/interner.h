// Strings that many messages share, kept once and counted: domains and replies of the index.
// Number 0 is the empty string and needs no counting. Loop thread.
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace malleposte::spool {

class Interner {
 public:
  using Number = std::uint32_t;

  // The number of the text, counted once more.
  Number add(std::string_view text) {
    if (text.empty()) return 0;
    if (auto known = numbers_.find(text); known != numbers_.end()) {
      ++entries_[known->second].count;
      return known->second;
    }
    Number number;
    if (free_.empty()) {
      number = static_cast<Number>(entries_.size());
      entries_.emplace_back();
    } else {
      number = free_.back();
      free_.pop_back();
    }
    auto& entry = entries_[number];
    entry.text = std::make_unique<std::string>(text);
    entry.count = 1;
    numbers_.emplace(*entry.text, number);
    octets_ += text.size();
    return number;
  }

  // Counts one less; the last one forgets the text.
  void release(Number number) {
    if (number == 0) return;
    auto& entry = entries_[number];
    assert(entry.count > 0);
    if (--entry.count > 0) return;
    octets_ -= entry.text->size();
    numbers_.erase(*entry.text);
    entry.text.reset();
    free_.push_back(number);
  }

  std::string_view text(Number number) const {
    return number == 0 ? std::string_view{} : std::string_view(*entries_[number].text);
  }
  std::optional<Number> find(std::string_view text) const {
    if (text.empty()) return 0;
    auto known = numbers_.find(text);
    if (known == numbers_.end()) return std::nullopt;
    return known->second;
  }
  std::size_t size() const { return numbers_.size(); }
  // What it holds, about: for the memory limit.
  std::size_t octets() const { return octets_ + numbers_.size() * 120; }

 private:
  struct Entry {
    std::unique_ptr<std::string> text;  // behind a pointer: numbers_ refers to it
    std::uint32_t count = 0;
  };
  std::vector<Entry> entries_{1};
  std::vector<Number> free_;
  std::unordered_map<std::string_view, Number> numbers_;
  std::size_t octets_ = 0;
};

}  // namespace malleposte::spool
