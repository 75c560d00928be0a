#include "deliver/candidates.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "deliver/host_inquiry.h"
#include "deliver/trial_order.h"
#include "mail/address.h"
#include "mail/plain_text.h"
#include "spool/standing_orders.h"

namespace malleposte::deliver {
namespace {

using Answers = std::vector<std::optional<net::AddressAnswer>>;

smtp::Ruling ruling(smtp::Verdict verdict, std::string status, std::string_view text) {
  return {verdict, 0, std::move(status), mail::one_line(text, limits::reply_text_kept)};
}

Candidates failure(smtp::Verdict verdict, std::string status, std::string text) {
  Candidates none;
  none.failure = ruling(verdict, std::move(status), text);
  return none;
}

std::string not_looked_up(const std::string& host, const std::string& why) {
  return fmt::format("the address of {} cannot be looked up: {}", host, why);
}

bool contains(const std::vector<Target>& targets, const net::Endpoint& endpoint) {
  return std::any_of(targets.begin(), targets.end(), [&](const auto& target) {
    return target.endpoint.address == endpoint.address && target.endpoint.port == endpoint.port;
  });
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
    co_return failure(smtp::Verdict::temporary, "4.4.3", not_looked_up(next_hop.host, answer.why));
  if (answer.lookup != net::Lookup::found)
    co_return failure(smtp::Verdict::permanent, "5.4.4",
                      fmt::format("the host {} has no address", next_hop.host));
  Candidates candidates;
  for (const auto& address : answer.addresses) {
    Target target{next_hop.host, {address, port}};
    if (candidates.targets.size() == limits::addresses_per_host) {
      candidates.cut_off = fmt::format("more than {} addresses", limits::addresses_per_host);
      candidates.skipped.push_back({0, next_hop.host, "", candidates.cut_off});
      break;
    }
    if (names.own.listener(target.endpoint))
      candidates.skipped.push_back({0, next_hop.host, address, "this server itself"});
    else
      candidates.targets.push_back(std::move(target));
  }
  if (candidates.targets.empty())
    candidates.failure =
        ruling(smtp::Verdict::permanent, "5.4.6",
               fmt::format("the next hop [{}]:{} is this server itself", next_hop.host, port));
  co_return candidates;
}

// Whether strangers may send to the domain through us: then we may well be one of its MX hosts.
bool taken_for(const config::Settings& settings, std::string_view domain) {
  return std::ranges::any_of(settings.relay_domains,
                             [name = mail::canonical_domain(domain)](const auto& pattern) {
                               return spool::means_domain(pattern, name);
                             });
}

// Makes candidates of MX hosts and their addresses: first all are surveyed, then they are added,
// one preference after the other.
class MxCandidates {
 public:
  // `perhaps_ours`: we may be one of the hosts by a name and address that nobody could tell us.
  MxCandidates(NameSources names, std::uint16_t port, bool perhaps_ours)
      : names_(names), port_(port), perhaps_ours_(perhaps_ours) {}

  // Every MX of the domain, sorted: our own name counts whether it can be looked up or not.
  void look_for_ourselves(const std::vector<net::Mx>& records) {
    if (port_ != names_.settings.smtp_port) return;
    const auto own_name = mail::canonical_domain(names_.settings.hostname);
    for (const auto& record : records)
      if (!own_preference_ && mail::canonical_domain(record.host) == own_name)
        own_preference_ = record.preference;
  }

  // Which addresses may be tried at all, and where we are ourselves. `records` sorted.
  void survey(const std::vector<net::Mx>& records, const Answers& answers) {
    for (std::size_t i = 0; i < records.size(); ++i)
      usable_.push_back(addresses_of(records[i], answers[i]));
    if (perhaps_ours_ && !own_preference_) perhaps_own_preference_ = nearest_unknown_;
  }

  void past_the_limit(const net::Mx& record, std::size_t most) {
    cut_off(record, "", fmt::format("more than {} hosts", most));
  }

  // Hosts begin..end of `records` have one preference.
  void add(const std::vector<net::Mx>& records, std::size_t begin, std::size_t end) {
    const std::vector usable(usable_.begin() + static_cast<std::ptrdiff_t>(begin),
                             usable_.begin() + static_cast<std::ptrdiff_t>(end));
    const auto& limit = own_preference_ ? own_preference_ : perhaps_own_preference_;
    if (limit && *limit <= records[begin].preference) {
      for (auto i = begin; i < end; ++i)
        for (const auto& address : usable_[i])
          skip(records[i], address,
               own_preference_ ? "no nearer to the domain than this server"
                               : "a host that cannot be looked up may be this server, no farther");
      kept_back_ |= !own_preference_;
      return;
    }
    std::size_t of_preference = 0;
    for (auto& [host, address] : take_turns(usable)) {
      const auto& record = records[begin + host];
      Target target{record.host, {address, port_}, record.preference};
      if (contains(found_.targets, target.endpoint))
        skip(record, address, "the same address as above");
      else if (of_preference == limits::addresses_per_preference)
        cut_off(record, address,
                fmt::format("more than {} addresses of one preference",
                            limits::addresses_per_preference));
      else
        ++of_preference, found_.targets.push_back(std::move(target));
    }
  }

