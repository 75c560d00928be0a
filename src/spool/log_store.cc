#include "spool/log_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/limits.h"
#include "spool/attempts.h"
#include "spool/queue_view.h"
#include "spool/recovery.h"
#include "spool/stored_message.h"

namespace malleposte::spool {
namespace {

// Large segments make syncs of file sizes and cleaning rare; small volumes need small ones, since a
// few are always kept free.
std::uint64_t choose_segment_octets(const Disk::Space& space) {
  constexpr std::uint64_t mb = 1 << 20;
  if (space.total_octets < 64 * mb) return 1 * mb;
  if (space.total_octets < 8192 * mb) return 16 * mb;
  return 64 * mb;
}

// A message of our own making as an item of the log. What is gathered is scheduled for its time.
MessageItem item_of(const Generated& generated, MessageId id) {
  auto item = describe(generated.envelope, id, generated.content.size());
  item.generated = true;
  item.inline_content = generated.content;
  if (!generated.gathered_until) return item;
  item.gathered = true;
  for (auto& recipient : item.recipients) recipient.next_attempt = *generated.gathered_until;
  return item;
}

}  // namespace

LogStore::LogStore(Loop& loop, std::unique_ptr<Disk> disk, std::uint64_t segment_octets,
                   LogStoreOptions options)
    : disk_(std::move(disk)),
      options_(std::move(options)),
      state_(loop, *disk_, segment_octets),
      turns_(loop) {}

LogStore::~LogStore() {
  state_.loop.cancel(times_);
}

Result<std::unique_ptr<LogStore>> LogStore::open(Loop& loop, std::unique_ptr<Disk> disk,
                                                 LogStoreOptions options) {
  auto octets =
      options.segment_octets ? options.segment_octets : choose_segment_octets(disk->space());
  std::unique_ptr<LogStore> store(new LogStore(loop, std::move(disk), octets, std::move(options)));
  auto started = store->recover_and_start();
  if (!started) return tl::make_unexpected(started.error());
  return store;
}

Result<void> LogStore::recover_and_start() {
  if (disk_->space().copies_on_write)
    options_.report(
        "the data volume is on a file system that never overwrites in place: the spool's reserve "
        "for "
        "a full disk does not hold there; ext4 and XFS keep it");
  auto recovered = recover(state_, options_.report);
  if (!recovered) return tl::make_unexpected(recovered.error());

  stand_as_recovered();
  if (state_.orders.last() > 0)
    append_item(opening_, OrdersItem{state_.orders.last(), state_.orders.all()});
  GroupCommit::Options options;
  options.opening = [this] { return std::string_view(opening_); };
  options.next_epoch = recovered->next_epoch;
  options.reserved_until = recovered->reserved_until;
  options.epochs_file = recovered->epochs_file;
  options.previous_epoch = recovered->previous_epoch;
  options.previous_end = recovered->previous_end;
  options.totals = [this] { return state_.accounts; };
  options.last_id = [this] { return state_.last_id; };
  options.segment_wanted = [this] {
    recycler_->wanted();
    cleaner_->look(true);
  };
  options.segment_opened = [this] { look(true); };
  options.uncached = [this](const Written& where, std::string_view record) {
    state_.recent.keep(where.epoch, where.offset, record);
  };
  options.trouble = options_.report;
  commits_ =
      std::make_unique<GroupCommit>(state_.loop, *disk_, state_.segments, std::move(options));
  room_ = std::make_unique<Room>(state_, *commits_,
                                 Room::Options{options_.memory_limit, options_.returned_octets});
  recycler_ = std::make_unique<Recycler>(state_, *room_, *commits_);
  cleaner_ = std::make_unique<Cleaner>(state_, *commits_, options_.report, [this] { look(true); });
  summariser_ =
      std::make_unique<Summariser>(state_, *room_, options_.report, [this] { look(false); });
  intake_ = std::make_unique<Intake>(
      Intake{state_,
             *commits_,
             *room_,
             [this] { look(false); },
             [this] { notify_due(); },
             {},
             0,
             options_.inline_most ? options_.inline_most : limits::inline_body_octets});

  while (state_.segments.free_count() < 1 + limits::reserve_segments) {
    auto prepared = state_.segments.prepare_now();
    if (prepared) continue;
    if (state_.segments.free_count() == 0) return prepared;
    break;  // the reserve is what such times are for
  }
  if (auto started = commits_->start(); !started) return started;
  for (auto epoch : recovered->retired) recycler_->finish(*state_.segments.by_epoch(epoch));
  times_have_come();
  look(true);
  return {};
}

void LogStore::look(bool for_cleaning) {
  recycler_->look();
  if (!for_cleaning) return;
  summariser_->look();
  bool short_of_space =
      state_.segments.free_count() <= limits::reserve_segments && !room_->may_grow();
  cleaner_->look(short_of_space);
}

// --- Coming in -----------------------------------------------------------------------------------

Result<void> LogStore::admits(std::uint64_t size) {
  auto room = room_->for_mail(size);
  if (!room && room.error().fault == Fault::disk) cleaner_->look(true);
  return room;
}

Result<std::unique_ptr<Incoming>> LogStore::begin(mail::Envelope envelope, std::uint64_t size) {
  if (auto room = admits(size); !room) return tl::make_unexpected(room.error());
  return begin_incoming(*intake_, std::move(envelope));
}

Result<std::unique_ptr<Incoming>> LogStore::restore(Restored message, std::uint64_t size) {
  if (contains(message.id) || intake_->restoring.contains(message.id.value))
    return fail(Fault::peer, fmt::format("{} is in the queue", to_string(message.id)));
  if (auto room = admits(size); !room) return tl::make_unexpected(room.error());
  return begin_restored(*intake_, std::move(message));
}

// --- Going out -----------------------------------------------------------------------------------

void LogStore::on_due(std::function<void()> callback) {
  due_ = std::move(callback);
  notify_due();
}

// Once for all that became due in this turn of the loop.
void LogStore::notify_due() {
  if (!due_ || due_posted_) return;
  due_posted_ = true;
  state_.loop.post([this] {
    due_posted_ = false;
    if (due_) due_();
  });
}

std::vector<Lease> LogStore::lease(WallTime now, std::size_t max) {
  end_orders();
  return leases_of(state_.index.lease(to_tick(now), max));
}

std::vector<Lease> LogStore::lease_overdue(WallTime now, Overdue& round) {
  auto leases = leases_of(state_.index.lease_overdue(to_tick(now), round));
  for (auto& lease : leases) lease.overdue = true;
  return leases;
}

std::vector<Lease> LogStore::leases_of(const std::vector<Index::Slot>& slots) const {
  std::vector<Lease> leases;
  leases.reserve(slots.size());
  for (auto slot : slots) {
    const auto& message = state_.index[slot];
    const auto& particulars = state_.index.particulars(message);
    Lease lease{message.id, message.size, arrival_of(message.id), {}};
    auto recipients = message.recipients();
    for (std::uint32_t i = 0; i < recipients.size(); ++i) {
      const auto& recipient = recipients[i];
      if (!recipient.leased) continue;
      lease.recipients.push_back({i, std::string(state_.index.domain(recipient.domain)),
                                  recipient.attempts,
                                  state_.index.domains()[recipient.domain].bounced_by});
    }
    if (!state_.directions.empty()) {
      lease.next_hop = state_.directions.next_hop(message.id);
      lease.lifetime = state_.directions.lifetime(message.id);
    }
    lease.generated = message.generated;
    lease.warned = message.warned;
    lease.gathered = message.gathered;
    lease.sender = message.sender.address;
    lease.priority = particulars.priority;
    lease.deliver_by = particulars.deliver_by;
    leases.push_back(std::move(lease));
  }
  return leases;
}

std::optional<WallTime> LogStore::next_due() const {
  auto due = state_.index.next_due();
  if (due == never_due) return std::nullopt;
  return due == 0 ? state_.loop.wall() : to_time(due);
}

void LogStore::pause(std::string_view domain) {
  state_.index.pause(domain);
}

void LogStore::resume(std::string_view domain) {
  if (state_.index.resume(domain)) notify_due();
}

void LogStore::release(MessageId id) {
  if (auto slot = state_.index.find(id)) end_lease(*slot);
}

void LogStore::release(MessageId id, const std::vector<std::uint32_t>& recipients,
                       WallTime not_before) {
  auto slot = state_.index.find(id);
  if (!slot) return;
  const bool outdated = outdated_.contains(id.value);  // then it is tried anew
  for (auto recipient : recipients) {
    state_.index.give_back(*slot, recipient);
    auto& message = state_.index[*slot];
    auto& due = message.recipients()[recipient].due;
    if (outdated || to_tick(not_before) <= due) continue;
    due = to_tick(not_before);
    message.put_off = true;
  }
  after_outcomes(id);
}

bool LogStore::wanted(MessageId id) const {
  auto slot = state_.index.find(id);
  return slot && !state_.index[*slot].held && !state_.index[*slot].deleting &&
         !outdated_.contains(id.value);
}

bool LogStore::reserve(MessageId id, std::size_t recipients) {
  // A warning that it is late speaks of all that are queued, also of those that are not due.
  if (auto slot = state_.index.find(id); slot && !state_.index[*slot].warned)
    recipients = std::max(recipients, state_.index[*slot].queued());
  if (room_->reserve(id, recipients)) return true;
  cleaner_->look(true);
  return false;
}

Task<Result<std::unique_ptr<StoredMessage>>> LogStore::open(MessageId id) {
  return open_message(
      state_, id, [this] { look(false); },
      [this, id](const Error& error) { found_damaged(id, error); });
}

Task<void> LogStore::not_moving(MessageId id) {
  while (cleaner_->moving(id)) co_await cleaner_->moved();
}

Task<Result<void>> LogStore::write(std::string items, std::vector<MessageId> about,
                                   std::function<void(const Written&)> durable, Urgency urgency) {
  PendingRecord record;
  record.urgency = urgency;
  record.buffer = std::move(items);
  for (auto id : about) cleaner_->record_begun(id);
  OneShot<Result<void>> waiting;  // safe on this frame: a write is awaited to its end
  record.done = [&](Result<Written> written) {
    for (auto id : about) cleaner_->record_ended(id);
    if (written) durable(*written);
    waiting.set(written ? Result<void>{} : tl::make_unexpected(written.error()));
  };
  commits_->append(std::move(record));
  co_return co_await waiting;
}

// Until none of them is being moved; awaiting one, another may begin to be.
Task<void> LogStore::not_moving(const std::vector<MessageId>& ids) {
  auto moving = [&] {
    return std::any_of(ids.begin(), ids.end(), [&](auto id) { return cleaner_->moving(id); });
  };
  while (moving()) co_await cleaner_->moved();
}

Task<Result<void>> LogStore::settle(Settlement settlement) {
  std::vector<Settlement> one;
  one.push_back(std::move(settlement));
  return settle_together(std::move(one));
}

Task<Result<void>> LogStore::settle_together(std::vector<Settlement> settlements) {
  std::vector<MessageId> about;
  std::size_t outcomes = 0;
  for (const auto& settlement : settlements) {
    about.push_back(settlement.id);
    outcomes += settlement.outcomes.size();
  }
  co_await not_moving(about);
  // One record holds them all, so with many recipients what each peer said is kept shorter.
  constexpr std::size_t replies_in_all = 100'000, reply_least = 80;
  auto reply_most = std::max(reply_least, replies_in_all / std::max<std::size_t>(outcomes, 1));
  struct Made {
    MessageItem item;
    std::uint32_t at;
    const Generated* generated;
  };
  std::string items(record_header_octets, '\0');
  std::vector<Made> made;
  // Nobody waits for a deferral: lost in a crash, it is only made again a little early.
  bool only_deferred = true;
  std::vector<std::vector<Place>> latest;  // of each of them
  latest.reserve(settlements.size());
  for (auto& settlement : settlements) {
    auto slot = state_.index.find(settlement.id);
    if (!slot) co_return fail(Fault::resource, "there is no such message");
    const auto& message = state_.index[*slot];
    const auto home = state_.home_epoch(message);
    latest.push_back(state_.index.latest(message));
    for (auto& outcome : settlement.outcomes) {
      const auto& recipient = message.recipients()[outcome.recipient];
      assert(recipient.leased && recipient.fate == mail::Fate::queued);
      only_deferred &= outcome.fate == mail::Fate::queued;
      if (outcome.answer.text.size() > reply_most) outcome.answer.text.resize(reply_most);
      OutcomeItem item{settlement.id,
                       home,
                       false,
                       outcome.recipient,
                       outcome.fate,
                       recipient.attempts + 1u,
                       outcome.next_attempt,
                       // Lent for the encoding.
                       {outcome.began, outcome.ended, std::move(outcome.answer)},
                       {}};
      if (&outcome == &settlement.outcomes.front()) item.earlier = state_.to_refs(latest.back());
      append_item(items, item);
      outcome.answer = std::move(item.attempt.answer);
    }
    if (settlement.warned) append_item(items, WarnedItem{settlement.id, home});
    only_deferred &= settlement.generated.empty() && !settlement.warned;
    for (const auto& generated : settlement.generated) {
      auto item = item_of(generated, state_.next_id());
      item.marks.held = state_.orders.holds(item.sender) != nullptr;
      made.push_back(
          {item, static_cast<std::uint32_t>(items.size() - record_header_octets), &generated});
      append_item(items, item);
    }
  }
  auto octets = static_cast<std::uint32_t>(items.size());
  auto durable = [&](const Written& written) {
    for (const auto& [item, at, generated] : made) {
      state_.add(item, {written.segment, static_cast<std::uint32_t>(written.offset), octets, at});
      state_.accounts.generated += item.recipients.size();
      if (generated_) generated_(item.id, *generated);
      notify_due();
    }
    for (std::size_t i = 0; i < settlements.size(); ++i) {
      const auto& settlement = settlements[i];
      auto now = state_.index.find(settlement.id);
      if (!now) continue;
      auto& message = state_.index[*now];
      for (const auto& outcome : settlement.outcomes)
        take_outcome(*now, outcome.recipient, outcome.fate, outcome.next_attempt, outcome.answer,
                     written);
      if (!settlement.outcomes.empty())
        state_.index.attempt_recorded(
            message, {written.segment, static_cast<std::uint32_t>(written.offset)}, latest[i]);
      if (settlement.warned) {
        message.warned = true;
        state_.segments.outcome_added(written.segment, state_.home_epoch(message));
      }
      after_outcomes(settlement.id);
    }
  };
  co_return co_await write(std::move(items), std::move(about), durable,
                           only_deferred ? Urgency::whenever : Urgency::soon);
}

std::vector<WaitingRecipient> LogStore::waiting(MessageId id) const {
  std::vector<WaitingRecipient> list;
  auto slot = state_.index.find(id);
  if (!slot) return list;
  auto recipients = state_.index[*slot].recipients();
  for (std::uint32_t i = 0; i < recipients.size(); ++i)
    if (recipients[i].fate == mail::Fate::queued)
      list.push_back({i, std::string(state_.index.reply(recipients[i].reply))});
  return list;
}

void LogStore::take_outcome(Slot slot, std::uint32_t recipient, mail::Fate fate, WallTime next,
                            const mail::Answer& answer, const Written& written) {
  const auto& message = state_.index[slot];
  const auto& known = message.recipients()[recipient];
  if (!known.queued()) return;
  // Nobody will ask for the reply of a message that is done.
  const bool done = fate != mail::Fate::queued && message.recipients().size() == 1;
  state_.index.update(slot, recipient, fate, known.attempts + 1u, next,
                      done ? std::string() : describe(answer), answer.outcome_class);
  state_.segments.outcome_added(written.segment, state_.home_epoch(message));
  if (fate == mail::Fate::queued) return;
  --state_.accounts.queued;
  state_.count(fate);
}

// The lease has ended when none of its recipients is left in it.
void LogStore::after_outcomes(MessageId id) {
  auto slot = state_.index.find(id);
  if (slot && state_.index[*slot].leased_recipients() == 0) end_lease(*slot);
}

void LogStore::end_lease(Slot slot) {
  const auto& message = state_.index[slot];
  room_->release(message.id);
  outdated_.erase(message.id.value);
  state_.index.end_lease(slot);
  if (finished(message)) {
    auto home = message.home.segment;
    bool chunked = message.chunked;
    state_.remove(slot);
    const auto& segment = state_.segments[home];
    if (chunked || (segment.state == Segment::State::sealed && segment.live_messages == 0))
      look(false);
    return;
  }
  if (message.deleting) {
    state_.removals.again(message.id);
    return watch_times();
  }
  notify_due();
}

// --- Queue, as people see it ---------------------------------------------------------------------

Task<Result<QueuePage>> LogStore::query(Filter filter, std::string cursor, std::size_t limit) {
  co_return co_await list_messages(state_, std::move(filter), std::move(cursor), limit);
}

Task<std::uint64_t> LogStore::count(Filter filter) const {
  return count_messages(state_, std::move(filter));
}

Task<std::vector<Destination>> LogStore::destinations(std::size_t most) const {
  return list_destinations(state_, most);
}

Task<Result<std::vector<RecipientAttempts>>> LogStore::attempts(MessageId id) {
  return read_attempts(state_, id, [this] { look(false); });
}

void LogStore::bounce_with(MakeDsns make) {
  make_dsns_ = std::move(make);
}

Health LogStore::health() const {
  auto room = room_->for_mail(0);
  auto space = room_->space();
  return {room.has_value(), room ? std::string() : room.error().text, space.free_octets,
          space.total_octets, state_.damaged_records};
}

Accounts LogStore::accounts() const {
  return state_.accounts;
}

Counters LogStore::counters() const {
  Counters counters;
  counters.messages = state_.index.size();
  counters.message_octets = state_.message_octets;
  counters.syncs = commits_->syncs();
  counters.commits = commits_->batches();
  counters.segments = state_.segments.used_count();
  counters.free_segments = state_.segments.free_count();
  counters.damaged_records = state_.damaged_records;
  counters.sync_failures = commits_->failures();
  counters.cleaned_segments = cleaner_->cleaned();
  return counters;
}

Task<void> LogStore::drain() {
  using namespace std::chrono_literals;
  closing_ = true;
  cleaner_->stop();
  state_.loop.cancel(times_);
  summariser_->stop();
  while (!commits_->idle() || !cleaner_->idle() || !recycler_->idle() || !summariser_->idle() ||
         !turns_.idle() || looks_ > 0 || setting_aside_ > 0)
    co_await sleep_until(state_.loop, state_.loop.steady() + 5ms);
}

}  // namespace malleposte::spool
