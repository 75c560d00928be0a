#include "admin/explanation.h"

#include <fmt/format.h>

#include <algorithm>

#include "mail/address.h"
#include "monitor/line_text.h"

namespace malleposte::admin {
namespace {

using spool::QueueState;
using spool::StandingOrder;
using Clauses = std::vector<std::string>;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

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

// The state with its reason: the sentence begins with it.
std::string beginning(const spool::ListedMessage& message, const spool::ListedRecipient& recipient,
                      const mail::Attempt* last) {
  std::string state = recipient.state;
  std::string reason = last != nullptr ? answer_text(last->answer) : recipient.reply;
  if (state == to_string(QueueState::held))
    return "held until it is released" + (reason.empty() ? "" : "; before that: " + reason);
  if (state == to_string(QueueState::active) && reason.empty())
    return "active: due now, or being tried";
  if (state == to_string(QueueState::deleting) || reason.empty()) reason = message.reason;
  if (reason.starts_with("suspended by order")) reason.clear();  // the order has its own clause
  return reason.empty() ? state : state + ": " + reason;
}

// "attempt 3, next 14:02:11Z in 12 min (backoff 20 min)". While somebody keeps it from being tried
// (`suspended`) there is no next: what follows says who, and until when.
std::string next_text(const spool::ListedMessage& message, std::uint32_t attempts,
                      const mail::Attempt* last, bool suspended, WallTime now) {
  std::string text = attempts == 0 ? "not tried yet" : fmt::format("attempt {}", attempts);
  const auto next = message.next_attempt;
  if (!next || suspended || message.state == QueueState::deleting) return text;
  if (message.state == QueueState::active || *next <= now) return text + ", next now";
  text += fmt::format(", next {} in {}", clock_text(*next, now), span_text(*next - now));
  if (last != nullptr && last->ended != WallTime{} && *next > last->ended)
    text += fmt::format(" (backoff {})", span_text(*next - last->ended));
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

}  // namespace

std::string order_text(const StandingOrder& order, WallTime now) {
  constexpr std::string_view words[] = {"suspended", "bounced", "held"};
  auto text = fmt::format("{} by order {} ({} {})", words[static_cast<std::size_t>(order.kind)],
                          order.number, to_string(order.kind), order.pattern);
  if (!order.who.empty()) text += " of " + order.who;
  if (order.until) text += " until " + clock_text(*order.until, now);
  return text + (order.reason.empty() ? "" : ": " + order.reason);
}

namespace {

void add(Clauses& clauses, std::string clause) {
  if (!clause.empty()) clauses.push_back(std::move(clause));
}

void add_site(Clauses& clauses, const Outlook& outlook, WallTime now) {
  if (!outlook.site) return;
  add(clauses, site_text(*outlook.site, now));
  add(clauses, window_text(*outlook.site));
  if (!outlook.site->limits_rule.empty()) add(clauses, "limits: " + outlook.site->limits_rule);
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
  Clauses clauses{beginning(message, recipient, last)};
  if (recipient.state != to_string(message.state)) return clauses;  // it is done
  const bool suspended = circumstances.deliveries_suspended ||
                         std::ranges::any_of(circumstances.orders, [&](const auto& order) {
                           return order.kind == StandingOrder::Kind::suspend &&
                                  catches(order, message.sender, outlook.domain);
                         });
  add(clauses, next_text(message, made, last, suspended, now));
  if (circumstances.deliveries_suspended) clauses.emplace_back(all_suspended);
  for (const auto& order : circumstances.orders)
    if (catches(order, message.sender, outlook.domain)) add(clauses, order_text(order, now));
  add_site(clauses, outlook, now);
  add(clauses,
      "route: " + (message.next_hop.empty() ? outlook.rule
                                            : message.next_hop + ", re-routed by the operator"));
  const auto lifetime = message.lifetime.value_or(circumstances.queue_lifetime);
  if (lifetime > Duration{})
    add(clauses,
        fmt::format("expires {} ({})", clock_text(message.arrived + lifetime, now),
                    message.lifetime ? "lifetime given by the operator" : "queue_lifetime"));
  return clauses;
}

std::vector<std::string> explain(const Outlook& outlook, const Circumstances& circumstances) {
  Clauses clauses;
  if (circumstances.deliveries_suspended) clauses.emplace_back(all_suspended);
  for (const auto& order : circumstances.orders)
    if (order.kind != StandingOrder::Kind::hold && catches(order, {}, outlook.domain))
      add(clauses, order_text(order, circumstances.now));
  add_site(clauses, outlook, circumstances.now);
  add(clauses, "route: " + outlook.rule);
  return clauses;
}

std::string sentence(const std::vector<std::string>& clauses) {
  std::string text;
  for (const auto& clause : clauses) text += (text.empty() ? "" : "; ") + clause;
  return text;
}

bool catches(const StandingOrder& order, std::string_view sender, std::string_view domain) {
  const auto pattern = lower(order.pattern);
  if (order.kind != StandingOrder::Kind::hold)
    return pattern == "*" || pattern == domain ||
           (pattern.starts_with('.') && domain.ends_with(pattern));
  if (sender.empty()) return pattern == "<>";
  const auto at = sender.rfind('@');
  const auto local = lower(sender.substr(0, at == std::string_view::npos ? sender.size() : at));
  const auto domain_part = "@" + domain_of(sender);
  return pattern == domain_part || pattern == local + domain_part;
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
