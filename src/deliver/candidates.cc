#include "deliver/candidates.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/limits.h"
#include "mail/address.h"
#include "mail/plain_text.h"

namespace malleposte::deliver {
namespace {

Candidates failure(smtp::Verdict verdict, std::string status, std::string text) {
  Candidates none;
  none.failure = {verdict, 0, std::move(status), mail::one_line(text, limits::reply_text_kept)};
  return none;
}

// Sorted by preference, equal ones shuffled, cut at the limit.
void put_in_order(std::vector<net::Mx>& records, Loop& loop) {
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) {
    return std::tie(a.preference, a.host) < std::tie(b.preference, b.host);
  });
  for (std::size_t i = 0, group = 0; i < records.size(); ++i) {
    if (records[i].preference != records[group].preference) group = i;
    std::swap(records[i], records[group + loop.random() % (i - group + 1)]);
  }
  if (records.size() > limits::mx_hosts_per_domain) records.resize(limits::mx_hosts_per_domain);
}

Task<Candidates> by_address(NameSources names, config::NextHop next_hop, std::uint16_t port,
                            SteadyTime deadline) {
  net::AddressAnswer answer;
  if (parse_ip(next_hop.host)) {
    answer.lookup = net::Lookup::found;
    answer.addresses = {next_hop.host};
  } else {
    answer = co_await names.resolver.addresses(next_hop.host, deadline);
  }
  if (answer.lookup == net::Lookup::failed)
    co_return failure(
        smtp::Verdict::temporary, "4.4.3",
        fmt::format("the address of {} cannot be looked up: {}", next_hop.host, answer.why));
  if (answer.lookup != net::Lookup::found)
    co_return failure(smtp::Verdict::permanent, "5.4.4",
                      fmt::format("the host {} has no address", next_hop.host));
  Candidates candidates;
  for (const auto& address : answer.addresses) {
    if (candidates.targets.size() == limits::addresses_per_host) break;
    Target target{next_hop.host, {address, port}};
    if (names.own.listener(target.endpoint)) continue;
    candidates.targets.push_back(std::move(target));
  }
  if (candidates.targets.empty())
    co_return failure(
        smtp::Verdict::permanent, "5.4.6",
        fmt::format("the next hop [{}]:{} is this server itself", next_hop.host, port));
  co_return candidates;
}

Task<Candidates> by_mx(NameSources names, config::NextHop next_hop, std::uint16_t port,
                       SteadyTime deadline) {
  const auto& domain = next_hop.host;
  auto mx = co_await names.resolver.mx(domain, deadline);
  switch (mx.lookup) {
    case net::Lookup::failed:
      co_return failure(smtp::Verdict::temporary, "4.4.3",
                        fmt::format("the MX of {} cannot be looked up: {}", domain, mx.why));
    case net::Lookup::no_such_name:
      co_return failure(smtp::Verdict::permanent, "5.1.2",
                        fmt::format("the domain {} does not exist", domain));
    case net::Lookup::no_data:  // RFC 5321 5.1: the domain itself, at preference 0
      mx.records = {{0, domain}};
      break;
    case net::Lookup::found:
      break;
  }
  const bool implicit = mx.lookup == net::Lookup::no_data;
  // A null MX beside real ones is a mistake and means nothing (RFC 7505 3).
  const auto nulls = std::erase_if(mx.records, [](const auto& r) { return r.host.empty(); });
  if (mx.records.empty())
    co_return failure(smtp::Verdict::permanent, nulls > 0 ? "5.1.10" : "5.4.4",
                      nulls > 0 ? fmt::format("the domain {} accepts no mail", domain)
                                : fmt::format("the domain {} has no mail server", domain));
  put_in_order(mx.records, names.loop);

  Candidates candidates;
  std::string why_failed;
  bool loopback = false, found_ourselves = false;
  std::size_t of_smaller_preference = 0;  // targets before the present group of equal ones
  for (std::size_t i = 0; i < mx.records.size(); ++i) {
    const auto record = mx.records[i];
    if (i > 0 && record.preference != mx.records[i - 1].preference) {
      if (found_ourselves) break;
      of_smaller_preference = candidates.targets.size();
    }
    auto answer = co_await names.resolver.addresses(record.host, deadline);
    // Our own name counts even when its address cannot be looked up now.
    if (mail::canonical_domain(record.host) == mail::canonical_domain(names.settings.hostname) &&
        port == names.settings.smtp_port)
      found_ourselves = true;
    if (answer.lookup == net::Lookup::failed)
      why_failed =
          fmt::format("the address of {} cannot be looked up: {}", record.host, answer.why);
    if (answer.lookup != net::Lookup::found) continue;
    std::size_t of_host = 0;
    for (const auto& address : answer.addresses) {
      Target target{record.host, {address, port}};
      if (names.own.ours(target.endpoint)) found_ourselves = true;
      auto ip = parse_ip(address);
      if (!ip || (is_loopback(*ip) && !names.settings.allow_loopback_mx)) {
        loopback = true;
        continue;
      }
      if (of_host++ < limits::addresses_per_host) candidates.targets.push_back(std::move(target));
    }
  }
  if (found_ourselves) candidates.targets.resize(of_smaller_preference);
  if (!candidates.targets.empty()) co_return candidates;
  if (!why_failed.empty()) co_return failure(smtp::Verdict::temporary, "4.4.3", why_failed);
  if (found_ourselves)
    co_return failure(
        smtp::Verdict::permanent, "5.4.6",
        fmt::format("mail for {} loops back to this server: it is the domain's best MX", domain));
  if (loopback)
    co_return failure(smtp::Verdict::permanent, "5.4.6",
                      fmt::format("the mail server of {} has a loopback address", domain));
  co_return failure(smtp::Verdict::permanent, "5.4.4",
                    implicit ? fmt::format("the domain {} has neither an MX nor an address", domain)
                             : fmt::format("no mail server of {} has an address", domain));
}

}  // namespace

Task<Candidates> find_candidates(NameSources names, config::NextHop next_hop) {
  const auto port = next_hop.port != 0 ? next_hop.port : names.settings.mx_port;
  const auto deadline = names.loop.steady() + limits::next_hop_lookup_timeout;
  if (next_hop.lookup_mx) co_return co_await by_mx(names, std::move(next_hop), port, deadline);
  co_return co_await by_address(names, std::move(next_hop), port, deadline);
}

}  // namespace malleposte::deliver
