#include "net/hosts_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "net/dns_record.h"

namespace malleposte::net {
namespace {
constexpr off_t file_octets = 4 << 20;  // more is no hosts file; ignored
}

std::vector<IpAddress> HostsFile::addresses(const std::string& name) {
  refresh();
  const auto found = addresses_.find(name);
  return found == addresses_.end() ? std::vector<IpAddress>{} : found->second;
}

std::string HostsFile::name(const IpAddress& address) {
  refresh();
  const auto found = names_.find(address);
  return found == names_.end() ? std::string{} : found->second;
}

void HostsFile::refresh() {
  struct stat status{};
  Version current;
  if (stat(path_.c_str(), &status) == 0)
    current = {status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  if (current == version_) return;
  version_ = current;
  addresses_.clear();
  names_.clear();
  if (current.size < 0 || current.size > file_octets || !S_ISREG(status.st_mode)) return;
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) add_line(line);
}

void HostsFile::add_line(const std::string& line) {
  std::istringstream words(line.substr(0, line.find('#')));
  std::string word;
  if (!(words >> word)) return;
  const auto address = parse_ip(word);
  if (!address) return;
  while (words >> word) {
    const auto name = canonical_name(word);
    if (!name) continue;
    names_.try_emplace(*address, *name);
    auto& known = addresses_[*name];
    if (std::find(known.begin(), known.end(), *address) == known.end()) known.push_back(*address);
  }
}

}  // namespace malleposte::net
