#include "net/unix_path.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "net/socket_address.h"

namespace malleposte::net {

Result<UnixPath> UnixPath::open(const std::string& path) {
  UnixPath result;
  result.text_ = path;
  const auto slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : path.substr(0, slash);
  result.name_ = slash == std::string::npos ? path : path.substr(slash + 1);
  if (result.name_.empty()) return fail(Fault::resource, "socket " + path + ": it has no name");
  result.directory_ = FileDescriptor(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!result.directory_) return fail(Fault::resource, system_failure(path, errno).value().text);

  std::string short_path = path;
  if (short_path.size() >= sizeof result.address_.sun_path)
    short_path = fmt::format("/proc/self/fd/{}/{}", result.directory_.get(), result.name_);
  if (short_path.size() >= sizeof result.address_.sun_path)
    return fail(Fault::resource, "socket " + path + ": the file's own name is too long");
  result.address_.sun_family = AF_UNIX;
  std::memcpy(result.address_.sun_path, short_path.c_str(), short_path.size() + 1);
  return result;
}

}  // namespace malleposte::net
