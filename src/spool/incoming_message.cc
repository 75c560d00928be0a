#include "spool/incoming_message.h"

#include <algorithm>

#include "base/crc32c.h"
#include "base/limits.h"

namespace malleposte::spool {
namespace {

// Ahead of the content there is room for the header of a COMMIT and the beginning of its item, or,
// right before the content, for the header of a CHUNK: either way nothing is copied again.
constexpr std::size_t content_at = record_header_octets + message_content_at;
constexpr std::size_t spill_at_least = 4096;
constexpr std::size_t first_room = 2048;

// What had become of it before.
void bring_back(MessageItem& item, const Restored& from) {
  item.generated = from.generated;
  item.warned = from.warned;
  item.marks.next_hop = from.next_hop;
  item.marks.lifetime = from.lifetime;
  for (std::size_t i = 0; i < item.recipients.size() && i < from.progress.size(); ++i) {
    item.recipients[i].attempts = from.progress[i].attempts;
    item.recipients[i].next_attempt = from.progress[i].next_attempt;
  }
}

class IncomingMessage final : public Incoming {
 public:
  IncomingMessage(Intake& intake, mail::Envelope envelope)
      : intake_(intake), envelope_(std::move(envelope)), id_(intake.state.next_id()) {
    buffer_.reserve(first_room);
    buffer_.append(content_at, '\0');
  }
  IncomingMessage(Intake& intake, Restored message)
      : intake_(intake),
        envelope_(std::move(message.envelope)),
        id_(message.id),
        restored_(std::move(message)) {
    buffer_.append(content_at, '\0');
    intake_.restoring.insert(id_.value);
  }
  ~IncomingMessage() override {
    if (restored_) intake_.restoring.erase(id_.value);
    intake_.buffered_octets -= counted_;
    // The last chunk may still be on its way; its buffer belongs to the record.
  }

  MessageId id() const override { return id_; }

  Task<Result<void>> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (broken_) co_return tl::make_unexpected(*broken_);
      auto room = intake_.inline_most - content_octets();
      auto part = bytes.substr(0, room);
      buffer_.append(part);
      size_ += part.size();
      bytes.remove_prefix(part.size());
      count();
      bool crowded = intake_.buffered_octets > limits::session_buffers_octets &&
                     content_octets() >= spill_at_least;
      if ((content_octets() == intake_.inline_most && !bytes.empty()) || crowded) co_await spill();
    }
    if (broken_) co_return tl::make_unexpected(*broken_);
    co_return Result<void>{};
  }

  Task<CommitResult> commit() override {
    if (!chunks_.empty() && content_octets() > 0 && !broken_) co_await spill();
    if (broken_)
      co_return CommitResult{no_room_ ? CommitStatus::no_room : CommitStatus::refused, id_,
                             broken_->text};
    auto room = intake_.room.for_mail(buffer_.size());
    if (!room) co_return CommitResult{CommitStatus::no_room, id_, room.error().text};

    auto item = describe(envelope_, id_, size_);
    if (restored_) bring_back(item, *restored_);
    for (const auto& chunk : chunks_) item.chunks.push_back(chunk.ref);
    item.marks.held |= intake_.state.orders.holds(item.sender) != nullptr;
    PendingRecord record;
    record.buffer = std::move(buffer_);
    finish_message_item(record.buffer, record_header_octets, item);
    for (const auto& chunk : chunks_) record.chunks.push_back(chunk.placed);
    auto octets = static_cast<std::uint32_t>(record.buffer.size());

    struct Waiting {
      OneShot<Result<Written>> written;
    } waiting;
    // Safe although on this frame: a commit is awaited to its end, come what may.
    record.done = [this, &waiting, &item, octets](Result<Written> written) {
      if (written) {
        intake_.state.add(
            item, {written->segment, static_cast<std::uint32_t>(written->offset), octets, 0});
        auto& accounts = intake_.state.accounts;
        (item.generated ? accounts.generated : accounts.accepted) += item.recipients.size();
        intake_.accepted();
      }
      waiting.written.set(std::move(written));
    };
    intake_.commits.append(std::move(record));
    auto written = co_await waiting.written;
    chunks_.clear();
    if (!written) co_return CommitResult{CommitStatus::refused, id_, written.error().text};
    co_return CommitResult{CommitStatus::durable, id_, {}};
  }

 private:
  struct Chunk {
    ChunkRef ref;
    std::shared_ptr<PlacedChunk> placed;
    std::unique_ptr<SegmentPin> pin;  // until the commit: garbage would be swept away
  };

  std::size_t content_octets() const { return buffer_.size() - content_at; }

  void count() {
    intake_.buffered_octets += buffer_.size() - counted_;
    counted_ = buffer_.size();
  }

  // Sends the buffered content out as a CHUNK and waits until it is written (not synced).
  Task<void> spill() {
    if (auto room = intake_.room.for_mail(buffer_.size()); !room) {
      broken_ = room.error();
      no_room_ = true;
      co_return;
    }
    PendingRecord record;
    record.type = RecordType::chunk;
    record.urgency = Urgency::unsynced;
    record.begin = content_at - record_header_octets;
    record.buffer = std::move(buffer_);
    Chunk chunk;
    chunk.placed = std::make_shared<PlacedChunk>();
    chunk.ref.length = static_cast<std::uint32_t>(record.payload_octets());
    chunk.ref.crc = crc32c(0, record.payload());
    record.chunks.push_back(chunk.placed);
    buffer_ = std::string(content_at, '\0');
    count();
    auto waiting = std::make_shared<OneShot<Result<Written>>>();
    record.done = [waiting](Result<Written> written) { waiting->set(std::move(written)); };
    intake_.commits.append(std::move(record));
    auto written = co_await *waiting;
    if (!written) {
      broken_ = written.error();
      co_return;
    }
    chunk.ref.epoch = written->epoch;
    chunk.ref.offset = static_cast<std::uint32_t>(written->offset);
    chunk.pin = std::make_unique<SegmentPin>(intake_.state, written->segment, intake_.look);
    chunks_.push_back(std::move(chunk));
  }

  Intake& intake_;
  mail::Envelope envelope_;
  MessageId id_;
  std::optional<Restored> restored_;  // but its envelope
  std::string buffer_;
  std::size_t counted_ = 0;
  std::uint64_t size_ = 0;
  std::vector<Chunk> chunks_;
  std::optional<Error> broken_;
  bool no_room_ = false;
};

}  // namespace

std::unique_ptr<Incoming> begin_incoming(Intake& intake, mail::Envelope envelope) {
  return std::make_unique<IncomingMessage>(intake, std::move(envelope));
}

std::unique_ptr<Incoming> begin_restored(Intake& intake, Restored message) {
  return std::make_unique<IncomingMessage>(intake, std::move(message));
}

MessageItem describe(const mail::Envelope& envelope, MessageId id, std::uint64_t size) {
  MessageItem item;
  item.id = id;
  item.body = envelope.body;
  item.requests = envelope.requests;
  item.marks.held = envelope.held;
  item.arrived = envelope.arrived;
  item.size = size;
  item.sender = to_string(envelope.reverse_path);
  item.client_address = envelope.client_address;
  item.client_name = envelope.client_name;
  item.helo = envelope.helo;
  item.recipients.reserve(envelope.recipients.size());
  for (const auto& recipient : envelope.recipients) {
    RecipientState& state = item.recipients.emplace_back();
    state.address = to_string(recipient);
    state.notify = recipient.notify;
    state.original = recipient.original;
    if (envelope.released() > envelope.arrived) state.next_attempt = envelope.released();
  }
  return item;
}

}  // namespace malleposte::spool
