#include "spool/simulated_disk.h"

#include <algorithm>

#include "spool/record.h"

namespace malleposte::spool {
namespace {

void apply_write(std::string& content, std::uint64_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size(), '\0');
  content.replace(offset, bytes.size(), bytes);
}

}  // namespace

Result<void> SimulatedDisk::check(DiskOperation operation) {
  if (fault) {
    if (auto result = fault(operation); !result) return result;
  }
  const bool sync = operation.kind == DiskOperation::Kind::sync ||
                    operation.kind == DiskOperation::Kind::sync_directory;
  if (!(sync && only_says_so && only_says_so(operation)))
    operations_.push_back(std::move(operation));
  return {};
}

std::uint64_t SimulatedDisk::used() const {
  std::uint64_t octets = 0;
  for (const auto& [name, content] : files_) octets += content.size();
  return octets;
}

Result<std::vector<Disk::Entry>> SimulatedDisk::list() {
  std::vector<Entry> entries;
  for (const auto& [name, content] : files_) entries.push_back({name, content.size()});
  return entries;
}

Result<Disk::File> SimulatedDisk::open(const std::string& name) {
  if (!files_.contains(name)) return fail(Fault::disk, "no such file: " + name);
  names_[next_] = name;
  return next_++;
}

Result<Disk::File> SimulatedDisk::create(const std::string& name) {
  if (files_.contains(name)) return fail(Fault::disk, "exists: " + name);
  if (auto good = check({DiskOperation::Kind::create, name, 0, {}, 0}); !good)
    return tl::make_unexpected(good.error());
  files_[name];
  return open(name);
}

Result<void> SimulatedDisk::remove(const std::string& name) {
  if (auto good = check({DiskOperation::Kind::remove, name, 0, {}, 0}); !good) return good;
  files_.erase(name);
  return {};
}

Result<void> SimulatedDisk::set_aside(const std::string& name, const std::string& as) {
  damaged[as] = files_[name];
  return remove(name);
}

Result<void> SimulatedDisk::keep_damaged(const std::string& as, std::string_view bytes) {
  damaged[as] = bytes;
  return {};
}

Result<void> SimulatedDisk::sync_directory() {
  return check({DiskOperation::Kind::sync_directory, {}, 0, {}, 0});
}

Result<void> SimulatedDisk::write(File file, std::uint64_t offset,
                                  std::span<const std::string_view> buffers) {
  std::string bytes;
  for (auto buffer : buffers) bytes += buffer;
  auto& content = files_[names_.at(file)];
  auto grown = offset + bytes.size() > content.size() ? offset + bytes.size() - content.size() : 0;
  if (grown > 0 && used() + grown > capacity) return fail(Fault::disk, "no space left");
  if (auto good = check({DiskOperation::Kind::write, names_.at(file), offset, bytes, 0}); !good)
    return good;
  apply_write(content, offset, bytes);
  return {};
}

Result<void> SimulatedDisk::sync(File file) {
  return check({DiskOperation::Kind::sync, names_.at(file), 0, {}, 0});
}

Result<bool> SimulatedDisk::write_durably(File file, std::uint64_t offset,
                                          std::span<const std::string_view> buffers) {
  std::uint64_t octets = 0;
  for (const auto buffer : buffers) octets += buffer.size();
  auto done = write(file, offset, buffers);
  if (done) done = check({DiskOperation::Kind::sync, names_.at(file), offset, {}, octets});
  if (!done) return tl::make_unexpected(done.error());
  return cached;
}

Result<std::size_t> SimulatedDisk::read(File file, std::uint64_t offset, std::span<char> into) {
  if (read_fault)
    if (auto good = read_fault(names_.at(file)); !good) return tl::make_unexpected(good.error());
  const auto& content = files_[names_.at(file)];
  if (offset >= content.size()) return std::size_t{0};
  auto octets = std::min<std::uint64_t>(into.size(), content.size() - offset);
  std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(offset), octets, into.begin());
  return octets;
}

Disk::Space SimulatedDisk::space() {
  auto octets = used();
  return {capacity > octets ? capacity - octets : 0, capacity, copies_on_write};
}

void PowerCut::advance() {
  const auto& operation = operations_[at_++];
  switch (operation.kind) {
    case DiskOperation::Kind::create:
      current_[operation.name];
      nameless_[operation.name];
      unsynced_directory_.push_back(&operation);
      break;
    case DiskOperation::Kind::remove:
      current_.erase(operation.name);
      nameless_.erase(operation.name);
      unsynced_directory_.push_back(&operation);
      break;
    case DiskOperation::Kind::write:
      apply_write(current_[operation.name], operation.offset, operation.bytes);
      unsynced_.push_back(&operation);
      break;
    case DiskOperation::Kind::sync: {
      // A synced file whose directory entry is not durable may still be missing.
      const auto fresh = nameless_.find(operation.name);
      const auto known = durable_.find(operation.name);
      if (fresh == nameless_.end() && known == durable_.end()) break;
      auto& content = fresh != nameless_.end() ? fresh->second : known->second;
      std::erase_if(unsynced_, [&](const auto* write) {
        if (write->name != operation.name) return false;
        const bool elsewhere =
            write->offset < operation.offset ||
            write->offset + write->bytes.size() > operation.offset + operation.octets;
        if (operation.octets != 0 && elsewhere) return false;
        apply_write(content, write->offset, write->bytes);
        return true;
      });
      break;
    }
    case DiskOperation::Kind::sync_directory:
      for (const auto* change : unsynced_directory_) {
        if (auto file = nameless_.extract(change->name))
          durable_[change->name] = std::move(file.mapped());
        else if (!current_.contains(change->name))
          durable_.erase(change->name);
      }
      unsynced_directory_.clear();
      break;
  }
}

DiskImage PowerCut::some(std::mt19937_64& random) const {
  auto image = durable_;
  for (const auto* change : unsynced_directory_) {
    if (random() % 2) continue;
    if (change->kind == DiskOperation::Kind::remove)
      image.erase(change->name);
    else if (const auto file = nameless_.find(change->name); file != nameless_.end())
      image[change->name] = file->second;
  }
  // Sometimes nearly nothing has reached the disk, sometimes nearly everything.
  auto share = random() % 101;
  for (const auto* write : unsynced_) {
    auto file = image.find(write->name);
    if (file == image.end()) continue;
    std::uint64_t at = write->offset;
    std::string_view rest = write->bytes;
    while (!rest.empty()) {
      auto octets = std::min<std::uint64_t>(rest.size(), sector_octets - at % sector_octets);
      if (random() % 100 < share) apply_write(file->second, at, rest.substr(0, octets));
      at += octets;
      rest.remove_prefix(octets);
    }
  }
  return image;
}

}  // namespace malleposte::spool
