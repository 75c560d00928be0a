// A PROXY header of any octets: read in one piece and octet by octet it says the same, and a
// complete one is never longer than it may be.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/limits.h"
#include "receive/proxy_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace malleposte;
  using receive::ProxyHeader;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  ProxyHeader whole;
  const std::size_t used = whole.feed(octets);
  assert(used <= size && used <= limits::proxy_header_octets);
  assert(whole.state() != ProxyHeader::State::incomplete || used == size);
  assert((whole.state() == ProxyHeader::State::wrong) == !whole.problem().empty());

  ProxyHeader pieces;
  std::size_t fed = 0;
  while (fed < size && pieces.state() == ProxyHeader::State::incomplete) {
    fed += pieces.feed(octets.substr(fed, 1));
  }
  assert(fed == used && pieces.state() == whole.state() && pieces.problem() == whole.problem());
  if (whole.state() != ProxyHeader::State::complete) return 0;
  assert(pieces.client() == whole.client());
  assert(pieces.source() == whole.source() && pieces.destination() == whole.destination());
  if (whole.client() != ProxyHeader::Client::named) assert(whole.source() == ProxyHeader::End{});
  return 0;
}
