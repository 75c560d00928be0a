// The values of all properties, checked and typed: what the rest of the program reads. Made from
// the one table of properties (config/properties.h) by config/load.h; never changed afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/limits.h"
#include "base/time.h"

namespace malleposte::config {

// An IPv4 or IPv6 network: "192.0.2.0/24", "::1", "0.0.0.0/0". IPv4 is kept mapped
// (see base/ip_address.h).
struct Cidr {
  IpAddress network{};
  std::uint8_t prefix = 128;  // bits, counted in the 128-bit form
  bool contains(const IpAddress& address) const;
  bool operator==(const Cidr&) const = default;
};

// "192.0.2.0/24", "::1/128".
std::string to_string(const Cidr& network);

struct HostPort {
  std::string host;  // an address
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};

// Whether one of the networks contains the address.
bool any_contains(const std::vector<Cidr>& networks, const IpAddress& address);

// A next hop as it is written: `domain`, `domain:port` (MX look-up) or `[host]`, `[host]:port`,
// `[address]:port`, `[ipv6:address]:port` (none).
struct NextHop {
  std::string host;
  std::uint16_t port = 0;  // 0: mx_port
  bool lookup_mx = true;
  bool operator==(const NextHop&) const = default;
};

// One line of the file that `routes` names. "example.org" is that name, ".example.org" its
// subdomains, "*" everything. The most specific pattern wins.
struct Route {
  std::string pattern;
  std::vector<NextHop> next_hops;  // tried in order; none: into mailboxes
  unsigned line;
  std::string maildir = {};  // where those are: a path with {domain} and {local} in it
  bool operator==(const Route&) const = default;
};

// One line of the file that `destination_limits` names. Patterns as they are compared:
// "example.org", ".example.org", "mx:mx.example.org", "mx:*.example.org",
// "route:[192.0.2.1]:25" (route_name), "*".
struct DestinationLimit {
  std::string pattern;
  std::optional<unsigned> connections, messages;
  std::optional<double> rate_per_second;
  std::vector<std::string> backoff;  // phrases of replies, in lower case
  std::optional<Duration> backoff_for;
  unsigned line = 0;
  bool operator==(const DestinationLimit&) const = default;
};

enum class Mode : std::uint8_t { relay, internet_site, smarthost, satellite, local_only, none };
enum class BareNewline : std::uint8_t { refuse, repair };
enum class BounceReturns : std::uint8_t { headers, message };

// A keyword of the answer to EHLO that is kept back: everywhere, or from who connects to
// `listener`.
struct WithheldOffer {
  std::string keyword;   // upper case, one of those that can be
  std::string listener;  // an address of `in`; "" all
  bool operator==(const WithheldOffer&) const = default;
};

struct Settings {
  std::filesystem::path file;  // malleposte.toml, empty when there is none

  std::string hostname;  // never empty: see decisions
  Mode mode = Mode::relay;
  std::string mail_name;
  std::string root_address;
  std::vector<std::string> destinations;  // canonical
  bool loopback_only = false;
  std::string timezone;  // "" leaves it as it is

  std::vector<std::string> in;  // listening addresses of SMTP; empty: 0.0.0.0 and ::
  std::uint16_t smtp_port = 25;
  std::uint16_t smtps_port = 465;
  std::uint16_t submission_port = 587;
  std::vector<std::string> ui;
  std::uint16_t ui_port = 80;
  std::string username;  // of the web UI; "" asks for nothing and is read-only
  std::string password;
  std::string net;  // source address of outgoing connections; "" the system chooses,
                    // "0.255.255.255" not connected: mail is accepted and deferred
  std::vector<HostPort> dns_servers;
  std::uint16_t mx_port = 25;
  bool allow_loopback_mx = false;
  std::vector<std::string> proxy_addresses;

  std::filesystem::path volume_data;
  std::filesystem::path volume_key;  // "" there is none
  std::string run_as;

  std::vector<Cidr> smtpd_trusted_networks;
  std::vector<std::string> relay_domains;  // canonical; ".example.org" for subdomains only
  std::vector<NextHop> smart_relay;
  std::string smart_relay_auth_file;  // on the key volume
  std::string cc_mta;
  std::vector<Route> routes;
  std::string routes_file;  // without directories, for people
  std::vector<DestinationLimit> destination_limits;
  std::string destination_limits_file;  // the same
  bool deliveries_suspended = false;

  Duration retry_first{};
  Duration retry_max{};
  Duration queue_lifetime{};
  Duration delay_warning_after{};  // 0: the sender is not told
  BounceReturns bounce_returns = BounceReturns::headers;
  std::uint64_t message_size_limit = 0;  // octets
  std::uint64_t queue_memory_limit = 0;  // octets
  std::uint64_t segment_size = 0;        // octets; 0: chosen by the size of the volume
  BareNewline bare_newline = BareNewline::repair;
  std::vector<WithheldOffer> ehlo_withheld;

  // Who may speak for others (docs/manual/proxies.md).
  std::vector<Cidr> proxy_protocol_clients;
  std::vector<Cidr> xclient_clients;
  std::vector<Cidr> xforward_clients;

  // Limits of receiving (docs/manual/limits.md).
  std::uint64_t session_limit = limits::sessions_in_all;
  std::uint64_t reserved_session_percent = 10;  // of those, for trusted clients
  std::uint64_t sessions_per_address = limits::sessions_per_stranger;
  std::uint64_t sessions_per_network = 250;
  std::uint64_t new_sessions_per_address = limits::new_sessions_per_stranger;  // a second
  std::uint64_t command_line_limit = limits::command_line_octets;
  std::uint64_t mistake_limit = limits::errors_per_session;
  std::uint64_t junk_command_limit = limits::junk_commands;
  std::uint64_t recipient_limit = limits::recipients_per_message;
  std::uint64_t header_size_limit = limits::header_octets;
  std::uint64_t header_field_limit = limits::header_fields;
  std::uint64_t line_length_limit = 0;  // octets without CRLF; 0: any
  Duration idle_timeout = limits::command_timeout;
  Duration command_timeout = limits::command_timeout;
  std::uint64_t data_rate_minimum = limits::data_rate;  // octets a second; 0: any
  Duration data_rate_window = limits::data_rate_window;

  bool logs_enabled = false;
  std::string maillog_filename;
  std::string log;  // directory or smb:// URL; "" not connected
  std::string fs;   // directory or nfs:// URL; "" not connected
  std::string mon;  // http:// URL; "" not connected

  bool ssl_disabled = true;
  std::string ssl_key_file;   // on the key volume
  std::string ssl_cert_file;  // on the key volume
};

}  // namespace malleposte::config
