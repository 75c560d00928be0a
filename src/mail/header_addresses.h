// The addresses in a header field such as From, To or Delivered-To (RFC 5322 3.4 and 4.4, RFC
// 6532): display names, groups, comments, quoted strings, source routes and the other obsolete
// forms. What an address is in the end decides mail/address.h, the only parser of addresses. Pure;
// memory and time grow with the length of the field alone, however deep its comments are nested.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mail/address.h"

namespace malleposte::mail {

struct HeaderMailbox {
  std::string display_name;  // quotes removed, words parted by one blank; encoded words
                             // (RFC 2047) as they are; "" none
  Address address;           // never null; a bare local part ("root") has no domain
  bool in_group = false;     // a member of a group, whose name is dropped
  bool operator==(const HeaderMailbox&) const = default;
};

// The mailboxes of a field's value, in their order. Folded lines may be left as they came. An empty
// value, empty places between commas and empty groups are no mailboxes and no mistake.
// Errors (Fault::peer): what is wrong, in one sentence; also more than limits::header_mailboxes.
Result<std::vector<HeaderMailbox>> parse_header_addresses(std::string_view value);

}  // namespace malleposte::mail
