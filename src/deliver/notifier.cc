#include "deliver/notifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"

namespace malleposte::deliver {
namespace {

std::string_view why(mail::DsnKind kind) {
  switch (kind) {
    case mail::DsnKind::failure:
      return "notice to the sender";
    case mail::DsnKind::delay:
      return "warning to the sender";
    case mail::DsnKind::double_bounce:
      return "notice to the postmaster";
  }
  return "";
}

std::string lower_case(const mail::Address& address) {
  auto text = mail::to_string(address);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string names(const Notifier::Case& about) {
  std::string names;
  for (const auto& outcome : about.failed) {
    if (!names.empty()) names += ", ";
    names += '<' + mail::to_string(about.envelope.recipients[outcome.recipient]) + '>';
    if (&outcome - about.failed.data() == 2 && about.failed.size() > 3) return names + ", ...";
  }
  return names;
}

}  // namespace

std::size_t Notifier::content_wanted() const {
  return settings_.bounce_returns == config::BounceReturns::message ? limits::dsn_message_octets
                                                                    : limits::dsn_header_octets;
}

bool Notifier::warning_due(const spool::Lease& lease, WallTime now) const {
  const auto after = settings_.delay_warning_after;
  return after > Duration::zero() && !lease.warned && now - lease.arrived >= after;
}

std::vector<spool::Generated> Notifier::notices(const Case& about, WallTime now) {
  std::vector<spool::Generated> notices;
  mail::DsnCase dsn{mail::DsnKind::failure,
                    about.envelope.reverse_path,
                    about.envelope,
                    about.id,
                    about.failed,
                    about.content,
                    about.all_of_it && settings_.bounce_returns == config::BounceReturns::message,
                    settings_.hostname,
                    now,
                    about.envelope.arrived + settings_.queue_lifetime};
  if (!about.failed.empty()) {
    if (about.envelope.reverse_path.null()) dsn.kind = mail::DsnKind::double_bounce;
    if (auto to = addressee(about)) {
      dsn.to = *to;
      add(notices, dsn);
    }
  }
  if (!about.late.empty() && !about.envelope.reverse_path.null()) {
    std::vector<mail::Outcome> named = about.late;
    named.resize(std::min(named.size(), limits::recipients_per_dsn));
    mail::DsnCase warning{mail::DsnKind::delay,
                          dsn.original.reverse_path,
                          dsn.original,
                          dsn.id,
                          named,
                          dsn.content,
                          false,
                          dsn.hostname,
                          now,
                          dsn.retry_until,
                          about.late.size() - named.size()};
    add(notices, warning);
  }
  return notices;
}

// Who is told that recipients have failed; nobody of a notice that failed on its way to
// root_address, so that no notice is ever the cause of an endless row of them (RFC 5321 6.1).
std::optional<mail::Address> Notifier::addressee(const Case& about) {
  if (!about.envelope.reverse_path.null()) return about.envelope.reverse_path;
  const auto root = mail::parse_address(settings_.root_address);
  const bool to_root =
      root && std::any_of(about.failed.begin(), about.failed.end(), [&](const auto& outcome) {
        return lower_case(about.envelope.recipients[outcome.recipient]) == lower_case(*root);
      });
  if (about.generated && root && !root->null() && !to_root) {
    record_.event("log", monitor::Severity::info,
                  fmt::format("the notice {} to {} could not be delivered: root_address is told",
                              mail::to_string(about.id), names(about)));
    return *root;
  }
  ++untold_;
  record_.event("log", monitor::Severity::warning,
                fmt::format("{} {} to {} could not be delivered: nobody is told",
                            about.generated ? "the notice" : "the message from <>",
                            mail::to_string(about.id), names(about)));
  return std::nullopt;
}

void Notifier::add(std::vector<spool::Generated>& notices, const mail::DsnCase& dsn) {
  auto made = mail::make_dsn(dsn);
  ++made_[static_cast<std::size_t>(dsn.kind)];
  spool::Generated generated{std::move(made.envelope), std::move(made.content), why(dsn.kind), {}};
  generated.gathered_until = rate_.count(lower_case(dsn.to), dsn.now);
  if (generated.gathered_until) {
    generated.why = "notice gathered for a report";
    ++gathered_;
  }
  notices.push_back(std::move(generated));
}

void Notifier::figures(monitor::Figures& into) const {
  auto number = [](std::uint64_t n) { return static_cast<double>(n); };
  constexpr const char* kinds[] = {"failure", "delay", "double_bounce"};
  constexpr auto dsns = "malleposte_dsns_total";
  constexpr auto dsns_help = "DSNs made, by what they tell; report: of those gathered";
  for (std::size_t i = 0; i < made_.size(); ++i)
    into.counter(dsns, dsns_help, number(made_[i]), {{"kind", kinds[i]}});
  into.counter(dsns, dsns_help, number(reports_), {{"kind", "report"}});
  into.counter("malleposte_dsns_gathered_total",
               "DSNs that were not sent by themselves but kept for a report", number(gathered_));
  into.counter("malleposte_failures_untold_total",
               "Messages from <> that failed for good and of which nobody was told",
               number(untold_));
}

}  // namespace malleposte::deliver
