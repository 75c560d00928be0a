// The API of a running server, as the command line calls it: over the control socket, blocking.
// Errors are sentences for the user: no server there, or what the server said.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/http.h"

namespace malleposte::appliance {

class ApiClient {
 public:
  using Transport = std::function<Result<net::HttpResponse>(const net::HttpRequest&)>;
  using Query = std::multimap<std::string, std::string>;

  explicit ApiClient(Transport transport) : transport_(std::move(transport)) {}
  // Over a Unix socket.
  static ApiClient over(const std::string& socket_path);

  // The body of the answer (JSON). `path` follows "/api/v1/".
  Result<std::string> get(const std::string& path, const Query& query = {}) const;
  Result<std::string> post(const std::string& path, std::string body) const;
  Result<std::string> remove(const std::string& path) const;

 private:
  Result<std::string> call(net::HttpRequest request) const;

  Transport transport_;
};

}  // namespace malleposte::appliance
