// The envelope of a message (RFC 5321 2.3.1, 3.3) together with what we noted about its arrival.
// What is here is what the spool keeps beside the content.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "mail/address.h"
#include "mail/requests.h"

namespace malleposte::mail {

enum class Body : std::uint8_t { seven_bit, eight_bit, binary };  // BODY= (RFC 6152, RFC 3030)

// An address, and what the sender asked for about it.
struct Recipient : Address {
  Recipient() = default;
  Recipient(Address address) : Address(std::move(address)) {}  // most ask for nothing
  Recipient(std::string local, std::string domain) : Address{std::move(local), std::move(domain)} {}
  bool operator==(const Recipient&) const = default;

  Notify notify;
  // ORCPT= (RFC 3461 4.2), the xtext decoded: "rfc822;anna@example.org"; "" not given.
  std::string original;
};

struct Envelope {
  Address reverse_path;
  std::vector<Recipient> recipients;
  Body body = Body::seven_bit;
  Requests requests;
  WallTime arrived{};
  std::string client_address;  // "192.0.2.1", "2001:db8::1"; "" for what we made ourselves
  std::string client_name;     // reverse name, "" unknown
  std::string helo;
  bool held = false;  // waits in the queue until somebody releases it

  // From when on it may be delivered, and the times of the queue count (RFC 4865 4.2).
  WallTime released() const { return std::max(arrived, requests.held_until); }
};

}  // namespace malleposte::mail
