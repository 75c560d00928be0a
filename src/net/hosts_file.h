// /etc/hosts (hosts(5)): read when first asked and again whenever the file has changed. A missing
// file has no entries; lines that make no sense are skipped. Loop thread only.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "base/ip_address.h"

namespace malleposte::net {

class HostsFile {
 public:
  explicit HostsFile(std::string path) : path_(std::move(path)) {}

  // Addresses of a canonical name, in the order of the file.
  std::vector<IpAddress> addresses(const std::string& name);
  // The first name of an address, "" when there is none.
  std::string name(const IpAddress& address);

 private:
  void refresh();
  void add_line(const std::string& line);

  const std::string path_;
  std::map<std::string, std::vector<IpAddress>> addresses_;
  std::map<IpAddress, std::string> names_;
  // What tells one content from another.
  struct Version {
    ino_t inode = 0;
    off_t size = -1;
    std::time_t seconds = 0;
    long nanoseconds = 0;
    bool operator==(const Version&) const = default;
  };
  Version version_;
};

}  // namespace malleposte::net