  Candidates result(const std::string& domain, bool implicit) {
    if (kept_back_)
      why_unknown_ +=
          "; it may be this server, which relays for the domain, so no host as far is tried";
    if (!why_unknown_.empty())
      found_.unknown_host = ruling(smtp::Verdict::temporary, "4.4.3", why_unknown_);
    // What is as far as we are could not be tried anyway.
    if (nearest_cut_off_ && own_preference_ && *own_preference_ <= *nearest_cut_off_)
      found_.cut_off.clear();
    if (!found_.targets.empty()) return std::move(found_);
    const auto permanent = [&](const char* status, const std::string& text) {
      found_.failure = ruling(smtp::Verdict::permanent, status, text);
    };
    if (found_.unknown_host)
      found_.failure = found_.unknown_host;
    else if (!found_.cut_off.empty())
      found_.failure = ruling(
          smtp::Verdict::temporary, "4.4.1",
          fmt::format("no mail server of {} could be tried: it has {}", domain, found_.cut_off));
    else if (own_preference_)
      permanent(
          "5.4.6",
          fmt::format("mail for {} loops back to this server: it is the domain's best MX", domain));
    else if (loopback_)
      permanent("5.4.6", fmt::format("the mail server of {} has a loopback address", domain));
    else
      permanent("5.4.4", implicit
                             ? fmt::format("the domain {} has neither an MX nor an address", domain)
                             : fmt::format("no mail server of {} has an address", domain));
    return std::move(found_);
  }

 private:
  void skip(const net::Mx& record, std::string address, std::string why) {
    const auto at =
        std::ranges::upper_bound(found_.skipped, record.preference, {}, &Skipped::preference);
    found_.skipped.insert(at, {record.preference, record.host, std::move(address), std::move(why)});
  }

  // Nothing but a limit keeps it from being tried.
  void cut_off(const net::Mx& record, std::string address, std::string limit) {
    nearest_cut_off_ = std::min(record.preference, nearest_cut_off_.value_or(UINT16_MAX));
    found_.cut_off = limit;
    skip(record, std::move(address), std::move(limit));
  }

  std::vector<std::string> addresses_of(const net::Mx& record,
                                        const std::optional<net::AddressAnswer>& answer) {
    std::vector<std::string> usable;
    bool more = false;
    if (!answer || answer->lookup == net::Lookup::failed) {
      if (!nearest_unknown_) {
        nearest_unknown_ = record.preference;
        why_unknown_ = not_looked_up(record.host, answer ? answer->why : "no answer yet");
      }
      skip(record, "", answer ? "cannot be looked up: " + answer->why : "no answer yet");
      return usable;
    }
    if (answer->lookup != net::Lookup::found)
      skip(record, "",
           answer->lookup == net::Lookup::no_data ? "has no address" : "does not exist");
    for (const auto& address : answer->addresses) {
      if (names_.own.ours({address, port_})) {
        if (!own_preference_ || record.preference < *own_preference_)
          own_preference_ = record.preference;
        skip(record, address, "this server itself");
        continue;
      }
      const auto ip = parse_ip(address);
      if (!ip || (is_loopback(*ip) && !names_.settings.allow_loopback_mx)) {
        loopback_ = true;
        skip(record, address, "a loopback address");
      } else if (is_nobodys(*ip)) {
        skip(record, address, "an address that no host has");
      } else if (usable.size() == limits::addresses_per_host) {
        if (!std::exchange(more, true))
          cut_off(record, "", fmt::format("more than {} addresses", limits::addresses_per_host));
      } else {
        usable.push_back(address);
      }
    }
    return usable;
  }

  NameSources names_;
  std::uint16_t port_;
  bool perhaps_ours_;
  Candidates found_;
  std::vector<std::vector<std::string>> usable_;  // addresses of each host
  std::string why_unknown_;
  bool loopback_ = false;
  bool kept_back_ = false;  // hosts, as an unknown one may be us
  std::optional<std::uint16_t> own_preference_, perhaps_own_preference_;
  std::optional<std::uint16_t> nearest_cut_off_, nearest_unknown_;
};

Task<Candidates> by_mx(NameSources names, config::NextHop next_hop, std::uint16_t port,
                       std::optional<net::MxAnswer> known, SteadyTime deadline) {
  const auto& domain = next_hop.host;
  auto mx = known ? std::move(*known) : co_await names.resolver.mx(domain, deadline);
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
  auto& records = mx.records;
  put_in_order(records, names.loop);

  const bool our_port = port == names.settings.smtp_port || port == names.settings.mx_port;
  const bool perhaps_ours = our_port && taken_for(names.settings, domain);
  MxCandidates candidates(names, port, perhaps_ours);
  candidates.look_for_ourselves(records);
  // Where we may be among them all are looked at: equal ones come in any order.
  const auto most = perhaps_ours ? limits::mx_records_kept : limits::mx_hosts_per_domain;
  for (auto i = most; i < records.size(); ++i) candidates.past_the_limit(records[i], most);
  records.resize(std::min(records.size(), most));
  const auto answers = co_await ask_addresses(names.loop, names.resolver, records, deadline);
  candidates.survey(records, answers);
  for (std::size_t begin = 0, end = 0; begin < records.size(); begin = end) {
    while (end < records.size() && records[end].preference == records[begin].preference) ++end;
    candidates.add(records, begin, end);
  }
  co_return candidates.result(domain, implicit);
}

}  // namespace

Task<Candidates> find_candidates(NameSources names, config::NextHop next_hop,
                                 std::optional<net::MxAnswer> mx) {
  const auto port = next_hop.port != 0 ? next_hop.port : names.settings.mx_port;
  const auto deadline = names.loop.steady() + limits::next_hop_lookup_timeout;
  if (next_hop.lookup_mx)
    co_return co_await by_mx(names, std::move(next_hop), port, std::move(mx), deadline);
  co_return co_await by_address(names, std::move(next_hop), port, deadline);
}

}  // namespace malleposte::deliver
