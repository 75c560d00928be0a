#include "ledger.h"

#include <algorithm>
#include <cassert>
#include <charconv>

namespace malleposte::sim {
namespace {

bool is_final(Fate fate) {
  return fate != Fate::queued;
}

std::optional<Fate> final_fate(std::string_view state) {
  for (const auto fate : {Fate::delivered, Fate::bounced, Fate::expired, Fate::deleted,
                          Fate::discarded, Fate::replaced})
    if (state == to_string(fate)) return fate;
  return std::nullopt;
}

void remove_line(std::string& content, const std::string& beginning) {
  if (const auto at = content.find(beginning); at != std::string::npos)
    content.erase(at, content.find('\n', at) + 1 - at);
}

}  // namespace

std::string own_content(std::string_view content) {
  const auto start = content.find("X-Sim: ");
  if (!content.starts_with("Received:") || start == std::string_view::npos)
    return std::string(content);
  std::string own(content.substr(start));
  // What was added to the header together with our field has its id and its time.
  const auto trace = content.substr(0, start);
  remove_line(own, "Message-ID: <" + std::string(trace.substr(trace.find(" id ") + 4, 13)) + "@");
  remove_line(own, "Date: " + std::string(trace.substr(trace.rfind("; ") + 2)));
  return own;
}

unsigned Ledger::token_of(const std::string& address) {
  unsigned token = 0;
  if (address.size() > 1 && (address[0] == 't' || address[0] == 'm'))
    std::from_chars(address.data() + 1, address.data() + address.size(), token);
  return token;
}

void Ledger::begun(MessageId id, const mail::Envelope& envelope, SteadyTime now) {
  Kept message;
  message.id = id;
  message.begun = now;
  message.sender = to_string(envelope.reverse_path);
  message.envelope_id = envelope.requests.envelope_id;
  for (const auto& recipient : envelope.recipients) {
    auto& known = message.recipients.emplace_back();
    known.address = to_string(recipient);
    known.notify = recipient.notify;
  }
  message.token = token_of(message.recipients.front().address);
  by_token_[message.token].push_back(id.value);
  kept[id.value] = std::move(message);
}

void Ledger::handed(MessageId id, std::string content) {
  auto& message = kept.at(id.value);
  message.content = own_content(content);
  message.commit = Kept::Commit::handed;
}

void Ledger::committed(MessageId id, spool::CommitStatus status, SteadyTime now) {
  auto& message = kept.at(id.value);
  if (status == spool::CommitStatus::durable) {
    message.commit = Kept::Commit::durable;
    message.durable_since = now;
  }
  if (status == spool::CommitStatus::no_room) message.commit = Kept::Commit::never;
}

std::size_t Ledger::group_handed(std::span<const spool::Settlement> settlements, SteadyTime now) {
  Group group;
  group.handed = now;
  for (const auto& settlement : settlements) {
    auto& message = kept.at(settlement.id.value);
    for (const auto& outcome : settlement.outcomes) {
      if (!is_final(outcome.fate)) continue;
      message.recipients[outcome.recipient].handed.insert(outcome.fate);
      group.outcomes.push_back({settlement.id, outcome.recipient, outcome.fate,
                                outcome.reports_passed_on, outcome.final_delivery});
    }
    for (const auto& generated : settlement.generated) group.notices.push_back({generated});
  }
  groups.push_back(std::move(group));
  return groups.size() - 1;
}

void Ledger::group_answered(std::size_t number, bool kept_it, SteadyTime now) {
  if (!kept_it) not_kept.insert(now);
  auto& group = groups[number];
  if (kept_it && !group.answered) take(group, now);
}

void Ledger::take(Group& group, SteadyTime now) {
  group.answered = true;
  for (const auto& outcome : group.outcomes) {
    auto& recipient = kept.at(outcome.id.value).recipients[outcome.recipient];
    recipient.handed.clear();
    recipient.fate = outcome.fate;
    recipient.host_reports = outcome.host_reports;
    recipient.in_mailbox = outcome.in_mailbox;
    recipient.final_since = now;
  }
}

Kept& Ledger::add_generated(MessageId id, const spool::Generated& made, SteadyTime handed,
                            SteadyTime now) {
  begun(id, made.envelope, handed);
  auto& message = kept.at(id.value);
  message.generated = true;
  message.commit = Kept::Commit::durable;
  message.durable_since = now;
  message.content = made.content;
  notices[made.content] = id.value;
  return message;
}

// A notice is durable, and with it the outcomes that caused it: they are one record.
void Ledger::generated(MessageId id, const spool::Generated& made, SteadyTime now) {
  for (auto& group : groups)
    for (auto& notice : group.notices) {
      if (notice.there || notice.made.content != made.content ||
          notice.made.envelope.recipients != made.envelope.recipients)
        continue;
      notice.there = true;
      add_generated(id, made, group.handed, now);
      if (!group.answered) take(group, now);
      return;
    }
  assert(false && "a notice that nobody has made");
}

void Ledger::reconcile(const Holdings& holdings, SteadyTime now, Findings& findings) {
  const auto wrong = [&](std::string text) { findings.add("acknowledged", std::move(text)); };
  // Notices whose record was durable when the crash came before anybody was told.
  for (const auto& [id, held] : holdings.messages) {
    if (kept.contains(id)) continue;
    bool known = false;
    for (auto& group : groups)
      for (auto& notice : group.notices)
        if (!known && !notice.there && notice.made.content == held.content) {
          known = notice.there = true;
          add_generated(MessageId{id}, notice.made, group.handed, now);
          if (!group.answered) take(group, now);
        }
    if (!known)
      wrong(fmt::format("{} is in the store and nobody has begun it", to_string(MessageId{id})));
  }
  // Outcomes and the notices they cause are one record: none is there without the others.
  for (const auto& group : groups) {
    if (group.answered) continue;
    for (const auto& outcome : group.outcomes) {
      auto& recipient = kept.at(outcome.id.value).recipients[outcome.recipient];
      // Should it be found to have been kept, it was as this says.
      if (group.notices.empty()) {
        recipient.host_reports |= outcome.host_reports;
        recipient.in_mailbox |= outcome.in_mailbox;
      } else {
        recipient.handed.erase(outcome.fate);
      }
    }
  }
  for (auto& [id, message] : kept) {
    const auto held = holdings.messages.find(id);
    const auto name = to_string(message.id);
    if (message.done) {
      if (held != holdings.messages.end())
        wrong(fmt::format("{} (message {}) was done with and is back", name, message.token));
      continue;
    }
    if (held == holdings.messages.end()) {
      if (message.commit == Kept::Commit::durable) {
        for (auto& recipient : message.recipients) {
          if (is_final(recipient.fate)) continue;
          auto possible = recipient.handed;
          if (words.may_have_removed(message)) possible.insert(Fate::deleted);
          if (!possible.empty())
            recipient.fate = *possible.begin();
          else
            wrong(fmt::format("{} (message {}) was kept and is lost, with its recipient {}", name,
                              message.token, recipient.address));
          if (possible.size() > 1) ++ambiguous;
          recipient.handed.clear();
          recipient.final_since = now;
        }
      } else {
        message.commit = Kept::Commit::never;
      }
      message.done = true;
      continue;
    }
    if (message.commit == Kept::Commit::begun || message.commit == Kept::Commit::never) {
      wrong(fmt::format("{} (message {}) was never given to the store, or refused, and is there",
                        name, message.token));
      continue;
    }
    message.commit = Kept::Commit::durable;
    message.durable_since = std::min(message.durable_since, now);
    if (own_content(held->second.content) != message.content)
      findings.add("content", fmt::format("{} (message {}) has other content in the store", name,
                                          message.token));
    const auto& listed = held->second.listed.recipients;
    for (std::size_t i = 0; i < message.recipients.size(); ++i) {
      auto& recipient = message.recipients[i];
      if (i >= listed.size() || listed[i].address != recipient.address) {
        wrong(fmt::format("{} has other recipients in the store", name));
        break;
      }
      const auto fate = final_fate(listed[i].state);
      const auto handed_over = std::exchange(recipient.handed, {});
      if (!fate) {
        if (is_final(recipient.fate))
          wrong(fmt::format("the recipient {} of {} is queued again after it was {}",
                            recipient.address, name, to_string(recipient.fate)));
        continue;
      }
      if (is_final(recipient.fate)) continue;
      const bool explained =
          handed_over.contains(*fate) ||
          (*fate == Fate::deleted && words.may_have_removed(message)) ||
          (*fate == Fate::bounced && words.may(spool::Operation::bounce, message));
      if (!explained)
        wrong(fmt::format("the recipient {} of {} is {} and nobody has said so", recipient.address,
                          name, to_string(*fate)));
      recipient.fate = *fate;
      recipient.final_since = now;
    }
  }
  groups.clear();
}

Kept* Ledger::find(const std::string& recipient, const std::string& content) {
  if (const auto notice = notices.find(content); notice != notices.end())
    return &kept.at(notice->second);
  const auto known = by_token_.find(token_of(recipient));
  if (known == by_token_.end()) return nullptr;
  for (const auto id : known->second) {
    auto& message = kept.at(id);
    for (const auto& one : message.recipients)
      if (one.address == recipient && !message.generated) return &message;
  }
  return nullptr;
}

spool::Accounts Ledger::accounts() const {
  spool::Accounts sum;
  for (const auto& [id, message] : kept) {
    if (message.commit != Kept::Commit::durable) continue;
    (message.generated ? sum.generated : sum.accepted) += message.recipients.size();
    for (const auto& recipient : message.recipients) switch (recipient.fate) {
        case Fate::queued:
          ++sum.queued;
          break;
        case Fate::delivered:
          ++sum.delivered;
          break;
        case Fate::bounced:
          ++sum.bounced;
          break;
        case Fate::expired:
          ++sum.expired;
          break;
        case Fate::deleted:
          ++sum.deleted;
          break;
        case Fate::discarded:
          ++sum.discarded;
          break;
        case Fate::replaced:
          ++sum.replaced;
          break;
      }
  }
  return sum;
}

std::vector<std::string> Ledger::waiting() const {
  std::vector<std::string> addresses;
  for (const auto& [id, message] : kept)
    if (!message.done && message.commit == Kept::Commit::durable)
      for (const auto& recipient : message.recipients)
        if (recipient.fate == Fate::queued) addresses.push_back(recipient.address);
  return addresses;
}

std::uint64_t Ledger::queued() const {
  return accounts().queued;
}

}  // namespace malleposte::sim
