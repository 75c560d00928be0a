#include "deliver/notifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/ascii.h"
#include "base/limits.h"

namespace malleposte::deliver {
namespace {

std::string_view why(mail::DsnKind kind) {
  switch (kind) {
    case mail::DsnKind::failure:
      return "notice to the sender";
    case mail::DsnKind::delay:
      return "warning to the sender";
    case mail::DsnKind::success:
    case mail::DsnKind::delivered:
      return "delivery report to the sender";
    case mail::DsnKind::double_bounce:
      return "notice to the postmaster";
  }
  return "";
}

std::string lower_case(const mail::Address& address) {
  return lowered(mail::to_string(address));
}

std::string names(const mail::Envelope& envelope, const std::vector<mail::Outcome>& failed) {
  std::string names;
  for (const auto& outcome : failed) {
    if (!names.empty()) names += ", ";
    names += '<' + mail::to_string(envelope.recipients[outcome.recipient]) + '>';
    if (&outcome - failed.data() == 2 && failed.size() > 3) return names + ", ...";
  }
  return names;
}

}  // namespace

// RET (RFC 3461 4.3); where it does not say, the operator does.
bool Notifier::returns_message(const mail::Envelope& envelope) const {
  switch (envelope.requests.returned) {
    case mail::Return::full:
      return true;
    case mail::Return::headers:
      return false;
    case mail::Return::unspecified:
      break;
  }
  return settings_.bounce_returns == config::BounceReturns::message;
}

std::size_t Notifier::content_wanted(const mail::Envelope& envelope) const {
  return returns_message(envelope) ? limits::dsn_message_octets : limits::dsn_header_octets;
}

bool Notifier::tells(const mail::Envelope& envelope, const mail::Outcome& outcome) {
  const auto& notify = envelope.recipients[outcome.recipient].notify;
  switch (outcome.fate) {
    case mail::Fate::bounced:
    case mail::Fate::expired:
      return notify.wants_failure();
    case mail::Fate::queued:
      return notify.wants_delay() && !envelope.reverse_path.null();
    case mail::Fate::delivered: {
      // RFC 2852 4.1.4: of mail that has a time to keep, also unasked when it is passed on.
      const auto& by = envelope.requests.deliver_by;
      const bool timed =
          by && (by->trace || outcome.time_limit_lost) && !notify.never && !outcome.final_delivery;
      const bool asked = notify.wants_success() && !outcome.reports_passed_on;
      return (asked || timed) && !envelope.reverse_path.null();
    }
    default:
      return false;
  }
}

bool Notifier::late(const mail::Envelope& envelope, WallTime now) const {
  if (const auto& by = envelope.requests.deliver_by; by && !by->return_after)
    return now >= by->deadline;
  return late(envelope.released(), now);
}

std::vector<spool::Generated> Notifier::notices(const Case& about, WallTime now) {
  const auto& envelope = about.envelope;
  const auto asked_for = [&](const std::vector<mail::Outcome>& outcomes) {
    std::vector<mail::Outcome> some;
    std::copy_if(outcomes.begin(), outcomes.end(), std::back_inserter(some),
                 [&](const auto& outcome) { return tells(envelope, outcome); });
    return some;
  };
  std::vector<spool::Generated> notices;
  // What one DSN about some of its recipients is made from.
  const auto tell = [&](mail::DsnKind kind, mail::Address to, std::vector<mail::Outcome> outcomes) {
    std::size_t more = 0;
    if (kind == mail::DsnKind::delay && outcomes.size() > limits::recipients_per_dsn) {
      more = outcomes.size() - limits::recipients_per_dsn;
      outcomes.resize(limits::recipients_per_dsn);
    }
    // Only a DSN that tells of a failure may return more than the header (RFC 3461 4.3).
    const bool failure = kind == mail::DsnKind::failure || kind == mail::DsnKind::double_bounce;
    add(notices, {kind, std::move(to), envelope, about.id, outcomes, about.content,
                  failure && about.all_of_it && returns_message(envelope), settings_.hostname, now,
                  envelope.released() + settings_.queue_lifetime, more});
  };
  auto failed = asked_for(about.failed);
  unwanted_ += about.failed.size() - failed.size();
  if (!failed.empty())
    if (auto to = addressee(about, failed))
      tell(envelope.reverse_path.null() ? mail::DsnKind::double_bounce : mail::DsnKind::failure,
           std::move(*to), std::move(failed));
  if (auto late = asked_for(about.late); !late.empty())
    tell(mail::DsnKind::delay, envelope.reverse_path, std::move(late));
  auto passed_on = asked_for(about.passed_on);
  std::vector<mail::Outcome> in_mailboxes;
  for (const auto& outcome : passed_on)
    if (outcome.final_delivery) in_mailboxes.push_back(outcome);
  std::erase_if(passed_on, [](const auto& outcome) { return outcome.final_delivery; });
  if (!passed_on.empty()) tell(mail::DsnKind::success, envelope.reverse_path, std::move(passed_on));
  if (!in_mailboxes.empty())
    tell(mail::DsnKind::delivered, envelope.reverse_path, std::move(in_mailboxes));
  return notices;
}

// Who is told that recipients have failed; nobody of a notice that failed on its way to
// root_address, so that no notice is ever the cause of an endless row of them (RFC 5321 6.1).
std::optional<mail::Address> Notifier::addressee(const Case& about,
                                                 const std::vector<mail::Outcome>& failed) {
  if (!about.envelope.reverse_path.null()) return about.envelope.reverse_path;
  const auto root = mail::parse_address(settings_.root_address);
  const bool to_root =
      root && std::any_of(failed.begin(), failed.end(), [&](const auto& outcome) {
        return lower_case(about.envelope.recipients[outcome.recipient]) == lower_case(*root);
      });
  if (about.generated && root && !root->null() && !to_root) {
    record_.event("log", monitor::Severity::info,
                  fmt::format("the notice {} to {} could not be delivered: root_address is told",
                              mail::to_string(about.id), names(about.envelope, failed)));
    return *root;
  }
  ++untold_;
  record_.event("log", monitor::Severity::warning,
                fmt::format("{} {} to {} could not be delivered: nobody is told",
                            about.generated ? "the notice" : "the message from <>",
                            mail::to_string(about.id), names(about.envelope, failed)));
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
  constexpr const char* kinds[] = {"failure", "delay", "success", "delivered", "double_bounce"};
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
  into.counter("malleposte_failures_unwanted_total",
               "Recipients that failed for good and of whom their sender had asked not to be told "
               "(NOTIFY)",
               number(unwanted_));
}

}  // namespace malleposte::deliver
