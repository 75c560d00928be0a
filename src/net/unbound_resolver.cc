#include "net/unbound_resolver.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "net/dns_context.h"
#include "net/dns_record.h"
#include "net/hosts_file.h"

namespace malleposte::net {
namespace {

constexpr std::size_t reverse_names_tried = 4;

// IPv6 first, then by turns; the order within each family stays.
std::vector<std::string> interleave(const std::vector<IpAddress>& v6,
                                    const std::vector<IpAddress>& v4) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) result.push_back(to_string(v6[i]));
    if (i < v4.size()) result.push_back(to_string(v4[i]));
  }
  result.resize(std::min(result.size(), limits::addresses_kept));
  return result;
}

std::vector<std::string> interleave(const std::vector<IpAddress>& mixed) {
  std::vector<IpAddress> v6;
  std::vector<IpAddress> v4;
  for (const auto& address : mixed) (is_ipv4(address) ? v4 : v6).push_back(address);
  return interleave(v6, v4);
}

std::vector<IpAddress> parse_addresses(const DnsReply& reply) {
  std::vector<IpAddress> result;
  for (const auto& record : reply.records)
    if (const auto address = address_from_wire(record)) result.push_back(*address);
  return result;
}

AddressAnswer combine(const DnsReply& six, const DnsReply& four) {
  auto addresses = interleave(parse_addresses(six), parse_addresses(four));
  if (!addresses.empty()) return {Lookup::found, std::move(addresses), ""};
  // First of all: some servers deny the whole name when asked for a type that they do not know (RFC
  // 4074 4.2), and the other type may be there.
  if (four.lookup == Lookup::failed) return {Lookup::failed, {}, four.why};
  if (six.lookup == Lookup::failed) return {Lookup::failed, {}, six.why};
  // One answer says for both types that the name is not there.
  if (six.lookup == Lookup::no_such_name || four.lookup == Lookup::no_such_name)
    return {Lookup::no_such_name, {}, ""};
  return {Lookup::no_data, {}, ""};
}

}  // namespace

struct UnboundResolver::State {
  State(AsioLoop& on, Options given)
      : loop(on), options(std::move(given)), hosts(options.hosts_file) {}

  AsioLoop& loop;
  const Options options;
  HostsFile hosts;
  const std::shared_ptr<DnsCounters> counters = std::make_shared<DnsCounters>();
  std::shared_ptr<DnsContext> context;  // null once the resolver has ended
  std::vector<std::weak_ptr<DnsContext>> flushed;

  DnsContext::Answer ask(const std::string& name, DnsType type, SteadyTime deadline) {
    if (context) return context->ask(name, type, deadline);
    auto ended = std::make_shared<OneShot<DnsReply>>();
    ended->set({Lookup::failed, {}, "the resolver has ended"});
    return ended;
  }

  static Task<MxAnswer> mx(std::shared_ptr<State> self, std::string name, SteadyTime deadline);
  static Task<AddressAnswer> addresses(std::shared_ptr<State> self, std::string name,
                                       SteadyTime deadline);
  static Task<NameAnswer> reverse(std::shared_ptr<State> self, std::string address,
                                  SteadyTime deadline);
};

Task<MxAnswer> UnboundResolver::State::mx(std::shared_ptr<State> self, std::string name,
                                          SteadyTime deadline) {
  const auto canonical = canonical_name(name);
  if (!canonical) co_return MxAnswer{Lookup::no_such_name, {}, ""};
  if (is_localhost(*canonical) || parse_ip(*canonical)) co_return MxAnswer{Lookup::no_data, {}, ""};
  const auto answer = self->ask(*canonical, DnsType::mx, deadline);
  const auto reply = co_await *answer;
  MxAnswer result{reply.lookup, {}, reply.why};
  for (const auto& record : reply.records)
    if (auto mx = mx_from_wire(record)) result.records.push_back(std::move(*mx));
  if (result.lookup == Lookup::found && result.records.empty())
    result = {Lookup::failed, {}, "no MX record names a valid host"};
  co_return result;
}

Task<AddressAnswer> UnboundResolver::State::addresses(std::shared_ptr<State> self, std::string name,
                                                      SteadyTime deadline) {
  if (const auto literal = parse_ip(name))
    co_return AddressAnswer{Lookup::found, {to_string(*literal)}, ""};
  const auto canonical = canonical_name(name);
  if (!canonical) co_return AddressAnswer{Lookup::no_such_name, {}, ""};
  if (is_localhost(*canonical)) co_return AddressAnswer{Lookup::found, {"::1", "127.0.0.1"}, ""};
  if (const auto known = self->hosts.addresses(*canonical); !known.empty())
    co_return AddressAnswer{Lookup::found, interleave(known), ""};
  const auto six = self->ask(*canonical, DnsType::aaaa, deadline);
  const auto four = self->ask(*canonical, DnsType::a, deadline);
  const auto six_reply = co_await *six;
  const auto four_reply = co_await *four;
  co_return combine(six_reply, four_reply);
}

