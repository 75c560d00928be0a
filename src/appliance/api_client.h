// The API of a running server, as the command line calls it: over the control socket, blocking.
// Errors are sentences for the user: no server there, or what the server said.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "appliance/command_line.h"
#include "base/result.h"
#include "base/time.h"
#include "net/http.h"

namespace malleposte::appliance {

class ApiClient {
 public:
  using Transport = std::function<Result<net::HttpResponse>(const net::HttpRequest&)>;
  using Query = std::multimap<std::string, std::string>;

  // The same with bodies that go piece by piece.
  using Streams =
      std::function<Result<net::HttpResponse>(const net::HttpRequest&, const net::HttpPieces&)>;

  explicit ApiClient(Transport transport, Streams streams = {})
      : transport_(std::move(transport)), streams_(std::move(streams)) {}
  // Over a Unix socket.
  static ApiClient over(const std::string& socket_path);

  // The body of the answer (JSON). `path` follows "/api/v1/".
  Result<std::string> get(const std::string& path, const Query& query = {}) const;
  Result<std::string> post(const std::string& path, std::string body) const;
  Result<std::string> remove(const std::string& path) const;
  // An answer of any length, handed over as it comes; then what stood behind it.
  Result<net::HttpBody::Fields> download(
      const std::string& path, const Query& query,
      const std::function<Result<void>(std::string_view)>& received) const;
  // A body of any length; `next` gives the next piece of it, "" at the end.
  Result<std::string> upload(const std::string& path, const std::string& content_type,
                             const std::function<Result<std::string>()>& next) const;

 private:
  Result<std::string> call(net::HttpRequest request) const;

  Transport transport_;
  Streams streams_;
};

// The filter as a request names it.
ApiClient::Query query_of(const QueueFilter& filter);

}  // namespace malleposte::appliance
