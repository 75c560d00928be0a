#include "spool/attempts.h"

#include "base/limits.h"

namespace malleposte::spool {
namespace {

std::size_t octets_of(const mail::Attempt& attempt) {
  const auto& answer = attempt.answer;
  return sizeof attempt + answer.host.size() + answer.address.size() + answer.status.size() +
         answer.text.size();
}

}  // namespace

AttemptTrail::AttemptTrail(MessageId id, const std::vector<std::uint32_t>& made,
                           const std::vector<RecordRef>& latest)
    : id_(id), to_read_(latest.begin(), latest.end()) {
  recipients_.reserve(made.size());
  for (auto count : made) recipients_.push_back({count, {}});
}

std::optional<RecordRef> AttemptTrail::next() {
  if (to_read_.empty() || records_ == limits::attempt_records_read ||
      octets_ >= limits::attempts_octets)
    return std::nullopt;
  ++records_;
  reading_ = *to_read_.rbegin();
  to_read_.erase(reading_);
  return reading_;
}

void AttemptTrail::read(std::string_view payload) {
  ItemReader items(payload);
  while (items.next()) {
    const auto* outcome = std::get_if<OutcomeItem>(&items.item());
    if (outcome == nullptr || outcome->id != id_) continue;
    add(outcome->recipient, outcome->attempts, outcome->attempt);
    for (const auto& ref : outcome->earlier) {
      if (ref >= reading_) continue;  // no record can name a later one
      to_read_.insert(ref);
      if (to_read_.size() > limits::attempt_records_read) to_read_.erase(to_read_.begin());
    }
  }
}

void AttemptTrail::read(const MessageItem& item) {
  for (std::uint32_t i = 0; i < item.recipients.size(); ++i) {
    const auto& recipient = item.recipients[i];
    auto number = recipient.attempts;
    for (auto attempt = recipient.history.rbegin(); attempt != recipient.history.rend(); ++attempt)
      add(i, number--, *attempt);
  }
}

// The newest of each recipient, and in all as much as is allowed.
void AttemptTrail::add(std::uint32_t recipient, std::uint32_t number,
                       const mail::Attempt& attempt) {
  if (recipient >= recipients_.size()) return;
  auto& [made, known] = recipients_[recipient];
  if (number == 0 || number > made || number + limits::attempts_remembered <= made) return;
  if (octets_ >= limits::attempts_octets) return;
  if (known.try_emplace(number, attempt).second) octets_ += octets_of(attempt);
}

std::vector<RecipientAttempts> AttemptTrail::take() {
  std::vector<RecipientAttempts> all;
  all.reserve(recipients_.size());
  for (auto& recipient : recipients_) {
    auto& attempts = all.emplace_back();
    attempts.made = recipient.made;
    // Up to the first gap: what is left out is always the oldest.
    auto number = recipient.made;
    for (auto known = recipient.known.rbegin();
         known != recipient.known.rend() && known->first == number; ++known, --number)
      attempts.known.insert(attempts.known.begin(), std::move(known->second));
  }
  return all;
}

Task<Result<std::vector<RecipientAttempts>>> read_attempts(SpoolState& state, MessageId id,
                                                           std::function<void()> unpinned) {
  auto slot = state.index.find(id);
  if (!slot) co_return fail(Fault::resource, "there is no such message");
  const auto& message = state.index[*slot];
  std::vector<std::uint32_t> made;
  bool tried = false;
  for (const auto& recipient : message.recipients()) {
    made.push_back(recipient.attempts);
    tried |= recipient.attempts > 0;
  }
  AttemptTrail trail(id, made, state.to_refs(state.index.latest(message)));
  if (!tried) co_return trail.take();
  SegmentPin home(state, message.home.segment, unpinned);
  auto item = co_await read_message(state, id);
  while (auto ref = trail.next()) {
    auto number = state.segments.by_epoch(ref->epoch);
    // Nothing in a segment that is being retired counts, and no pin keeps it.
    if (!number || state.segments[*number].state == Segment::State::retiring) continue;
    SegmentPin pin(state, *number, unpinned);
    if (auto payload = co_await read_record(state, *number, ref->offset)) trail.read(*payload);
  }
  if (item) trail.read((*item)->item);
  co_return trail.take();
}

}  // namespace malleposte::spool
