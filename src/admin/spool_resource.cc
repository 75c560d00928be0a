#include "admin/spool_resource.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/answer.h"
#include "admin/mbox.h"
#include "admin/queue_filter.h"
#include "admin/site_domains.h"

namespace malleposte::admin {
namespace {

constexpr std::size_t page_messages = 500;
constexpr std::size_t piece_octets = 64 * 1024;

// The export as it goes.
class Export final : public net::HttpBody {
 public:
  Export(spool::Store& store, monitor::Record* record, spool::Filter filter, std::string peer)
      : store_(store), record_(record), filter_(std::move(filter)), peer_(std::move(peer)) {}

  Task<Result<std::string>> next() override {
    std::string out;
    while (out.size() < piece_octets) {
      if (!content_ && !co_await open_next(out)) break;
      if (!content_) continue;
      auto block = co_await content_->read();
      if (!block) co_return tl::make_unexpected(std::move(block.error()));
      if (!block->empty()) {
        writer_.content(out, *block);
        continue;
      }
      writer_.end(out);
      content_.reset();
      ++messages_;
    }
    if (failed_) co_return tl::make_unexpected(std::move(*failed_));
    if (out.empty()) tell();
    co_return out;
  }

  Fields trailers() override {
    return {{"X-Malleposte-Messages", std::to_string(messages_)},
            {"X-Malleposte-Unreadable", std::to_string(unreadable_)}};
  }

 private:
  // Begins the next message, if it can be read; false at the end.
  Task<bool> open_next(std::string& out) {
    if (at_ == page_.messages.size() && !co_await turn_page()) co_return false;
    const auto& listed = page_.messages[at_++];
    if (listed.state == spool::QueueState::deleting) co_return true;
    auto message = co_await store_.open(listed.id);
    auto survey = message ? co_await ends_of(**message) : Result<LineEnds>(LineEnds());
    if (message && survey) message = co_await store_.open(listed.id);
    if (!store_.contains(listed.id)) co_return true;  // gone meanwhile
    if (!message || !survey) {
      ++unreadable_;
      if (record_ != nullptr)
        record_->event("log", monitor::Severity::warning,
                       fmt::format("export: {} is left out: {}", to_string(listed.id),
                                   !message ? message.error().text : survey.error().text));
      co_return true;
    }
    content_ = std::move(*message);
    writer_.begin(out, exported(listed, *content_, survey->all_crlf()));
    co_return true;
  }

  Task<bool> turn_page() {
    if (begun_ && page_.next.empty()) co_return false;
    begun_ = true;
    auto page = co_await store_.query(filter_, page_.next, page_messages);
    if (!page) {
      failed_ = std::move(page.error());
      co_return false;
    }
    page_ = std::move(*page);
    at_ = 0;
    co_return !page_.messages.empty();
  }

  static Task<Result<LineEnds>> ends_of(spool::StoredMessage& message) {
    LineEnds ends;
    for (;;) {
      auto block = co_await message.read();
      if (!block) co_return tl::make_unexpected(std::move(block.error()));
      if (block->empty()) co_return ends;
      ends.add(*block);
    }
  }

  static ExportedMessage exported(const spool::ListedMessage& listed,
                                  const spool::StoredMessage& message, bool crlf) {
    ExportedMessage all;
    all.restored.id = listed.id;
    all.restored.generated = listed.generated;
    all.restored.warned = listed.warned;
    all.restored.next_hop = listed.next_hop;
    all.restored.lifetime = listed.lifetime;
    auto& envelope = all.restored.envelope = message.envelope();
    const auto recipients = std::exchange(envelope.recipients, {});
    for (std::size_t i = 0; i < recipients.size() && i < listed.recipients.size(); ++i) {
      const auto& one = listed.recipients[i];
      if (one.state != to_string(listed.state)) continue;  // settled
      envelope.recipients.push_back(recipients[i]);
      all.restored.progress.push_back({one.attempts, one.next_attempt.value_or(WallTime{})});
    }
    envelope.held = listed.state == spool::QueueState::held;
    all.size = message.size();
    all.crlf = crlf;
    all.sender = to_string(envelope.reverse_path);
    all.arrived = listed.arrived;
    return all;
  }

  void tell() {
    if (record_ == nullptr) return;
    record_->event("log", monitor::Severity::info,
                   fmt::format("queue export by {}: {} messages, {} could not be read", peer_,
                               messages_, unreadable_));
  }

