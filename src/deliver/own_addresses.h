// Which addresses are our own, so that mail is never handed to ourselves (RFC 5321 5.1). Compares
// address and port: another server on this machine is not us. Pure; made once.
#pragma once

#include <vector>

#include "base/ip_address.h"
#include "config/settings.h"
#include "net/stream.h"

namespace malleposte::deliver {

class OwnAddresses {
 public:
  // `machine`: the addresses of this machine's interfaces; they count when a listener listens on
  // all of them ("0.0.0.0", "::").
  OwnAddresses(const config::Settings& settings, std::vector<IpAddress> machine);

  // One of our own listeners.
  bool listener(const net::Endpoint& endpoint) const;
  // The same, or an outside address behind which we are (proxy_addresses).
  bool ours(const net::Endpoint& endpoint) const;

 private:
  std::vector<IpAddress> listeners_;
  std::vector<IpAddress> proxies_;
  std::vector<IpAddress> machine_;
  bool all_v4_ = false, all_v6_ = false;
  std::uint16_t smtp_port_, mx_port_;
};

// 127.0.0.0/8, ::1, and what the kernel takes for them: 0.0.0.0/8 and ::.
bool is_loopback(const IpAddress& address);

// Multicast, and IPv4 from 224.0.0.0 on: no host listens there.
bool is_nobodys(const IpAddress& address);

// The addresses of this machine's interfaces now; empty when the system does not tell.
std::vector<IpAddress> machine_addresses();

}  // namespace malleposte::deliver
