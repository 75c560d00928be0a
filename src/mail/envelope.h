// The envelope of a message (RFC 5321 2.3.1, 3.3) together with what we noted about its arrival.
// What is here is what the spool keeps beside the content.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "mail/address.h"

namespace malleposte::mail {

enum class Body : std::uint8_t { seven_bit, eight_bit };  // RFC 6152 BODY=

struct Envelope {
  Address reverse_path;
  std::vector<Address> recipients;
  Body body = Body::seven_bit;
  WallTime arrived{};
  std::string client_address;  // "192.0.2.1", "2001:db8::1"; "" for what we made ourselves
  std::string client_name;     // reverse name, "" unknown
  std::string helo;
  bool held = false;  // waits in the queue until somebody releases it
};

}  // namespace malleposte::mail
