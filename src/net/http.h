// HTTP as values, and the adapter that speaks it (net/http_server.cc, net/http_client.cc: the only
// files that see the HTTP library). HTTP/1.0 and HTTP/1.1 with keep-alive; bodies up to
// limits::http_body_octets, then 413; longer ones go piece by piece, never whole in memory. Loop
// thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"
#include "base/result.h"
#include "base/task.h"
#include "net/stream.h"

namespace malleposte::net {

// A body that is made or read as it goes.
class HttpBody {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  virtual ~HttpBody() = default;
  // The next piece, "" at the end. An Error ends the connection: the other side sees that the body
  // was broken off.
  virtual Task<Result<std::string>> next() = 0;
  // What is to be said behind it (RFC 9110 6.5), asked for at its end.
  virtual Fields trailers() { return {}; }
};

struct HttpRequest {
  std::string method;                               // "GET"
  std::string path;                                 // "/api/v1/queue/messages", percent-decoded
  std::multimap<std::string, std::string> query;    // percent-decoded
  std::multimap<std::string, std::string> headers;  // names in lower case
  std::string body;
  // Who asks, for records: "192.0.2.1:4711"; on the control socket "uid 1000 (anna)". The API puts
  // the user in front who has logged in: "anna at 192.0.2.1:4711".
  std::string peer;
  bool control_socket = false;  // whoever may open that file may do everything
  // In place of `body`, for HttpListen::streamed: valid until the handler has answered.
  HttpBody* pieces = nullptr;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // further ones
  std::shared_ptr<HttpBody> pieces = {};                     // in place of `body`
};

using HttpHandler = std::function<Task<HttpResponse>(HttpRequest)>;

// Serves requests of the given listeners until destroyed.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  virtual Endpoint local() const = 0;  // where it listens: the port when 0 was asked for
};

// Serves on a Unix socket (mode 0600; see Network::listen_unix) or on an address.
struct HttpListen {
  Endpoint at;                // or
  std::string unix_path;      // when not empty
  std::string streamed = {};  // POST to this path has a body of any length, read by the handler
};

// One request over a Unix socket, blocking, for the command line. Errors: Fault::resource when no
// server listens there, Fault::deadline, Fault::peer.
Result<HttpResponse> http_over_unix(const std::string& unix_path, const HttpRequest& request,
                                    Duration timeout);

// The same with bodies that go piece by piece; `timeout` is for each. An Error of either function
// ends the request and is returned.
struct HttpPieces {
  std::function<Result<std::string>()> send;  // "" at the end; null: the request's body
  std::function<Result<void>(std::string_view)> received;  // of an answer of 200; null: all at once
};
Result<HttpResponse> http_over_unix(const std::string& unix_path, const HttpRequest& request,
                                    Duration timeout, const HttpPieces& pieces);

}  // namespace malleposte::net
