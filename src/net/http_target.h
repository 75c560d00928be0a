// The target of an HTTP request between its form on the wire and its parts. Pure; called by the
// HTTP adapter of either side.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace malleposte::net {

struct HttpTarget {
  std::string path;                               // "/api/v1/queue/messages", decoded
  std::multimap<std::string, std::string> query;  // decoded
};

// RFC 9112 3.2: origin form ("/path?query"), absolute form ("http://host/path?query", its host is
// ignored) and "*". Percent sequences are decoded (RFC 3986 2.1), in the query also "+" for a
// space. Nothing when it is none of these, a percent sequence is broken, or a NUL hides in it.
std::optional<HttpTarget> parse_http_target(std::string_view text);

// The origin form; what is not unreserved (RFC 3986 2.3) is encoded, slashes of the path excepted.
std::string write_http_target(const HttpTarget& target);

}  // namespace malleposte::net
