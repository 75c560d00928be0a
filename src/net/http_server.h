// Serves HTTP on the loop: one short coroutine a connection over net::Stream, the parsing by the
// HTTP library inside http_server.cc. Loop thread only.
//
// Promises to the handler: the request is complete and well-formed, HEAD arrives as GET (its body
// is left out by us), and it may take as long as it likes. Limits: limits::http_connections at
// once (then 503), limits::http_body_octets (413), 16 KB of header (431), 30 s between requests and
// for a header, 60 s for a body, 30 s for the client to take 64 KB of answer. What is malformed
// gets 400 and never reaches the handler.
//
// Destroying the server closes its listener and all connections; a response that a handler gives
// afterwards is dropped.
#pragma once

#include <memory>

#include "net/asio_loop.h"
#include "net/http.h"
#include "net/stream.h"

namespace malleposte::net {

// Errors: those of Network::listen and Network::listen_unix. On a Unix socket every request has
// control_socket set.
Result<std::unique_ptr<HttpServer>> serve_http(Loop& loop, Network& network,
                                               const HttpListen& listen, HttpHandler handler);
// The same on real sockets.
Result<std::unique_ptr<HttpServer>> serve_http(AsioLoop& loop, const HttpListen& listen,
                                               HttpHandler handler);

}  // namespace malleposte::net
