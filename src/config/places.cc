// What load.h asks of the machine itself: its configuration file and its name.
#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>

#include "config/load.h"

namespace malleposte::config {

std::filesystem::path default_file(const std::filesystem::path& directory, unsigned user) {
  const std::filesystem::path here = directory / "malleposte.toml";
  struct stat info{};
  if (::stat(here.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
      (info.st_uid == user || info.st_uid == 0))
    return "malleposte.toml";
  const std::filesystem::path system = "/etc/malleposte/malleposte.toml";
  std::error_code error;
  if (std::filesystem::exists(system, error)) return system;
  return {};
}

std::string machine_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  std::string text(name.data());
  if (text.find('.') != std::string::npos) return text;
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(text.c_str(), nullptr, &hints, &found) != 0) return {};
  std::string canonical = found->ai_canonname ? found->ai_canonname : "";
  ::freeaddrinfo(found);
  return canonical.find('.') != std::string::npos ? canonical : std::string();
}

}  // namespace malleposte::config
