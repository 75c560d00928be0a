#include "admin/explanation.h"

#include <fmt/format.h>

#include <algorithm>

#include "mail/address.h"
#include "monitor/line_text.h"

namespace malleposte::admin {
namespace {

using spool::QueueState;
using Clauses = std::vector<std::string>;

// "mx.example.com[192.0.2.7:25] said 451 4.7.1 Later"; what was not said by anybody has a colon.
std::string answer_text(const mail::Answer& answer) {
  std::string who = answer.host;
  // Of a host that is an address already, address and port say it all.
  if (answer.address.starts_with(who + ":") || answer.address.starts_with("[" + who + "]:"))
    who = answer.address;
  else if (!answer.address.empty() && answer.address != who)
    who += fmt::format("[{}]", answer.address);
  std::string what;
  if (answer.code != 0) what += fmt::format("{} ", answer.code);
  if (!answer.status.empty()) what += answer.status + ' ';
  what += answer.text;
  if (who.empty()) return what;
  return who + (answer.code != 0 ? " said " : ": ") + what;
}

const mail::Attempt* last_attempt(const spool::RecipientAttempts* attempts) {
  return attempts == nullptr || attempts->known.empty() ? nullptr : &attempts->known.back();
}

// The state with its reason: the sentence begins with it. Of the order that suspends it
// (`suspended`) a clause of its own tells.
std::string beginning(const spool::ListedMessage& message, const spool::ListedRecipient& recipient,
                      const mail::Attempt* last, bool suspended) {
  std::string state = recipient.state;
  std::string reason = last != nullptr ? answer_text(last->answer) : recipient.reply;
  if (state == to_string(QueueState::held))
    return "held until it is released" + (reason.empty() ? "" : "; before that: " + reason);
  if (state == to_string(QueueState::active) && reason.empty())
    return "active: due now, or being tried";
  if (state == to_string(QueueState::deleting) || (reason.empty() && !suspended))
    reason = message.reason;
  return reason.empty() ? state : state + ": " + reason;
}

// "attempt 3, next 14:02:11Z in 12 min (backoff 20 min)". While somebody keeps it from being tried
// (`suspended`) there is no next: what follows says who, and until when. A site that is left alone
// for longer is what it waits for.
std::string next_text(const spool::ListedMessage& message, std::uint32_t attempts,
                      const mail::Attempt* last, bool suspended,
                      const std::optional<SiteView>& site, WallTime now) {
  std::string text = attempts == 0 ? "not tried yet" : fmt::format("attempt {}", attempts);
  if (!message.next_attempt || suspended || message.state == QueueState::deleting) return text;
  const auto due = message.state == QueueState::active ? now : *message.next_attempt;
  const auto next = site && site->until ? std::max(due, *site->until) : due;
  if (next <= now) return text + ", next now";
  text += fmt::format(", next {} in {}", clock_text(next, now), span_text(next - now));
  if (last != nullptr && last->ended != WallTime{} && next == due && next > last->ended)
    text += fmt::format(" (backoff {})", span_text(next - last->ended));
  return text;
}

// How the site is doing; "" while there is nothing to say.
std::string site_text(const SiteView& site, WallTime now) {
  const auto because = site.reason.empty() ? "" : ": " + site.reason;
  const auto until = [&](std::string_view words) {
    return site.until ? fmt::format("{} {}", words, clock_text(*site.until, now)) : std::string();
  };
  if (site.state == "dead")
    return fmt::format("site {} is dead{}{}", site.name, because, until("; probed again at"));
  if (site.state == "backing_off")
    return fmt::format("site {} backs off{}{}", site.name, until(" until"), because);
  if (site.state == "limited")
    return fmt::format("site {} waits for its rate{}{}", site.name, until(" until"), because);
  return {};
}

std::string window_text(const SiteView& site) {
  auto text = fmt::format("window {} of {}", site.window, site.most);
  if (site.failures > 0)
    text += fmt::format(" after {} failure{}", site.failures, site.failures == 1 ? "" : "s");
  return text;
}

void add(Clauses& clauses, std::string clause) {
  if (!clause.empty()) clauses.push_back(std::move(clause));
}

void add_site(Clauses& clauses, const Outlook& outlook, WallTime now) {
  if (!outlook.site) return;
  add(clauses, site_text(*outlook.site, now));
  add(clauses, window_text(*outlook.site));
  if (!outlook.site->limits_rule.empty()) add(clauses, "limits: " + outlook.site->limits_rule);
}

void add_order(Clauses& clauses, const spool::StandingOrder* order) {
  if (order != nullptr) add(clauses, describe(*order));
}

void add_orders(Clauses& clauses, const spool::StandingOrders& orders, std::string_view domain) {
  add_order(clauses, orders.suspends(domain));
  add_order(clauses, orders.bounces(domain));
}

constexpr std::string_view all_suspended = "deliveries are suspended (deliveries_suspended)";

}  // namespace

std::string domain_of(std::string_view address) {
  return mail::canonical_domain(address.substr(address.rfind('@') + 1));
}

std::vector<std::string> explain(const spool::ListedMessage& message,
                                 const spool::ListedRecipient& recipient,
                                 const spool::RecipientAttempts* attempts, const Outlook& outlook,
                                 const Circumstances& circumstances) {
  const auto now = circumstances.now;
  const auto* last = last_attempt(attempts);
  const auto made = attempts != nullptr ? attempts->made : message.attempts;
  const bool suspended = circumstances.orders.suspends(outlook.domain) != nullptr;
  Clauses clauses{beginning(message, recipient, last, suspended)};
  if (recipient.state != to_string(message.state)) return clauses;  // it is done
  add(clauses, next_text(message, made, last, suspended || circumstances.deliveries_suspended,
                         outlook.site, now));
  if (circumstances.deliveries_suspended) clauses.emplace_back(all_suspended);
  add_orders(clauses, circumstances.orders, outlook.domain);
  add_order(clauses, circumstances.orders.holds(message.sender));
  add_site(clauses, outlook, now);
  add(clauses, "route: " + outlook.rule);
  if (const auto& by = message.deliver_by)
    add(clauses, fmt::format("{} {} (BY)",
                             by->return_after ? "goes back to its sender" : "its sender is told",
                             clock_text(by->deadline, now)));
  const auto lifetime = message.lifetime.value_or(circumstances.queue_lifetime);
  const auto from = std::max(message.arrived, message.held_until);
  if (lifetime > Duration{})
    add(clauses,
        fmt::format("expires {} ({})", clock_text(from + lifetime, now),
                    message.lifetime ? "lifetime given by the operator" : "queue_lifetime"));
  return clauses;
}

std::vector<std::string> explain(const Outlook& outlook, const Circumstances& circumstances) {
  Clauses clauses;
  if (circumstances.deliveries_suspended) clauses.emplace_back(all_suspended);
  add_orders(clauses, circumstances.orders, outlook.domain);
  add_site(clauses, outlook, circumstances.now);
  add(clauses, "route: " + outlook.rule);
  return clauses;
}

std::string sentence(const std::vector<std::string>& clauses) {
  std::string text;
  for (const auto& clause : clauses) text += (text.empty() ? "" : "; ") + clause;
  return text;
}

std::string clock_text(WallTime time, WallTime now) {
  std::string text;
  monitor::ClockText().append_rfc3339(text, time, 3);  // 2026-11-23T10:15:42.123Z
  constexpr std::size_t date = 10;
  constexpr std::size_t end = 19;
  const auto day = [](WallTime t) { return std::chrono::floor<std::chrono::days>(t); };
  const auto clock = text.substr(date + 1, end - date - 1) + "Z";
  return day(time) == day(now) ? clock : text.substr(0, date) + " " + clock;
}

std::string span_text(Duration span) {
  using namespace std::chrono;
  const auto whole = std::max<std::int64_t>(0, duration_cast<seconds>(span).count());
  if (whole < 120) return fmt::format("{} s", whole);
  if (whole < 7200) return fmt::format("{} min", whole / 60);
  constexpr std::int64_t day = 86400;
  if (whole < 2 * day) return fmt::format("{} h", whole / 3600);
  return fmt::format("{} days", whole / day);
}

}  // namespace malleposte::admin
