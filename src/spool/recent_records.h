// The records that were written last, for who reads them soon. A small batch goes to the device
// past the page cache, as that is quicker, and most of its messages are read for delivery in the
// next moment: they are found here. Bounded (limits::recent_octets); the oldest go first. Loop
// thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace malleposte::spool {

class RecentRecords {
 public:
  // `record` is header and payload, as they stand at `offset` of the segment with this epoch.
  void keep(std::uint64_t epoch, std::uint64_t offset, std::string_view record);

  // The octets from `offset` on, when a record of that length or longer begins there; behind its
  // payload they are zeros, as on the disk.
  std::optional<std::string> find(std::uint64_t epoch, std::uint64_t offset,
                                  std::size_t octets) const;

  std::size_t octets() const { return octets_; }

 private:
  struct Place {
    std::uint64_t epoch, offset;
    bool operator==(const Place&) const = default;
  };
  struct HashOfPlace {
    std::size_t operator()(const Place& place) const {
      return std::hash<std::uint64_t>()(place.epoch * 0x9e3779b97f4a7c15u + place.offset);
    }
  };

  std::unordered_map<Place, std::string, HashOfPlace> records_;
  std::deque<Place> order_;  // oldest first
  std::size_t octets_ = 0;
};

}  // namespace malleposte::spool
