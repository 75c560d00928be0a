// The header by which a proxy in front of this server says whose connection it passes on: the PROXY
// protocol of HAProxy (doc/proxy-protocol.txt), version 1 (a line of text) and version 2 (binary).
// A parser without I/O: octets in, at the end who the client is. receive/front_door uses it for
// connections from proxy_protocol_clients, and for nobody else.
//
// How the octets are cut into pieces makes no difference. A header that is wrong in any way is
// wrong as a whole: the connection must be dropped. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip_address.h"

namespace malleposte::receive {

class ProxyHeader {
 public:
  enum class State : std::uint8_t { incomplete, complete, wrong };
  enum class Client : std::uint8_t {
    named,    // source() and destination() are the ends of the client's connection
    unknown,  // the proxy cannot say: UNKNOWN (1), no TCP over IP (2)
    local,    // the proxy itself, to see whether we are there: LOCAL (2)
  };
  struct End {
    IpAddress address{};
    std::uint16_t port = 0;
    bool operator==(const End&) const = default;
  };

  // Takes octets from the front; returns how many belong to the header. All of them, until state()
  // is no longer incomplete; what follows them is the client's.
  std::size_t feed(std::string_view bytes);

  State state() const { return state_; }
  // What is wrong, half a sentence; "" while nothing is.
  std::string_view problem() const { return problem_; }

  // Of a complete header.
  Client client() const { return client_; }
  const End& source() const { return source_; }
  const End& destination() const { return destination_; }

 private:
  void take();  // looks at the octet that has come last
  void take_line();
  void take_block();
  bool check_fields(std::size_t at);
  void wrong(std::string_view problem);
  std::size_t block_end() const;

  State state_ = State::incomplete;
  Client client_ = Client::unknown;
  std::string octets_;
  std::string_view problem_;
  End source_, destination_;
};

}  // namespace malleposte::receive
