// Internationalized domain names (IDNA2008: RFC 5890 to 5893). DNS, routes and lists know a domain
// by its A-labels alone; people and SMTPUTF8 write U-labels. Only idn.cc sees libidn2. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace malleposte {

// The domain in the form in which it is looked up and compared: "xn--mnchen-3ya.de" of
// "münchen.de", ASCII letters in lower case. A U-label has to be valid for look-up (RFC 5891 5.4:
// NFC, no character that is not allowed, hyphens, contexts, bidi); nothing is mapped, so
// "MÜNCHEN.de" is no domain, and "München.de", whose capital is ASCII, is one. A label that begins
// with `xn--` has to be Punycode that comes back unchanged; what characters it stands for is its
// registry's affair (RFC 5891 5.4 leaves that to us). The result has at most 253 octets, its
// labels 63.
//
// Empty when the domain is none of that. What other characters an ASCII label has, and whether it
// is empty, is not looked at.
std::optional<std::string> to_a_labels(std::string_view domain);

}  // namespace malleposte
