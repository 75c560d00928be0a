#include "spool/recent_records.h"

#include "base/limits.h"
#include "spool/record.h"

namespace malleposte::spool {

void RecentRecords::keep(std::uint64_t epoch, std::uint64_t offset, std::string_view record) {
  const Place place{epoch, offset};
  if (!records_.try_emplace(place, record).second) return;  // a place is written once
  order_.push_back(place);
  octets_ += record.size();
  while (octets_ > limits::recent_octets) {
    const auto oldest = records_.find(order_.front());
    octets_ -= oldest->second.size();
    records_.erase(oldest);
    order_.pop_front();
  }
}

std::optional<std::string> RecentRecords::find(std::uint64_t epoch, std::uint64_t offset,
                                               std::size_t octets) const {
  const auto known = records_.find({epoch, offset});
  if (known == records_.end()) return std::nullopt;
  const std::string& record = known->second;
  if (octets > record_octets(record.size() - record_header_octets)) return std::nullopt;
  std::string found = record.substr(0, octets);
  found.resize(octets, '\0');
  return found;
}

}  // namespace malleposte::spool
