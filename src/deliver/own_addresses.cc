#include "deliver/own_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace malleposte::deliver {
namespace {

bool contains(const std::vector<IpAddress>& all, const IpAddress& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

const IpAddress any_v6{};
const IpAddress any_v4 = *parse_ip("0.0.0.0");

}  // namespace

bool is_loopback(const IpAddress& address) {
  if (is_ipv4(address)) return address[12] == 127 || address[12] == 0;
  return std::all_of(address.begin(), address.end() - 1, [](auto octet) { return octet == 0; }) &&
         address.back() <= 1;
}

bool is_nobodys(const IpAddress& address) {
  return is_ipv4(address) ? address[12] >= 224 : address[0] == 0xff;
}

OwnAddresses::OwnAddresses(const config::Settings& settings, std::vector<IpAddress> machine)
    : machine_(std::move(machine)), smtp_port_(settings.smtp_port), mx_port_(settings.mx_port) {
  if (settings.in.empty()) all_v4_ = all_v6_ = true;  // we listen everywhere
  for (const auto& text : settings.in)
    if (auto address = parse_ip(text)) {
      listeners_.push_back(*address);
      if (*address == any_v4) all_v4_ = true;
      if (*address == any_v6) all_v6_ = true;
    }
  for (const auto& text : settings.proxy_addresses)
    if (auto address = parse_ip(text)) proxies_.push_back(*address);
}

bool OwnAddresses::listener(const net::Endpoint& endpoint) const {
  auto address = parse_ip(endpoint.address);
  if (!address || endpoint.port != smtp_port_) return false;
  if (contains(listeners_, *address)) return true;
  if (!(is_ipv4(*address) ? all_v4_ : all_v6_)) {
    // 0.0.0.0 connects to 127.0.0.1.
    return (*address == any_v4 && contains(listeners_, *parse_ip("127.0.0.1"))) ||
           (*address == any_v6 && contains(listeners_, *parse_ip("::1")));
  }
  return is_loopback(*address) || contains(machine_, *address);
}

bool OwnAddresses::ours(const net::Endpoint& endpoint) const {
  if (listener(endpoint)) return true;
  auto address = parse_ip(endpoint.address);
  // Outside, we are seen at the port where everybody looks for mail servers.
  return address && contains(proxies_, *address) &&
         (endpoint.port == smtp_port_ || endpoint.port == mx_port_);
}

std::vector<IpAddress> machine_addresses() {
  std::vector<IpAddress> all;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return all;
  for (auto* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    IpAddress address = any_v4;
    if (entry->ifa_addr->sa_family == AF_INET) {
      sockaddr_in socket_address;
      std::memcpy(&socket_address, entry->ifa_addr, sizeof socket_address);
      std::memcpy(address.data() + 12, &socket_address.sin_addr, 4);
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 socket_address;
      std::memcpy(&socket_address, entry->ifa_addr, sizeof socket_address);
      std::memcpy(address.data(), &socket_address.sin6_addr, 16);
    } else {
      continue;
    }
    all.push_back(address);
  }
  freeifaddrs(first);
  return all;
}

}  // namespace malleposte::deliver
