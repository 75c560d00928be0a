// What strangers put into DNS records: never read past the end, and whatever is taken for a name is
// one that may be asked for again.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/dns_record.h"

using namespace malleposte;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view wire(reinterpret_cast<const char*>(data), size);
  if (const auto name = net::name_from_wire(wire))
    assert(name->empty() || net::canonical_name(*name) == *name);
  if (const auto mx = net::mx_from_wire(wire)) {
    assert(mx->host.empty() || net::canonical_name(mx->host) == mx->host);
    assert(!parse_ip(mx->host));
  }
  if (const auto name = net::canonical_name(wire)) {
    assert(!name->empty() && name->size() <= 253);
    assert(net::canonical_name(*name) == *name);
  }
  if (const auto address = net::address_from_wire(wire))
    assert(net::canonical_name(net::reverse_name(*address)));
  return 0;
}
