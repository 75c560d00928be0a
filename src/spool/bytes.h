// Little-endian and variable-length integers and length-prefixed strings, as the spool's formats
// use them (docs/formats/spool.md).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace malleposte::spool {

template <class T>
void put(std::string& out, T value) {  // fixed width, little endian
  static_assert(std::is_integral_v<T>);
  char raw[sizeof(T)];
  for (std::size_t i = 0; i < sizeof(T); ++i)
    raw[i] = static_cast<char>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xff);
  out.append(raw, sizeof raw);
}

template <class T>
T get(const char* from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(from[i])) << (8 * i);
  return static_cast<T>(value);
}

template <class T>
void overwrite(std::string& out, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    out[at + i] = static_cast<char>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xff);
}

inline void put_varint(std::string& out, std::uint64_t value) {  // LEB128
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline void put_string(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

// Takes values off the front of a piece of memory. After the first that does not fit, good() is
// false and everything further reads as zero or empty: check once, at the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  T take() {
    auto raw = take_bytes(sizeof(T));
    return raw.size() == sizeof(T) ? get<T>(raw.data()) : T{};
  }
  std::uint64_t take_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      auto byte = take<std::uint8_t>();
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) return value;
    }
    good_ = false;
    return 0;
  }
  std::string_view take_string() { return take_bytes(take_varint()); }
  std::string_view take_bytes(std::uint64_t count) {
    if (!good_ || count > rest_.size()) {
      good_ = false;
      return {};
    }
    auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  // For lists: a count that could not possibly fit in the rest is a fault of its own, so that a
  // damaged count never becomes a large allocation.
  std::size_t take_count(std::size_t smallest_element) {
    auto count = take_varint();
    if (count > rest_.size() / smallest_element) good_ = false;
    return good_ ? count : 0;
  }

  bool good() const { return good_; }
  bool empty() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace malleposte::spool
