#include "spool/standing_orders.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "mail/address.h"
#include "spool/matcher.h"

namespace malleposte::spool {
namespace {

constexpr std::string_view everywhere = "*";
constexpr std::string_view null_sender = "<>";

bool is_domain(std::string_view text) {
  return mail::parse_address("a@" + std::string(text)).has_value();
}

std::optional<std::string> domain_pattern(std::string_view pattern) {
  if (pattern == everywhere) return std::string(pattern);
  const bool below = pattern.starts_with('.');
  if (below) pattern.remove_prefix(1);
  if (!is_domain(pattern)) return std::nullopt;
  return (below ? "." : "") + mail::canonical_domain(pattern);
}

std::optional<std::string> sender_pattern(std::string_view pattern) {
  if (pattern == null_sender) return std::string(pattern);
  if (pattern.starts_with('@')) {
    pattern.remove_prefix(1);
    if (!is_domain(pattern)) return std::nullopt;
    return "@" + mail::canonical_domain(pattern);
  }
  if (pattern.find('@') == std::string_view::npos || !mail::parse_address(std::string(pattern)))
    return std::nullopt;
  return canonical_address(pattern);
}

}  // namespace

StandingOrders::StandingOrders(std::vector<StandingOrder> orders, std::uint64_t last)
    : orders_(std::move(orders)), last_(last) {
  arrange();
}

Result<StandingOrder> StandingOrders::checked(StandingOrder order, WallTime now) {
  const bool of_sender = order.kind == StandingOrder::Kind::hold;
  auto pattern = of_sender ? sender_pattern(order.pattern) : domain_pattern(order.pattern);
  if (!pattern)
    return fail(Fault::peer,
                fmt::format("'{}' is no {}", order.pattern,
                            of_sender ? "sender: write joe@example.org, @example.org or <>"
                                      : "domain: write example.org, .example.org or *"));
  if (order.until && *order.until <= now)
    return fail(Fault::peer, "the order would end before it begins");
  if (std::max(order.reason.size(), order.who.size()) > limits::order_text_octets)
    return fail(Fault::peer, fmt::format("the reason of an order may have {} octets",
                                         limits::order_text_octets));
  order.pattern = std::move(*pattern);
  return order;
}

std::uint64_t StandingOrders::add(StandingOrder order) {
  order.number = ++last_;
  orders_.push_back(std::move(order));
  arrange();
  return last_;
}

bool StandingOrders::remove(std::uint64_t number) {
  if (std::erase_if(orders_, [&](const auto& order) { return order.number == number; }) == 0)
    return false;
  arrange();
  return true;
}

std::vector<StandingOrder> StandingOrders::end(WallTime now) {
  std::vector<StandingOrder> over;
  std::erase_if(orders_, [&](const auto& order) {
    const bool ends = order.until && *order.until <= now;
    if (ends) over.push_back(order);
    return ends;
  });
  if (!over.empty()) arrange();
  return over;
}

void StandingOrders::arrange() {
  for (auto& patterns : patterns_) patterns.clear();
  next_end_.reset();
  for (std::size_t i = 0; i < orders_.size(); ++i) {
    const auto& order = orders_[i];
    patterns_[static_cast<std::size_t>(order.kind)].emplace(order.pattern, i);
    if (order.until && (!next_end_ || *order.until < *next_end_)) next_end_ = order.until;
  }
}

const StandingOrder* StandingOrders::find(StandingOrder::Kind kind,
                                          const std::string& pattern) const {
  const auto& patterns = patterns_[static_cast<std::size_t>(kind)];
  const auto known = patterns.find(pattern);
  return known == patterns.end() ? nullptr : &orders_[known->second];
}

const StandingOrder* StandingOrders::for_domain(StandingOrder::Kind kind,
                                                std::string_view domain) const {
  if (patterns_[static_cast<std::size_t>(kind)].empty()) return nullptr;
  if (const auto* order = find(kind, std::string(domain))) return order;
  for (auto dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.', dot + 1))
    if (const auto* order = find(kind, std::string(domain.substr(dot)))) return order;
  return find(kind, std::string(everywhere));
}

const StandingOrder* StandingOrders::suspends(std::string_view domain) const {
  return for_domain(StandingOrder::Kind::suspend, domain);
}

const StandingOrder* StandingOrders::bounces(std::string_view domain) const {
  return for_domain(StandingOrder::Kind::bounce, domain);
}

const StandingOrder* StandingOrders::holds(std::string_view sender) const {
  constexpr auto kind = StandingOrder::Kind::hold;
  if (patterns_[static_cast<std::size_t>(kind)].empty()) return nullptr;
  if (sender.empty()) return find(kind, std::string(null_sender));
  const auto address = canonical_address(sender);
  if (const auto* order = find(kind, address)) return order;
  const auto at = address.rfind('@');
  return at == std::string::npos ? nullptr : find(kind, address.substr(at));
}

std::size_t StandingOrders::octets() const {
  std::size_t octets = 0;
  for (const auto& order : orders_)
    octets +=
        sizeof(order) + 100 + 2 * order.pattern.size() + order.reason.size() + order.who.size();
  return octets;
}

bool means_domain(std::string_view pattern, std::string_view domain) {
  if (pattern == everywhere || pattern == domain) return true;
  return pattern.starts_with('.') && domain.size() > pattern.size() && domain.ends_with(pattern);
}

std::string to_text(WallTime time) {
  return fmt::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(time));
}

std::string describe(const StandingOrder& order) {
  constexpr const char* done[] = {"suspended", "bounced", "held"};
  auto text = fmt::format("{} by order {} ({} {})", done[static_cast<std::size_t>(order.kind)],
                          order.number, to_string(order.kind), order.pattern);
  if (!order.who.empty()) text += " of " + order.who;
  if (order.until) text += " until " + to_text(*order.until);
  return text + (order.reason.empty() ? "" : ": " + order.reason);
}

}  // namespace malleposte::spool
