#include "net/dns_responder_test.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cassert>
#include <cctype>

#include "net/socket_address.h"

namespace malleposte::net {
namespace {

constexpr std::size_t header_octets = 12;

std::string be16(unsigned value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xffU)};
}

std::string record(const std::string& owner, int type, const std::string& data) {
  return owner + be16(static_cast<unsigned>(type)) + be16(1) + be16(0) + be16(300) +
         be16(static_cast<unsigned>(data.size())) + data;
}

}  // namespace

DnsResponder::DnsResponder() : ending_(eventfd(0, EFD_CLOEXEC)) {
  // The same port for both: another try when the second one is taken.
  for (;;) {
    udp_ = FileDescriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    tcp_ = FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto at = to_socket_address({"127.0.0.1", 0}).value();
    const int bound = ::bind(udp_.get(), at.get(), at.length);
    assert(bound == 0);
    port_ = local_endpoint(udp_.get()).port;
    at = to_socket_address({"127.0.0.1", static_cast<std::uint16_t>(port_)}).value();
    if (::bind(tcp_.get(), at.get(), at.length) == 0 && ::listen(tcp_.get(), 16) == 0) break;
  }
  thread_ = std::thread([this] { serve(); });
}

DnsResponder::~DnsResponder() {
  eventfd_write(ending_.get(), 1);
  thread_.join();
}

void DnsResponder::set(const std::string& name, int type, Entry entry) {
  const std::scoped_lock lock(mutex_);
  table_[{name, type}] = std::move(entry);
}

std::string DnsResponder::server() const {
  return "127.0.0.1@" + std::to_string(port_);
}

int DnsResponder::questions(const std::string& name, int type) {
  const std::scoped_lock lock(mutex_);
  return asked_[{name, type}];
}

std::string DnsResponder::wire_name(const std::string& name) {
  std::string wire;
  for (std::size_t start = 0; start < name.size();) {
    const auto end = std::min(name.find('.', start), name.size());
    wire += static_cast<char>(end - start) + name.substr(start, end - start);
    start = end + 1;
  }
  return wire + '\0';
}

std::string DnsResponder::mx(unsigned preference, const std::string& host) {
  return be16(preference) + wire_name(host);
}

void DnsResponder::serve() {
  std::array<pollfd, 3> watched{
      {{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}, {ending_.get(), POLLIN, 0}}};
  std::array<char, 4096> buffer;
  for (;;) {
    ::poll(watched.data(), watched.size(), -1);
    if (watched[2].revents != 0) return;
    if (watched[1].revents != 0) serve_tcp();
    if (watched[0].revents == 0) continue;
    SocketAddress from;
    const auto got =
        ::recvfrom(udp_.get(), buffer.data(), buffer.size(), 0, from.get(), &from.length);
    if (got <= 0) continue;
    const auto answer = reply({buffer.data(), static_cast<std::size_t>(got)}, false);
    if (!answer.empty())
      ::sendto(udp_.get(), answer.data(), answer.size(), 0, from.get(), from.length);
  }
}

void DnsResponder::serve_tcp() {
  const FileDescriptor peer(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::array<unsigned char, 2> length;
  std::string query;
  if (::recv(peer.get(), length.data(), 2, MSG_WAITALL) != 2) return;
  query.resize(length[0] * 256U + length[1]);
  if (::recv(peer.get(), query.data(), query.size(), MSG_WAITALL) !=
      static_cast<ssize_t>(query.size()))
    return;
  auto answer = reply(query, true);
  answer = be16(static_cast<unsigned>(answer.size())) + answer;
  ::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
}

std::string DnsResponder::reply(const std::string& query, bool tcp) {
  if (query.size() < header_octets) return "";
  std::string name;
  std::size_t position = header_octets;
  while (position < query.size() && query[position] != 0) {
    const auto length = static_cast<std::size_t>(query[position]);
    if (!name.empty()) name += '.';
    for (const char c : query.substr(position + 1, length))
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    position += length + 1;
  }
  if (query.size() < position + 5) return "";
  const int type = static_cast<unsigned char>(query[position + 1]) * 256 +
                   static_cast<unsigned char>(query[position + 2]);
  const auto question = query.substr(header_octets, position + 5 - header_octets);

  const std::scoped_lock lock(mutex_);
  ++asked_[{name, type}];
  const auto found = table_.find({name, type});
  const Entry entry = found == table_.end() ? Entry{Kind::no_such_name, {}, ""} : found->second;
  if (entry.kind == Kind::silent) return "";

  unsigned flags = 0x8180;  // a response with recursion
  unsigned answers = 0;
  unsigned authorities = 0;
  std::string sections;
  const std::string soa =
      record(std::string(1, '\0'), 6,
             wire_name("ns.test") + wire_name("root.test") + be16(0) + be16(1) + be16(0) +
                 be16(60) + be16(0) + be16(60) + be16(0) + be16(60) + be16(0) + be16(60));
  switch (entry.kind) {
    case Kind::servfail:
      flags |= 2U;
      break;
    case Kind::no_such_name:
      flags |= 3U;
      [[fallthrough]];
    case Kind::no_data:
      sections = soa;
      authorities = 1;
      break;
    case Kind::only_by_tcp:
      if (!tcp) {
        flags |= 0x200U;
        break;
      }
      [[fallthrough]];
    default: {
      std::string owner = wire_name(name);
      if (!entry.alias.empty()) {
        sections += record(owner, 5, wire_name(entry.alias));
        owner = wire_name(entry.alias);
        ++answers;
      }
      for (const auto& data : entry.records) {
        sections += record(owner, type, data);
        ++answers;
      }
    }
  }
  return query.substr(0, 2) + be16(flags) + be16(1) + be16(answers) + be16(authorities) + be16(0) +
         question + sections;
}

}  // namespace malleposte::net
