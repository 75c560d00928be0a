#include "spool/matcher.h"

#include <algorithm>

#include "mail/address.h"

namespace malleposte::spool {
namespace {

constexpr std::size_t replies_told_apart = 64;  // looked for in a summary, one by one

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Whether the text contains the part, which is in lower case.
bool contains(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

}  // namespace

std::string canonical_address(std::string_view address) {
  const auto at = address.rfind('@');
  const auto local_end = at == std::string_view::npos ? address.size() : at + 1;
  std::string text(address.substr(0, local_end));
  for (char& c : text) c = lower(c);
  return text + mail::canonical_domain(address.substr(local_end));
}

Matcher::Matcher(const Index& index, Filter filter, WallTime now)
    : index_(index),
      domains_born_(index.domains().names().births()),
      state_(filter.state),
      larger_than_(filter.larger_than),
      smaller_than_(filter.smaller_than),
      outcome_class_(filter.outcome_class),
      replies_born_(index.replies().births()) {
  if (!filter.id.empty()) {
    auto id = mail::parse_message_id(filter.id);
    nothing_ |= !id;
    first_ = last_ = id ? id->value : 0;
  }
  want_ages(filter, now);
  if (!filter.sender.empty()) want_sender(filter.sender);
  if (!filter.recipient.empty()) want_recipient(filter.recipient);
  if (!filter.domain.empty()) {
    only_domain_ = index.find_domain(mail::canonical_domain(filter.domain));
    nothing_ |= !only_domain_;
    if (filter.domains.empty()) filter.domains.push_back(filter.domain);
  }
  if (!filter.domains.empty()) domains_.emplace();
  domain_names_ = std::move(filter.domains);
  for (char c : filter.reply) reply_ += lower(c);
  if (!reply_.empty()) replies_.resize(index.replies().limit());
  criteria_ += sender_.has_value() + recipient_.has_value() + domains_.has_value() +
               state_.has_value() + larger_than_.has_value() + smaller_than_.has_value() +
               outcome_class_.has_value() + !reply_.empty();
}

void Matcher::want_ages(const Filter& filter, WallTime now) {
  auto id_at = [&](Duration age) {
    const auto arrived = (now - age).time_since_epoch().count();
    return first_id_at(WallTime(Duration(std::max<std::int64_t>(arrived, 0))));
  };
  constexpr Duration least{1};
  if (filter.older_than) {
    const auto end = id_at(*filter.older_than - least);
    nothing_ |= end == 0;
    last_ = std::min(last_, end == 0 ? 0 : end - 1);
  }
  if (filter.younger_than) first_ = std::max(first_, id_at(*filter.younger_than - least));
}

void Matcher::want_sender(const std::string& sender) {
  const bool null = sender == "<>";
  const auto key = null ? SenderKey{} : sender_key(sender);
  const bool whole = !sender.starts_with('@');
  sender_ = {null ? std::string() : canonical_address(sender), key, whole,
             whole ? sender_fact(key.address) : sender_domain_fact(key.domain)};
}

void Matcher::want_recipient(const std::string& recipient) {
  auto key = address_key(recipient);
  auto domain = index_.find_domain(key.domain);
  nothing_ |= !domain;
  auto number = domain.value_or(0);
  recipient_ = {canonical_address(recipient), number, key.local, recipient_fact(number, key.local)};
}

bool Matcher::prepare(std::size_t most) {
  for (; !domain_names_.empty() && most > 0; --most) {
    want_domain(domain_names_.back());
    domain_names_.pop_back();
  }
  const auto replies = std::min<std::size_t>(replies_.size(), index_.replies().limit());
  for (; replies_looked_at_ < replies && most > 0; ++replies_looked_at_, --most)
    look_up_reply(replies_looked_at_);
  if (!domain_names_.empty() || replies_looked_at_ < replies) return false;
  prepared();
  return true;
}

void Matcher::want_domain(std::string_view name) {
  auto number = index_.find_domain(name);  // as it stands: those of a site are canonical
  if (!number) number = index_.find_domain(mail::canonical_domain(name));
  if (number && (!only_domain_ || *only_domain_ == *number)) domains_->push_back(*number);
}

void Matcher::look_up_reply(Interner::Number number) {
  if (!contains(index_.replies().text(number), reply_)) return;
  replies_[number] = true;
  replies_may_be_told_ &= reply_facts_.size() < replies_told_apart;
  if (replies_may_be_told_) reply_facts_.push_back(reply_fact(number));
}

void Matcher::prepared() {
  nothing_ |= !reply_.empty() && reply_facts_.empty();
  if (!domains_) return;
  std::ranges::sort(*domains_);
  domains_->erase(std::unique(domains_->begin(), domains_->end()), domains_->end());
  std::erase_if(*domains_, [&](auto number) { return !stands(number); });
  nothing_ |= domains_->empty();
}

bool Matcher::may_match(const BlockSummary& summary) const {
  if (state_ && summary.states[static_cast<std::size_t>(*state_)] == 0) return false;
  if (outcome_class_ && *outcome_class_ != mail::OutcomeClass::none &&
      summary.classes[static_cast<std::size_t>(*outcome_class_)] == 0)
    return false;
  if (larger_than_ && summary.largest <= *larger_than_) return false;
  if (smaller_than_ && summary.smallest >= *smaller_than_) return false;
  if (sender_ && !summary.may_have(sender_->fact)) return false;
  if (recipient_ && !summary.may_have(recipient_->fact)) return false;
  return reply_.empty() || !replies_may_be_told_ ||
         std::ranges::any_of(reply_facts_, [&](Fact fact) { return summary.may_have(fact); });
}

bool Matcher::matches(const IndexedMessage& message) const {
  if (nothing_ || message.id.value < first_ || message.id.value > last_) return false;
  if (state_ && index_.state(message) != *state_) return false;
  if (larger_than_ && message.size <= *larger_than_) return false;
  if (smaller_than_ && message.size >= *smaller_than_) return false;
  if (sender_ && !of_wanted_sender(message)) return false;
  auto recipients = message.recipients();
  if (recipient_ && std::ranges::none_of(recipients, [&](const auto& recipient) {
        return recipient.domain == recipient_->domain && recipient.local == recipient_->local;
      }))
    return false;
  return (!domains_ && !outcome_class_ && reply_.empty()) ||
         std::ranges::any_of(recipients, [&](const auto& r) { return waits_as_wanted(r); });
}

bool Matcher::of_wanted_sender(const IndexedMessage& message) const {
  return sender_->whole ? message.sender == sender_->key
                        : message.sender.domain == sender_->key.domain;
}

bool Matcher::waits_as_wanted(const IndexedRecipient& recipient) const {
  return recipient.queued() && (!outcome_class_ || recipient.outcome_class == *outcome_class_) &&
         (!domains_ || wanted_domain(recipient.domain)) &&
         (reply_.empty() || wanted_reply(recipient.reply));
}

bool Matcher::wanted_domain(Interner::Number number) const {
  const bool wanted = domains_->size() == 1
                          ? domains_->front() == number
                          : std::binary_search(domains_->begin(), domains_->end(), number);
  return wanted && stands(number);
}

bool Matcher::stands(Interner::Number domain) const {
  const auto& names = index_.domains().names();
  return domain < names.limit() && names.born(domain) < domains_born_;
}

bool Matcher::wanted_reply(Interner::Number number) const {
  return number < replies_.size() && replies_[number] &&
         index_.replies().born(number) < replies_born_;
}

bool Matcher::confirm(const MessageItem& item) const {
  if (sender_) {
    auto sender = canonical_address(item.sender);
    if (!sender_->whole) sender.erase(0, std::min(sender.rfind('@'), sender.size()));
    if (sender != sender_->address) return false;
  }
  return !recipient_ || std::ranges::any_of(item.recipients, [&](const auto& recipient) {
    return canonical_address(recipient.address) == recipient_->address;
  });
}

}  // namespace malleposte::spool
