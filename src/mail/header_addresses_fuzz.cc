// What a header field gives are addresses as the one parser has them, and a list made of them gives
// them again.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "mail/header_addresses.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace malleposte;
  const auto found = mail::parse_header_addresses({reinterpret_cast<const char*>(data), size});
  if (!found) return 0;
  assert(found->size() <= limits::header_mailboxes);
  std::string list;
  for (const mail::HeaderMailbox& mailbox : *found) {
    assert(!mailbox.address.null());
    assert(mailbox.display_name.size() <= size);
    const std::string text = to_string(mailbox.address);
    const auto again = mail::parse_address(text);
    assert(again && *again == mailbox.address);
    list += "<" + text + ">, ";
  }
  const auto again = mail::parse_header_addresses(list);
  assert(again && again->size() == found->size());
  for (std::size_t i = 0; i < found->size(); ++i) {
    assert((*again)[i].address == (*found)[i].address);
  }
  return 0;
}
