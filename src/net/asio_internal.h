// What of Asio net/'s own .cc files need. Never included from a public header.
#pragma once

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <tuple>

#include "net/file_descriptor.h"

namespace malleposte::net {

namespace asio = boost::asio;
using AsioError = boost::system::error_code;

// Hands the descriptor over to Asio. When the reactor cannot take it, it stays the caller's.
inline bool adopt(asio::posix::stream_descriptor& into, FileDescriptor& fd) {
  AsioError error;
  if (into.assign(fd.get(), error)) return false;
  fd.release();
  return true;
}

// Outstanding waits are completed with operation_aborted, from the loop. Linux closes a descriptor
// whatever close(2) says.
inline void close(asio::posix::stream_descriptor& descriptor) {
  AsioError ignored;
  std::ignore = descriptor.close(ignored);
}

}  // namespace malleposte::net
