// What of Asio net/'s own .cc files need. Never included from a public header.
#pragma once

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace malleposte::net {

namespace asio = boost::asio;
using AsioError = boost::system::error_code;

}  // namespace malleposte::net