Task<NameAnswer> UnboundResolver::State::reverse(std::shared_ptr<State> self, std::string address,
                                                 SteadyTime deadline) {
  const auto parsed = parse_ip(address);
  if (!parsed) co_return NameAnswer{Lookup::no_such_name, "", ""};
  if (auto known = self->hosts.name(*parsed); !known.empty())
    co_return NameAnswer{Lookup::found, std::move(known), ""};
  // Nothing depends on it, and whoever connects can have us ask: it takes no room that mail needs.
  if (self->context && self->context->on_their_way() >= limits::dns_lookups / 2)
    co_return NameAnswer{Lookup::failed, "", "too many look-ups"};
  const auto answer = self->ask(reverse_name(*parsed), DnsType::ptr, deadline);
  const auto reply = co_await *answer;
  if (reply.lookup != Lookup::found) co_return NameAnswer{reply.lookup, "", reply.why};

  // Anybody may claim any name for an address; the name's own zone has to agree.
  const auto type = is_ipv4(*parsed) ? DnsType::a : DnsType::aaaa;
  std::string failure;
  for (std::size_t i = 0; i < std::min(reply.records.size(), reverse_names_tried); ++i) {
    auto name = name_from_wire(reply.records[i]);
    if (!name || name->empty()) continue;
    const auto forward_answer = self->ask(*name, type, deadline);
    const auto forward = co_await *forward_answer;
    const auto found = parse_addresses(forward);
    if (std::find(found.begin(), found.end(), *parsed) != found.end())
      co_return NameAnswer{Lookup::found, std::move(*name), ""};
    if (forward.lookup == Lookup::failed) failure = forward.why;
  }
  if (!failure.empty()) co_return NameAnswer{Lookup::failed, "", std::move(failure)};
  co_return NameAnswer{Lookup::no_data, "", ""};
}

Result<std::unique_ptr<UnboundResolver>> UnboundResolver::open(AsioLoop& loop, Options options) {
  auto state = std::make_shared<State>(loop, std::move(options));
  auto context =
      DnsContext::open(loop, state->options.servers, state->options.resolv_conf, state->counters);
  if (!context) return tl::make_unexpected(std::move(context.error()));
  state->context = std::move(*context);
  return std::unique_ptr<UnboundResolver>(new UnboundResolver(std::move(state)));
}

UnboundResolver::UnboundResolver(std::shared_ptr<State> state) : state_(std::move(state)) {}

UnboundResolver::~UnboundResolver() {
  const auto context = std::exchange(state_->context, nullptr);
  context->abandon();
  for (const auto& weak : state_->flushed)
    if (const auto old = weak.lock()) old->abandon();
}

Task<MxAnswer> UnboundResolver::mx(std::string name, SteadyTime deadline) {
  return State::mx(state_, std::move(name), deadline);
}

Task<AddressAnswer> UnboundResolver::addresses(std::string name, SteadyTime deadline) {
  return State::addresses(state_, std::move(name), deadline);
}

Task<NameAnswer> UnboundResolver::reverse(std::string address, SteadyTime deadline) {
  return State::reverse(state_, std::move(address), deadline);
}

Result<void> UnboundResolver::flush() {
  std::erase_if(state_->flushed, [](const auto& weak) { return weak.expired(); });
  if (state_->flushed.size() >= limits::dns_flushes)
    return fail(Fault::resource, "Earlier flushes still wait for look-ups to end; try again.");
  auto fresh = DnsContext::open(state_->loop, state_->options.servers, state_->options.resolv_conf,
                                state_->counters);
  if (!fresh) return tl::make_unexpected(std::move(fresh.error()));
  state_->flushed.push_back(state_->context);
  state_->context = std::move(*fresh);
  return {};
}

UnboundResolver::Counters UnboundResolver::counters() const {
  Counters counters{state_->counters->asked, state_->counters->failed, 0, 0};
  const auto add = [&](const DnsContext& context) {
    counters.on_their_way += context.on_their_way();
    counters.waiting += context.waiting();
  };
  add(*state_->context);
  for (const auto& weak : state_->flushed)
    if (const auto old = weak.lock()) add(*old);
  return counters;
}

}  // namespace malleposte::net
