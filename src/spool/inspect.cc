#include "spool/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "spool/file_disk.h"
#include "spool/items.h"
#include "spool/segment_header.h"
#include "spool/segment_reader.h"

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;

struct SegmentFile {
  std::string name;
  std::uint64_t octets = 0;
  DecodedHeader header{HeaderState::free};
  Disk::File file = -1;
};

struct Spool {
  std::unique_ptr<Disk> disk;
  std::vector<SegmentFile> segments;                   // by epoch
  std::map<std::uint64_t, std::uint64_t> sealed_ends;  // by epoch
};

Result<Spool> open_spool(const std::string& directory) {
  auto disk = open_existing_disk(directory);
  if (!disk) return tl::make_unexpected(disk.error());
  Spool spool;
  spool.disk = std::move(*disk);
  auto entries = spool.disk->list();
  if (!entries) return tl::make_unexpected(entries.error());
  for (const auto& entry : *entries) {
    if (!entry.name.starts_with("segment-")) continue;
    auto file = spool.disk->open(entry.name);
    if (!file) return tl::make_unexpected(file.error());
    std::string octets(segment_header_octets, '\0');
    auto got = spool.disk->read(*file, 0, octets);
    if (!got) return tl::make_unexpected(got.error());
    octets.resize(*got);
    auto header = decode_segment_header(octets);
    if (header.state == HeaderState::foreign) return fail(Fault::disk, foreign_format(entry.name));
    if (header.state == HeaderState::used)
      spool.sealed_ends[header.header.previous_epoch] = header.header.previous_end;
    spool.segments.push_back({entry.name, entry.size, header, *file});
  }
  std::sort(spool.segments.begin(), spool.segments.end(), [](const auto& a, const auto& b) {
    return a.header.header.epoch < b.header.header.epoch;
  });
  return spool;
}

// Calls `each` for every record of a used segment; returns the reader for what it has seen.
SegmentReader read_segment(Spool& spool, const SegmentFile& segment,
                           const std::function<void(const Record&)>& each) {
  std::optional<std::uint64_t> end;
  auto epoch = segment.header.header.epoch;
  if (auto known = spool.sealed_ends.find(epoch); known != spool.sealed_ends.end())
    end = known->second;
  SegmentReader reader(*spool.disk, segment.file, epoch, segment.octets, end);
  while (auto record = reader.next()) each(*record);
  return reader;
}

auto either(bool json, std::string_view machine, std::string_view people) {
  return fmt::runtime(json ? machine : people);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + "\"";
}

struct Line {
  bool json;
  std::string operator()(const MessageItem& item) const {
    std::string recipients;
    for (const auto& recipient : item.recipients)
      recipients += (recipients.empty() ? ""
                     : json             ? ","
                                        : " ") +
                    (json ? quoted(recipient.address) : "<" + recipient.address + ">");
    return json ? fmt::format(
                      "\"item\":\"message\",\"id\":\"{}\",\"generation\":{},\"size\":{},"
                      "\"sender\":{},\"recipients\":[{}]",
                      to_string(item.id), item.generation, item.size, quoted(item.sender),
                      recipients)
                : fmt::format("message {} generation {}, {} octets, from <{}> to {}",
                              to_string(item.id), item.generation, item.size, item.sender,
                              recipients);
  }
  std::string operator()(const OutcomeItem& item) const {
    const auto reply = describe(item.attempt.answer);
    return fmt::format(either(json,
                              "\"item\":\"outcome\",\"id\":\"{}\",\"recipient\":{},\"fate\":\"{}\","
                              "\"attempts\":{},\"class\":\"{}\",\"reply\":{}",
                              "outcome {} recipient {} {} after {} attempts, {}: {}"),
                       to_string(item.id), item.recipient, mail::to_string(item.fate),
                       item.attempts, to_string(item.attempt.answer.outcome_class),
                       json ? quoted(reply) : reply);
  }
  std::string operator()(const FlagsItem& item) const {
    const auto& marks = item.marks;
    auto line =
        fmt::format(either(json, "\"item\":\"flags\",\"id\":\"{}\",\"held\":{},\"deleting\":{}",
                           "flags   {} held {} deleting {}"),
                    to_string(item.id), marks.held, marks.deleting);
    if (!marks.next_hop.empty())
      line += json ? ",\"next_hop\":" + quoted(marks.next_hop) : " next hop " + marks.next_hop;
    if (marks.lifetime)
      line += fmt::format(either(json, ",\"lifetime\":{}", " lifetime {} s"), *marks.lifetime / 1s);
    return line;
  }
  std::string operator()(const OrdersItem& item) const {
    std::string list;
    for (const auto& order : item.orders)
      list += json ? fmt::format("{}{{\"number\":{},\"kind\":\"{}\",\"pattern\":{}}}",
                                 list.empty() ? "" : ",", order.number, to_string(order.kind),
                                 quoted(order.pattern))
                   : fmt::format("{} {} {} {}", list.empty() ? "" : ",", order.number,
                                 to_string(order.kind), order.pattern);
    return fmt::format(
        either(json, "\"item\":\"orders\",\"last\":{},\"orders\":[{}]", "orders  up to {}:{}"),
        item.last, list);
  }
  std::string operator()(const GoneItem& item) const {
    return fmt::format(either(json, "\"item\":\"gone\",\"id\":\"{}\"", "gone    {}"),
                       to_string(item.id));
  }
  std::string operator()(const WarnedItem& item) const {
    return fmt::format(either(json, "\"item\":\"warned\",\"id\":\"{}\"", "warned  {}"),
                       to_string(item.id));
  }
  std::string operator()(const RetireItem& item) const {
    return fmt::format(either(json, "\"item\":\"retire\",\"epoch\":{}", "retire  epoch {}"),
                       item.epoch);
  }
};

