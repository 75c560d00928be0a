// The names seam: MX, address and reverse look-ups. net::UnboundResolver is the real one; the
// simulator has a twin. Loop thread only; an answer never comes later than the deadline.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/time.h"

namespace malleposte::net {

enum class Lookup : std::uint8_t {
  found,
  no_such_name,  // NXDOMAIN
  no_data,       // the name exists, records of this type do not
  failed,        // SERVFAIL, bogus, time-out: try again later
};

struct Mx {
  std::uint16_t preference;
  std::string host;  // canonical, without the final dot; "" is the null MX (RFC 7505)
};

struct MxAnswer {
  Lookup lookup;
  std::vector<Mx> records;  // as they came; sorting is the caller's
  std::string why;          // for `failed`: "SERVFAIL", "time-out", "bogus: ..."
};

struct AddressAnswer {
  Lookup lookup;                       // found when at least one family was
  std::vector<std::string> addresses;  // IPv6 and IPv4 interleaved, IPv6 first
  std::string why;
};

struct NameAnswer {
  Lookup lookup;
  std::string name;
  std::string why;
};

class Resolver {
 public:
  virtual ~Resolver() = default;
  virtual Task<MxAnswer> mx(std::string name, SteadyTime deadline) = 0;
  // "localhost" and names in /etc/hosts are answered without asking (localhost: RFC 6761).
  virtual Task<AddressAnswer> addresses(std::string name, SteadyTime deadline) = 0;
  // The reverse name of an address, forward-confirmed; no_data when it is not confirmed.
  virtual Task<NameAnswer> reverse(std::string address, SteadyTime deadline) = 0;
};

}  // namespace malleposte::net
