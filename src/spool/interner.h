// Texts that many messages share, kept once and counted: domains and replies of the index. A text
// takes about 50 octets beside its own. Number 0 is the empty text and needs no counting. Loop
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/pool.h"

namespace malleposte::spool {

class Interner {
 public:
  using Number = std::uint32_t;

  // The number of the text, counted once more.
  Number add(std::string_view text);
  // Counts one less; the last one forgets the text. Whether it did.
  bool release(Number number);

  std::string_view text(Number number) const;
  std::optional<Number> find(std::string_view text) const;
  // How many texts had been new before this one: tells a number that was given out again.
  std::uint32_t born(Number number) const;
  std::uint32_t births() const { return births_; }

  std::size_t size() const { return size_; }
  // Every number is below; those whose text is empty are free.
  Number limit() const { return entries_.limit() + 1; }
  // Memory held, about.
  std::size_t octets() const {
    return entries_.octets() + table_.capacity() * sizeof(Number) + text_octets_;
  }

 private:
  // What stands before the characters of a text.
  struct Head {
    std::uint32_t length = 0;
    std::uint32_t born = 0;
  };
  struct Entry {
    std::unique_ptr<char[]> text;  // with its Head
    std::uint32_t count = 0;
    std::uint32_t hash = 0;
  };
  Head head(const Entry& entry) const;
  const Entry& entry(Number number) const { return entries_[number - 1]; }
  std::size_t place_of(std::string_view text, std::uint32_t hash) const;
  void grow();
  void close_gap(std::size_t gap);

  Pool<Entry> entries_;        // number - 1
  std::vector<Number> table_;  // by hash, the next free place after it; 0: free
  std::size_t size_ = 0, text_octets_ = 0;
  std::uint32_t births_ = 0;
};

}  // namespace malleposte::spool