int cannot_read(const Error& error, bool json, std::string& out) {
  out += json ? fmt::format("{{\"error\":{}}}\n", quoted(error.text)) : error.text + "\n";
  return 1;
}

}  // namespace

int verify(const std::string& directory, bool json, std::string& out) {
  auto spool = open_spool(directory);
  if (!spool) return cannot_read(spool.error(), json, out);
  std::uint64_t records = 0, damaged = 0, used = 0, free = 0;
  for (const auto& segment : spool->segments) {
    if (segment.header.state == HeaderState::free) {
      ++free;
      continue;
    }
    if (segment.header.state == HeaderState::damaged) {
      ++damaged;
      if (!json) out += fmt::format("{}: the header is damaged\n", segment.name);
      continue;
    }
    ++used;
    auto reader = read_segment(*spool, segment, [&](const Record& record) {
      ++records;
      if (record.type != RecordType::commit) return;
      ItemReader items(record.payload);
      while (items.next()) {
      }
      if (!items.damaged()) return;
      ++damaged;
      if (!json)
        out +=
            fmt::format("{}: the record at {} cannot be understood\n", segment.name, record.offset);
    });
    if (reader.error()) return cannot_read(*reader.error(), json, out);
    for (const auto& damage : reader.damages()) {
      ++damaged;
      if (!json)
        out += fmt::format("{}: {} octets at {} are damaged\n", segment.name,
                           damage.to - damage.from, damage.from);
    }
  }
  out += fmt::format(
      either(json, "{{\"segments\":{},\"free_segments\":{},\"records\":{},\"damaged\":{}}}\n",
             "{} segments in use, {} free, {} records, {} damaged\n"),
      used, free, records, damaged);
  return damaged == 0 ? 0 : 1;
}

int dump(const std::string& directory, bool json, std::string& out) {
  auto spool = open_spool(directory);
  if (!spool) return cannot_read(spool.error(), json, out);
  for (const auto& segment : spool->segments) {
    if (segment.header.state != HeaderState::used) continue;
    auto epoch = segment.header.header.epoch;
    auto print = [&](std::uint64_t offset, const std::string& line) {
      out += fmt::format(either(json, "{{\"epoch\":{},\"offset\":{},{}}}\n", "{:>6} {:>10}  {}\n"),
                         epoch, offset, line);
    };
    auto reader = read_segment(*spool, segment, [&](const Record& record) {
      if (record.type == RecordType::chunk)
        return print(record.offset, fmt::format(either(json, "\"item\":\"chunk\",\"octets\":{}",
                                                       "chunk   {} octets"),
                                                record.payload.size()));
      ItemReader items(record.payload);
      while (items.next()) print(record.offset, std::visit(Line{json}, items.item()));
    });
    if (reader.error()) return cannot_read(*reader.error(), json, out);
  }
  return 0;
}

}  // namespace malleposte::spool
