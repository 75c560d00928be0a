// Attributes of any octets: what is taken is printable, is offered, and is what its own written
// form gives again.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/limits.h"
#include "smtp/xclient.h"
#include "smtp/xtext.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace malleposte;
  using namespace malleposte::smtp;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view keys[] = {"NAME",  "ADDR",     "PORT",     "PROTO",  "HELO",
                                       "LOGIN", "DESTADDR", "DESTPORT", "SOURCE", "IDENT"};
  for (const Extension extension : {Extension::xclient, Extension::xforward}) {
    const auto told = parse_client_attributes(text, extension);
    if (!told) {
      assert(!told.error().empty());
      continue;
    }
    assert(!told->empty());
    std::string again;
    for (std::size_t i = 0; i < std::size(keys); ++i) {
      const auto& one = (*told)[static_cast<Attribute>(i)];
      if (!one.told) continue;
      assert(offer(extension).find(keys[i]) != std::string_view::npos);
      assert(one.value.size() <= limits::attribute_octets);
      for (const char c : one.value) assert(c > ' ' && c < 0x7f);
      const std::string value = one.value.empty() ? "[UNAVAILABLE]" : one.value;
      again.append(keys[i]).append("=").append(encode_xtext(value)).append(" ");
    }
    if (extension == Extension::xclient && !(*told)[Attribute::addr].value.empty())
      assert(parse_ip((*told)[Attribute::addr].value));
    const auto second = parse_client_attributes(again, extension);
    assert(second && to_string(*second) == to_string(*told));
  }
  return 0;
}
