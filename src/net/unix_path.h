// A Unix socket's path of any length. The kernel takes 107 octets; a longer path is reached through
// its opened directory, as /proc/self/fd/N/name, so that the working directory stays as it is.
#pragma once

#include <sys/un.h>

#include <string>

#include "base/result.h"
#include "net/file_descriptor.h"

namespace malleposte::net {

class UnixPath {
 public:
  // Opens the directory. Fault::resource when it is not there or the name itself is too long.
  static Result<UnixPath> open(const std::string& path);

  // Valid as long as this object.
  const sockaddr_un& address() const { return address_; }
  int directory() const { return directory_.get(); }
  const std::string& name() const { return name_; }  // in the directory
  const std::string& text() const { return text_; }  // as it was given

 private:
  FileDescriptor directory_;
  std::string name_;
  std::string text_;
  sockaddr_un address_{};
};

}  // namespace malleposte::net