  spool::Store& store_;
  monitor::Record* record_;
  const spool::Filter filter_;
  const std::string peer_;
  bool begun_ = false;
  spool::QueuePage page_{};
  std::size_t at_ = 0;
  std::unique_ptr<spool::StoredMessage> content_;  // of the message in hand
  MboxWriter writer_;
  std::uint64_t messages_ = 0, unreadable_ = 0;
  std::optional<Error> failed_;
};

// A whole body in the place of one that comes in pieces.
class WholeBody final : public net::HttpBody {
 public:
  explicit WholeBody(std::string body) : body_(std::move(body)) {}
  Task<Result<std::string>> next() override { co_return std::exchange(body_, {}); }

 private:
  std::string body_;
};

// What comes back, a message at a time.
class Import {
 public:
  explicit Import(spool::Store& store) : store_(store) {}

  Task<Result<void>> run(net::HttpBody& body) {
    for (;;) {
      const auto found = reader_.next();
      if (found == MboxReader::Found::error) co_return fail(Fault::peer, reader_.error());
      if (found == MboxReader::Found::nothing) {
        if (std::exchange(ending_, ended_)) co_return Result<void>{};
        auto piece = co_await body.next();
        if (!piece) co_return tl::make_unexpected(std::move(piece.error()));
        ended_ = piece->empty();
        if (ended_)
          reader_.finish();
        else
          reader_.feed(*piece);
        continue;
      }
      if (auto done = co_await take(found); !done) co_return done;
    }
  }

  std::uint64_t count = 0, skipped = 0;

 private:
  Task<Result<void>> take(MboxReader::Found found) {
    if (found == MboxReader::Found::message) {
      incoming_.reset();
      const auto& message = reader_.message();
      if (store_.contains(message.restored.id)) {
        // One that has just been removed would be gone a minute later, and is brought back instead.
        auto undone = co_await store_.apply({.id = to_string(message.restored.id)},
                                            spool::Operation::restore);
        if (!undone) co_return tl::make_unexpected(std::move(undone.error()));
        count += *undone;
        if (*undone > 0) co_return Result<void>{};
      }
      if (store_.contains(message.restored.id)) {
        ++skipped;
        co_return Result<void>{};
      }
      auto begun = store_.restore(message.restored, message.size);
      if (!begun) co_return tl::make_unexpected(std::move(begun.error()));
      incoming_ = std::move(*begun);
    } else if (incoming_ && found == MboxReader::Found::content) {
      co_return co_await incoming_->append(reader_.octets());
    } else if (incoming_ && found == MboxReader::Found::end) {
      auto committed = co_await incoming_->commit();
      incoming_.reset();
      if (committed.status != spool::CommitStatus::durable)
        co_return fail(Fault::disk, committed.why);
      ++count;
    }
    co_return Result<void>{};
  }

  spool::Store& store_;
  MboxReader reader_;
  std::unique_ptr<spool::Incoming> incoming_;  // none: this one is in the queue already
  bool ended_ = false, ending_ = false;
};

}  // namespace

Task<net::HttpResponse> SpoolResource::export_queue(const net::HttpRequest& request) {
  auto query = parse_filter_query(request.query);
  if (!query) co_return error_answer(query.error());
  if (auto found = co_await narrow_to_site(loop_, store_, sites_, query->site, query->filter);
      !found)
    co_return error_answer(found.error());
  net::HttpResponse response;
  response.content_type = "application/mbox";
  response.pieces =
      std::make_shared<Export>(store_, record_, std::move(query->filter), request.peer);
  co_return response;
}

Task<net::HttpResponse> SpoolResource::import_queue(const net::HttpRequest& request) {
  Import import(store_);
  WholeBody whole(request.body);
  auto done = co_await import.run(request.pieces ? *request.pieces : whole);
  if (record_ != nullptr)
    record_->event("log", done ? monitor::Severity::info : monitor::Severity::warning,
                   fmt::format("queue import by {}: {} messages, {} were there already{}{}",
                               request.peer, import.count, import.skipped,
                               done ? "" : ", then it failed: ", done ? "" : done.error().text));
  if (!done)
    co_return error_answer(
        Error{done.error().fault,
              fmt::format("{}; {} messages came back before.", done.error().text, import.count)});
  co_return json_answer(
      fmt::format("{{\"count\":{},\"skipped\":{}}}\n", import.count, import.skipped));
}

}  // namespace malleposte::admin
