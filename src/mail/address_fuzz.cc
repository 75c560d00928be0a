// Whatever a parser takes as an address must come back unchanged from its own written form, be free
// of what could break a protocol line, and have an ASCII form that is an address of the same
// domain.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/limits.h"
#include "base/utf8.h"
#include "mail/address.h"

namespace {

using malleposte::mail::Address;

void check(const Address& address) {
  const std::string text = to_string(address);
  assert(text.size() + 2 <= malleposte::limits::path_octets);
  assert(malleposte::is_utf8(text));
  for (const char c : text) assert((c & 0x80) != 0 || (c >= 32 && c < 127));
  if (address.null()) return;
  assert(!address.local.empty());
  const auto again = malleposte::mail::parse_address(text);
  assert(again && *again == address);
  const auto path = malleposte::mail::parse_path("<" + text + ">");
  assert(path && path->address == address && path->rest.empty());
  assert(malleposte::is_ascii(malleposte::mail::canonical_domain(address.domain)));
  if (const auto ascii = to_ascii(address)) {
    assert(ascii->ascii());
    const auto plain = malleposte::mail::parse_address(to_string(*ascii));
    assert(plain && *plain == *ascii);
    assert(malleposte::mail::canonical_domain(plain->domain) ==
           malleposte::mail::canonical_domain(address.domain));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto address = malleposte::mail::parse_address(text)) {
    assert(!address->null());
    check(*address);
  }
  if (const auto path = malleposte::mail::parse_path(text)) check(path->address);
  return 0;
}
