#include "spool/queue_view.h"

#include <algorithm>

#include "mail/address.h"

namespace malleposte::spool {
namespace {

constexpr std::size_t slice = 10'000;   // messages looked at before others have their turn
constexpr unsigned id_time_shift = 12;  // see SpoolState::next_id

auto take_turns(Loop& loop) {
  return sleep_until(loop, loop.steady());
}

// The form in which the filters compare: "joe@xn--mnchen-3ya.de" of "Joe@München.de".
std::string canonical(std::string_view address) {
  const auto at = address.rfind('@');
  const auto local_end = at == std::string_view::npos ? address.size() : at + 1;
  std::string text(address.substr(0, local_end));
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text + mail::canonical_domain(address.substr(local_end));
}

bool has_recipient(const MessageItem& item, const std::string& address) {
  return std::any_of(item.recipients.begin(), item.recipients.end(),
                     [&](const auto& r) { return canonical(r.address) == address; });
}

ListedMessage listed(const SpoolState& state, const IndexedMessage& message,
                     const MessageItem& item) {
  ListedMessage shown{message.id, item.sender, item.size, item.arrived, state_of(message), 0,
                      {},         {},          {}};
  shown.generated = message.generated;
  shown.warned = message.warned;
  auto recipients = message.recipients();
  Tick next = UINT32_MAX;
  for (std::size_t i = 0; i < recipients.size() && i < item.recipients.size(); ++i) {
    const auto& recipient = recipients[i];
    std::string reply(state.index.reply(recipient.reply));
    bool queued = recipient.fate == mail::Fate::queued;
    if (queued) {
      shown.attempts = std::max<std::uint32_t>(shown.attempts, recipient.attempts);
      next = std::min(next, recipient.due);
      if (shown.reason.empty()) shown.reason = reply;
    }
    shown.recipients.push_back(
        {item.recipients[i].address,
         std::string(queued ? to_string(shown.state) : mail::to_string(recipient.fate)),
         std::move(reply), recipient.outcome_class});
  }
  if (message.gathered && shown.reason.empty())
    shown.reason = "gathered with others into one report";
  if (shown.state == QueueState::held)
    shown.reason = shown.reason.empty() ? "held until it is released"
                                        : "held until it is released; before that: " + shown.reason;
  else if (next != UINT32_MAX)
    shown.next_attempt = next == 0 ? item.arrived : to_time(next);
  return shown;
}

}  // namespace

WallTime arrival_of(MessageId id) {
  return WallTime(Duration(static_cast<std::int64_t>(id.value >> id_time_shift)));
}

QueueState state_of(const IndexedMessage& message) {
  if (message.deleting) return QueueState::deleting;
  if (message.held) return QueueState::held;
  if (message.leased) return QueueState::active;
  if (message.gathered) return QueueState::scheduled;
  auto recipients = message.recipients();
  bool tried = std::any_of(recipients.begin(), recipients.end(), [](const auto& r) {
    return r.fate == mail::Fate::queued && r.attempts > 0;
  });
  if (tried) return QueueState::deferred;
  return Index::due(message) == 0 ? QueueState::active : QueueState::scheduled;
}

Matcher::Matcher(const SpoolState& state, const Filter& filter) : state_(state) {
  everything_ = filter.id.empty() && filter.sender.empty() && filter.recipient.empty() &&
                filter.domain.empty() && !filter.state && !filter.older_than &&
                !filter.outcome_class;
  if (!filter.id.empty()) {
    id_ = mail::parse_message_id(filter.id);
    nothing_ |= !id_;
  }
  if (!filter.sender.empty())
    sender_ = wanted(filter.sender == "<>" ? std::string_view{} : filter.sender);
  if (!filter.recipient.empty()) recipient_ = wanted(filter.recipient);
  if (!filter.domain.empty()) {
    domain_ = state.index.find_domain(mail::canonical_domain(filter.domain));
    nothing_ |= !domain_;
  }
  nothing_ |= (sender_ && !sender_->domain) || (recipient_ && !recipient_->domain);
  queue_state_ = filter.state;
  outcome_class_ = filter.outcome_class;
  if (filter.older_than) {
    auto before = (state.loop.wall() - *filter.older_than).time_since_epoch().count();
    arrived_before_ = before < 0 ? 0 : static_cast<std::uint64_t>(before);
  }
}

Matcher::Wanted Matcher::wanted(std::string_view address) const {
  auto key = address_key(address);
  return {state_.index.find_domain(key.domain), key.local, canonical(address)};
}

bool Matcher::matches(const IndexedMessage& message) const {
  if (everything_) return true;
  if (nothing_) return false;
  if (id_ && message.id != *id_) return false;
  if (sender_ &&
      (message.sender_domain != *sender_->domain || message.sender_local != sender_->local))
    return false;
  auto recipients = message.recipients();
  if (recipient_ && std::none_of(recipients.begin(), recipients.end(), [&](const auto& r) {
        return r.domain == *recipient_->domain && r.local == recipient_->local;
      }))
    return false;
  if (domain_ && std::none_of(recipients.begin(), recipients.end(), [&](const auto& r) {
        return r.domain == *domain_ && r.fate == mail::Fate::queued;
      }))
    return false;
  if (outcome_class_ && std::none_of(recipients.begin(), recipients.end(), [&](const auto& r) {
        return r.outcome_class == *outcome_class_ && r.fate == mail::Fate::queued;
      }))
    return false;
  if (queue_state_ && state_of(message) != *queue_state_) return false;
  if (arrived_before_ && message.id.value >> id_time_shift > *arrived_before_) return false;
  return true;
}

std::vector<Index::Slot> Matcher::candidates(MessageId after, std::size_t most) const {
  if (nothing_) return {};
  if (!id_) return state_.index.next(after, most);
  auto slot = state_.index.find(*id_);
  if (!slot || *id_ <= after) return {};
  return {*slot};
}

bool Matcher::confirm(const MessageItem& item) const {
  if (sender_ && canonical(item.sender) != sender_->address) return false;
  return !recipient_ || has_recipient(item, recipient_->address);
}

Task<std::vector<MessageId>> find_messages(SpoolState& state, Filter filter) {
  std::vector<MessageId> found;
  Matcher matcher(state, filter);
  MessageId after{};
  for (;;) {
    auto slots = matcher.candidates(after, slice);
    if (slots.empty()) break;
    after = state.index[slots.back()].id;
    std::vector<MessageId> candidates;
    for (auto slot : slots)
      if (matcher.matches(state.index[slot])) candidates.push_back(state.index[slot].id);
    if (matcher.exact()) {
      found.insert(found.end(), candidates.begin(), candidates.end());
    } else {
      for (auto id : candidates) {
        auto record = co_await read_message(state, id);
        if (record && matcher.confirm((*record)->item)) found.push_back(id);
      }
    }
    co_await take_turns(state.loop);
  }
  co_return found;
}

Task<QueuePage> list_messages(SpoolState& state, Filter filter, std::string cursor,
                              std::size_t limit) {
  QueuePage page{0, {}, {}};
  Matcher matcher(state, filter);
  MessageId from{};
  if (auto known = mail::parse_message_id(cursor)) from = *known;
  MessageId after{}, last{};
  bool more = false;
  for (;;) {
    auto slots = matcher.candidates(after, slice);
    if (slots.empty()) break;
    after = state.index[slots.back()].id;
    std::vector<MessageId> candidates;
    for (auto slot : slots) {
      const auto& message = state.index[slot];
      if (!matcher.matches(message)) continue;
      ++page.total;
      if (message.id <= from) continue;
      if (page.messages.size() + candidates.size() < limit)
        candidates.push_back(message.id);
      else
        more = true;
    }
    for (auto id : candidates) {
      auto record = co_await read_message(state, id);
      auto slot = state.index.find(id);
      if (!slot) {
        --page.total;
        continue;  // gone meanwhile
      }
      last = id;
      if (!record) {
        MessageItem unreadable;
        unreadable.arrived = arrival_of(id);
        unreadable.size = state.index[*slot].size;
        page.messages.push_back(listed(state, state.index[*slot], unreadable));
        page.messages.back().reason = record.error().text;
      } else if (matcher.confirm((*record)->item)) {
        page.messages.push_back(listed(state, state.index[*slot], (*record)->item));
      } else {
        --page.total;
      }
    }
    co_await take_turns(state.loop);
  }
  if (more) page.next = to_string(last);
  co_return page;
}

Task<std::uint64_t> count_messages(const SpoolState& state, Filter filter) {
  Matcher matcher(state, filter);
  if (matcher.everything()) co_return state.index.size();
  std::uint64_t count = 0;
  MessageId after{};
  for (auto slots = matcher.candidates(after, slice); !slots.empty();
       slots = matcher.candidates(after, slice)) {
    after = state.index[slots.back()].id;
    for (auto slot : slots) count += matcher.matches(state.index[slot]);
    co_await take_turns(state.loop);
  }
  co_return count;
}

}  // namespace malleposte::spool
