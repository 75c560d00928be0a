// The disk's twin in memory. It remembers every operation, so that afterwards the disk can be had
// as a power cut at any moment would have left it: what was synced is there, of what was not any
// part, in sectors. Files keep what deleted or freed ones held before, as real ones do.
// Single-threaded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "spool/disk.h"

namespace malleposte::spool {

// The content of a simulated disk: what survives.
using DiskImage = std::map<std::string, std::string>;

struct DiskOperation {
  enum class Kind : std::uint8_t { create, write, sync, remove, sync_directory };
  Kind kind;
  std::string name;
  std::uint64_t offset = 0;
  std::string bytes;
  std::uint64_t octets = 0;  // of a sync: only what lies there from `offset` on; 0 all of the file
};

class SimulatedDisk final : public Disk {
 public:
  explicit SimulatedDisk(DiskImage image = {}) : files_(std::move(image)), start_(files_) {}

  // What goes wrong. Called before each operation; an Error is what the operation answers. A sync
  // that fails drops what it should have made durable, as kernels do.
  std::function<Result<void>(const DiskOperation&)> fault;
  // The same before a file is read.
  std::function<Result<void>(const std::string& name)> read_fault;
  std::uint64_t capacity = 1ull << 40;  // octets; beyond it files do not grow
  bool copies_on_write = false;
  bool cached = true;  // what was written durably can be read at once
  // The planted bug: a sync, of a file or of the directory, of which this is true does nothing and
  // says it did.
  std::function<bool(const DiskOperation&)> only_says_so;

  Result<std::vector<Entry>> list() override;
  Result<File> open(const std::string& name) override;
  Result<File> create(const std::string& name) override;
  void close(File file) override { names_.erase(file); }
  Result<void> remove(const std::string& name) override;
  Result<void> set_aside(const std::string& name, const std::string& as) override;
  Result<void> keep_damaged(const std::string& as, std::string_view bytes) override;
  Result<void> sync_directory() override;
  Result<void> write(File file, std::uint64_t offset,
                     std::span<const std::string_view> buffers) override;
  Result<void> sync(File file) override;
  Result<bool> write_durably(File file, std::uint64_t offset,
                             std::span<const std::string_view> buffers) override;
  Result<std::size_t> read(File file, std::uint64_t offset, std::span<char> into) override;
  std::optional<std::size_t> read_now(File, std::uint64_t, std::span<char>) override {
    return std::nullopt;
  }
  Space space() override;

  const std::vector<DiskOperation>& operations() const { return operations_; }
  const DiskImage& start() const { return start_; }
  DiskImage& files() { return files_; }
  std::map<std::string, std::string> damaged;  // what was set aside

 private:
  Result<void> check(DiskOperation operation);
  std::uint64_t used() const;

  DiskImage files_, start_;
  std::map<File, std::string> names_;
  File next_ = 3;
  std::vector<DiskOperation> operations_;
};

// Goes through recorded operations and shows what a power cut would leave.
class PowerCut {
 public:
  PowerCut(DiskImage start, const std::vector<DiskOperation>& operations)
      : operations_(operations), durable_(start), current_(std::move(start)) {}

  std::size_t at() const { return at_; }
  bool at_end() const { return at_ == operations_.size(); }
  const DiskOperation& next() const { return operations_[at_]; }
  void advance();  // by one operation

  // Everything so far has reached the disk.
  const DiskImage& all() const { return current_; }
  // What was synced, and a random part of the sectors, files and removals that were not.
  DiskImage some(std::mt19937_64& random) const;

 private:
  const std::vector<DiskOperation>& operations_;
  std::size_t at_ = 0;
  DiskImage durable_, current_;
  DiskImage nameless_;                          // synced content of files whose name is not durable
  std::vector<const DiskOperation*> unsynced_;  // writes, in order
  std::vector<const DiskOperation*> unsynced_directory_;
};

}  // namespace malleposte::spool
