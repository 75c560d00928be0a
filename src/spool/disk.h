// The disk seam: the few operations the spool asks of a directory of files. FileDisk is the real
// one; SimulatedDisk keeps what was not synced apart and can lose any part of it.
//
// Operations block; the store calls them from the lanes of its Loop (base/loop.h). Two threads may
// use different files at the same time, and read a file while another writes elsewhere in it.
// Errors have Fault::disk.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace malleposte::spool {

class Disk {
 public:
  using File = int;

  struct Entry {
    std::string name;
    std::uint64_t size;
  };
  struct Space {
    std::uint64_t free_octets;
    std::uint64_t total_octets;
    // btrfs, ZFS: overwriting needs new space, so that octets written before reserve nothing.
    bool copies_on_write = false;
  };

  virtual ~Disk() = default;

  virtual Result<std::vector<Entry>> list() = 0;
  virtual Result<File> open(const std::string& name) = 0;
  // A new, empty file; an existing one of that name is an error. Durable after sync_directory().
  virtual Result<File> create(const std::string& name) = 0;
  virtual void close(File file) = 0;
  virtual Result<void> remove(const std::string& name) = 0;
  // Moves a file into the subdirectory for damaged ones, which is made if need be.
  virtual Result<void> set_aside(const std::string& name, const std::string& as) = 0;
  // Keeps bytes in that subdirectory under a new name.
  virtual Result<void> keep_damaged(const std::string& as, std::string_view bytes) = 0;
  virtual Result<void> sync_directory() = 0;

  // Writes all the buffers one after another from `offset` on.
  virtual Result<void> write(File file, std::uint64_t offset,
                             std::span<const std::string_view> buffers) = 0;
  virtual Result<void> sync(File file) = 0;
  // Writes, and makes durable what it has written: that alone, not what was written before and not
  // synced. Offset and length are whole sectors. Says whether it can be read without waiting for
  // the device; if not, and it will be read soon, the caller had better remember it.
  virtual Result<bool> write_durably(File file, std::uint64_t offset,
                                     std::span<const std::string_view> buffers) {
    auto done = write(file, offset, buffers);
    if (done) done = sync(file);
    if (!done) return tl::make_unexpected(done.error());
    return true;
  }
  // Reads up to into.size() octets; fewer only at the end of the file.
  virtual Result<std::size_t> read(File file, std::uint64_t offset, std::span<char> into) = 0;
  // The same without waiting for the device; empty when it would have to. Callable anywhere.
  virtual std::optional<std::size_t> read_now(File file, std::uint64_t offset,
                                              std::span<char> into) = 0;
  virtual Space space() = 0;
};

}  // namespace malleposte::spool
