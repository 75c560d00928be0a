#include "spool/stored_message.h"

#include <vector>

namespace malleposte::spool {
namespace {

mail::Address address_of(const std::string& text) {
  if (text.empty()) return {};
  if (auto address = mail::parse_address(text)) return *address;
  // Written by us, so it was an address once; better odd than lost.
  auto at = text.rfind('@');
  if (at == std::string::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

class LogMessage final : public StoredMessage {
 public:
  LogMessage(SpoolState& state, std::unique_ptr<MessageRecord> record,
             std::vector<std::unique_ptr<SegmentPin>> pins,
             std::function<void(const Error&)> damaged)
      : state_(state),
        record_(std::move(record)),
        envelope_(envelope_of(record_->item)),
        pins_(std::move(pins)),
        damaged_(std::move(damaged)) {}

  const mail::Envelope& envelope() const override { return envelope_; }
  std::uint64_t size() const override { return record_->item.size; }

  Task<Result<std::string_view>> read() override {
    const auto& item = record_->item;
    if (item.chunks.empty()) {
      if (next_++ > 0) co_return std::string_view{};
      co_return item.inline_content;
    }
    if (next_ >= item.chunks.size()) co_return std::string_view{};
    auto content = co_await read_chunk(state_, item.chunks[next_]);
    if (!content) {
      if (content.error().fault == Fault::damage) damaged_(content.error());
      co_return tl::make_unexpected(content.error());
    }
    ++next_;
    chunk_ = std::move(*content);
    co_return std::string_view(chunk_);
  }

 private:
  SpoolState& state_;
  std::unique_ptr<MessageRecord> record_;
  mail::Envelope envelope_;
  std::vector<std::unique_ptr<SegmentPin>> pins_;
  std::function<void(const Error&)> damaged_;
  std::size_t next_ = 0;
  std::string chunk_;
};

}  // namespace

mail::Envelope envelope_of(const MessageItem& item) {
  mail::Envelope envelope;
  envelope.reverse_path = address_of(item.sender);
  envelope.body = item.body;
  envelope.requests = item.requests;
  envelope.arrived = item.arrived;
  envelope.client_address = item.client_address;
  envelope.client_name = item.client_name;
  envelope.helo = item.helo;
  envelope.recipients.reserve(item.recipients.size());
  for (const auto& state : item.recipients) {
    mail::Recipient& recipient = envelope.recipients.emplace_back(address_of(state.address));
    recipient.notify = state.notify;
    recipient.original = state.original;
  }
  return envelope;
}

Task<Result<std::unique_ptr<StoredMessage>>> open_message(
    SpoolState& state, MessageId id, std::function<void()> unpinned,
    std::function<void(const Error&)> damaged) {
  auto slot = state.index.find(id);
  if (!slot) co_return fail(Fault::resource, "there is no such message");
  const auto& message = state.index[*slot];
  std::vector<std::unique_ptr<SegmentPin>> pins;
  pins.push_back(std::make_unique<SegmentPin>(state, message.home.segment, unpinned));
  if (message.chunked)
    for (const auto& chunk : state.chunks[id.value])
      if (auto number = state.segments.by_epoch(chunk.epoch))
        pins.push_back(std::make_unique<SegmentPin>(state, *number, unpinned));
  auto record = co_await read_message(state, id);
  if (!record) {
    if (record.error().fault == Fault::damage) damaged(record.error());
    co_return tl::make_unexpected(record.error());
  }
  co_return std::make_unique<LogMessage>(state, std::move(*record), std::move(pins),
                                         std::move(damaged));
}

}  // namespace malleposte::spool
