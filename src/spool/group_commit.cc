#include "spool/group_commit.h"

#include <algorithm>
#include <cassert>
#include <string_view>

#include "base/crc32c.h"
#include "base/limits.h"
#include "spool/bytes.h"

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;
constexpr Duration nobody_waits = 1s;
constexpr Duration lull = 2ms;  // after it nothing is known of who else may come

constexpr std::uint64_t to_sector(std::uint64_t offset) {
  return (offset + sector_octets - 1) / sector_octets * sector_octets;
}

constexpr std::string_view high_water_magic = "MPEPOCHS";

}  // namespace

struct GroupCommit::Job {
  std::vector<PendingRecord> records;
  std::vector<Written> places;
  SegmentTable::Number number = 0;
  bool opens = false;  // the segment's header goes first
  std::uint64_t offset = 0, end = 0;
  bool sync = false;
  bool sync_old = false;  // the segment before has octets that were not synced
  Disk::File old_file = -1, file = -1;
  std::string header, opening, high_water, pad;
  std::uint64_t reserved_until = 0;
  std::vector<std::string_view> buffers;
  unsigned tries = 0;
  bool old_failed = false;
  bool lone = false;      // in a lull, and nothing before it in the segment waits for a sync
  bool uncached = false;  // it cannot be read without waiting for the disk
  Result<void> result{};
};

std::string encode_high_water(std::uint64_t reserved_until) {
  std::string sector(high_water_magic);
  put(sector, reserved_until);
  put(sector, crc32c(0, sector));
  sector.resize(sector_octets);
  return sector;
}

std::uint64_t decode_high_water(std::string_view octets) {
  std::uint64_t most = 0;
  for (std::size_t at = 0; at + sector_octets <= octets.size(); at += sector_octets) {
    auto sector = octets.substr(at, sector_octets);
    ByteReader reader(sector);
    bool known = reader.take_bytes(high_water_magic.size()) == high_water_magic;
    auto value = reader.take<std::uint64_t>();
    auto covered = sector.substr(0, high_water_magic.size() + 8);
    if (known && reader.take<std::uint32_t>() == crc32c(0, covered)) most = std::max(most, value);
  }
  return most;
}

GroupCommit::GroupCommit(Loop& loop, Disk& disk, SegmentTable& segments, Options options)
    : loop_(loop),
      disk_(disk),
      segments_(segments),
      options_(std::move(options)),
      previous_epoch_(options_.previous_epoch),
      previous_end_(options_.previous_end),
      next_epoch_(options_.next_epoch),
      reserved_until_(options_.reserved_until) {}

GroupCommit::~GroupCommit() {
  loop_.cancel(timer_);
}

Result<void> GroupCommit::start() {
  auto job = std::make_shared<Job>();
  if (!open_segment(*job)) return fail(Fault::disk, "the spool has no free segment");
  job->sync = true;
  place(*job);
  run(job);
  if (!job->result) return job->result;
  ++syncs_;
  reserved_until_ = std::max(reserved_until_, job->reserved_until);
  active_ = job->number;
  segments_[*active_].end = durable_end_ = job->end;
  window_ = 1;
  return {};
}

std::uint64_t GroupCommit::active_rest() const {
  if (!active_) return 0;
  const auto& segment = segments_[*active_];
  return segment.octets - segment.end;
}

void GroupCommit::append(PendingRecord record) {
  auto now = loop_.steady();
  auto deadline = now;
  if (record.urgency == Urgency::soon) deadline += limits::outcome_delay;
  if (record.urgency == Urgency::whenever) deadline += nobody_waits;
  if (record.urgency == Urgency::now && urgent_++ == 0) urgent_since_ = now;
  pending_octets_ += record_octets(record.payload_octets());
  earliest_ = std::min(earliest_, deadline);
  pending_.push_back({std::move(record), deadline});
  consider();
}

// When the next batch should begin. A commit waits a moment for the companions that the last
// batches lead us to expect: with many sessions that saves most syncs, with one it costs nothing.
SteadyTime GroupCommit::start_time() const {
  if (urgent_ == 0) return earliest_;
  bool only_commits = earliest_ >= urgent_since_;
  if (!only_commits) return earliest_;
  if (urgent_ >= expected_ || loop_.steady() - last_batch_ > lull) return urgent_since_;
  return urgent_since_ + limits::group_wait;
}

void GroupCommit::consider() {
  if (writing_ || waiting_for_segment_ || pending_.empty()) return;
  auto start = start_time();
  if (start <= loop_.steady()) return begin_batch();
  if (timer_ != 0 && timer_at_ <= start) return;
  loop_.cancel(timer_);
  timer_at_ = start;
  timer_ = loop_.call_at(start, [this] {
    timer_ = 0;
    timer_at_ = never;
    consider();
  });
}

std::uint64_t GroupCommit::opening_octets() const {
  auto octets = options_.opening ? options_.opening().size() : 0;
  return octets == 0 ? 0 : record_octets(octets);
}

// Makes the job begin a fresh segment; false when none is free.
bool GroupCommit::open_segment(Job& job) {
  auto taken = segments_.take(next_epoch_);
  if (!taken) return false;
  SegmentHeader header;
  header.epoch = next_epoch_++;
  if (header.epoch >= reserved_until_) {
    job.reserved_until = header.epoch + epochs_reserved_at_once;
    job.high_water = encode_high_water(job.reserved_until);
  }
  header.previous_epoch = active_ ? segments_[*active_].epoch : previous_epoch_;
  header.previous_end = active_ ? segments_[*active_].end : previous_end_;
  header.previous_failed = !active_ && previous_failed_;
  if (options_.totals) header.totals = options_.totals();
  if (options_.last_id) header.last_id = options_.last_id();
  job.header = encode(header);
  job.opening.clear();
  if (opening_octets() > 0)
    job.opening.append(record_header_octets, '\0').append(options_.opening());
  job.opens = true;
  job.number = *taken;
  job.sync_old = active_ && !unsynced_.empty();
  if (job.sync_old) job.old_file = segments_[*active_].file;
  return true;
}

void GroupCommit::begin_batch() {
  auto job = std::make_shared<Job>();
  auto most =
      segments_.segment_octets() - segment_header_octets - 2 * sector_octets - opening_octets();
  while (!pending_.empty() && record_octets(pending_.front().record.payload_octets()) > most) {
    auto record = std::move(pending_.front().record);
    pending_.pop_front();
    pending_octets_ -= record_octets(record.payload_octets());
    if (record.urgency == Urgency::now) --urgent_;
    record.done(fail(Fault::resource, "the message does not fit in a segment of the spool"));
  }
  if (pending_.empty()) return;
  auto first = record_octets(pending_.front().record.payload_octets()) + 2 * sector_octets;
  if (!active_ || first > active_rest()) {
    if (!open_segment(*job)) {
      waiting_for_segment_ = true;
      options_.segment_wanted();
      return;
    }
  } else {
    job->number = *active_;
  }
  writing_ = true;
  take_pending(*job);
  // Under load the page cache is the better way: there a batch waits for the one before anyhow.
  job->lone = last_batch_ < loop_.steady() - lull && (job->opens || unsynced_.empty());
  place(*job);
  loop_.offload(Loop::Lane::journal, [this, job] { run(job); }, [this, job] { finished(job); });
}

void GroupCommit::take_pending(Job& job) {
  const auto& segment = segments_[job.number];
  auto rest = segment.octets - segment.end - 2 * sector_octets;
  if (job.opens) rest -= opening_octets();
  std::uint64_t taken = 0;
  std::size_t urgent = 0;
  while (!pending_.empty()) {
    auto octets = record_octets(pending_.front().record.payload_octets());
    if (taken + octets > rest || (taken > 0 && taken + octets > limits::batch_octets)) break;
    taken += octets;
    if (pending_.front().record.urgency == Urgency::now) ++urgent;
    job.sync |= pending_.front().record.urgency != Urgency::unsynced;
    job.records.push_back(std::move(pending_.front().record));
    pending_.pop_front();
  }
  pending_octets_ -= taken;
  urgent_ -= urgent;
  expected_ = urgent;
  if (urgent_ > 0) urgent_since_ = loop_.steady();
  earliest_ = never;
  for (const auto& waiting : pending_) earliest_ = std::min(earliest_, waiting.deadline);
  drop_lost(job);
}

// A commit whose chunks went down with a failed segment cannot be kept.
void GroupCommit::drop_lost(Job& job) {
  auto lost = [](PendingRecord& record) {
    if (record.type != RecordType::commit) return false;
    bool any = std::any_of(record.chunks.begin(), record.chunks.end(),
                           [](const auto& chunk) { return chunk->lost; });
    if (any) record.done(fail(Fault::disk, "part of the message was lost by a failed write"));
    return any;
  };
  std::erase_if(job.records, lost);
}

// Gives every record its place and its header, and lays out what is to be written.
void GroupCommit::place(Job& job) {
  auto& segment = segments_[job.number];
  job.file = segment.file;
  job.offset = job.opens ? 0 : segment.end;
  job.buffers.clear();
  job.places.clear();
  if (job.opens) job.buffers.push_back(job.header);
  static constexpr char zeros[record_alignment] = {};
  const Window window = job.opens ? 0 : window_;
  auto at = segment.end;
  auto put = [&](RecordType type, std::string& buffer, std::size_t begin) {
    auto payload = std::string_view(buffer).substr(begin + record_header_octets);
    write_record_header(buffer.data() + begin, type, {segment.epoch, at, window},
                        static_cast<std::uint32_t>(payload.size()), crc32c(0, payload));
    job.buffers.push_back(std::string_view(buffer).substr(begin));
    auto octets = record_octets(payload.size());
    if (auto gap = octets - record_header_octets - payload.size(); gap > 0)
      job.buffers.push_back({zeros, gap});
    at += octets;
  };
  if (job.opens && !job.opening.empty()) put(RecordType::commit, job.opening, 0);
  for (auto& record : job.records) {
    job.places.push_back({job.number, segment.epoch, at});
    put(record.type, record.buffer, record.begin);
  }
  // A batch that is synced ends with a pad and a sector: what is durable is never written again.
  if (job.sync) {
    auto next = to_sector(at);
    if (next - at < record_header_octets) next += sector_octets;
    std::string nothing(next - at - record_header_octets, '\0');
    job.pad = record_header(RecordType::pad, {segment.epoch, at, window},
                            static_cast<std::uint32_t>(nothing.size()), crc32c(0, nothing)) +
              nothing;
    job.buffers.push_back(job.pad);
    at = next;
  }
  job.end = at;
}

// On the journal lane.
void GroupCommit::run(std::shared_ptr<Job> job) {
  job->result = {};
  if (job->sync_old) {
    job->result = disk_.sync(job->old_file);
    job->old_failed = !job->result;
  }
  if (job->result && !job->high_water.empty()) {
    auto slot = job->reserved_until / epochs_reserved_at_once % 2;
    std::string_view sector = job->high_water;
    job->result = disk_.write(options_.epochs_file, slot * sector_octets, std::span(&sector, 1));
    if (job->result) job->result = disk_.sync(options_.epochs_file);
  }
  if (!job->result) return;
  if (job->sync && job->lone) {
    const auto cached = disk_.write_durably(job->file, job->offset, job->buffers);
    if (!cached) job->result = tl::make_unexpected(cached.error());
    job->uncached = cached && !*cached;
    return;
  }
  job->result = disk_.write(job->file, job->offset, job->buffers);
  if (job->result && job->sync) job->result = disk_.sync(job->file);
}

void GroupCommit::finished(const std::shared_ptr<Job>& job) {
  if (!job->result) return failed(job);
  ++batches_;
  if (job->sync) ++syncs_;
  if (job->sync_old) ++syncs_;
  if (!job->high_water.empty()) {
    ++syncs_;
    reserved_until_ = std::max(reserved_until_, job->reserved_until);
  }
  if (job->opens) {
    if (job->sync_old) unsynced_.clear();
    if (active_) seal_active(segments_[*active_].end, false);
    active_ = job->number;
    durable_end_ = segment_header_octets;
    window_ = 0;
  }
  segments_[*active_].end = job->end;
  if (job->sync) {
    ++window_;
    durable_end_ = job->end;
    unsynced_.clear();
  }
  for (std::size_t i = 0; i < job->records.size(); ++i) {
    auto& record = job->records[i];
    if (job->uncached && options_.uncached && record.type == RecordType::commit)
      options_.uncached(job->places[i], std::string_view(record.buffer).substr(record.begin));
    if (record.type != RecordType::chunk) continue;
    record.chunks.front()->where = job->places[i];
    record.chunks.front()->written = true;
    if (!job->sync) unsynced_.push_back(record.chunks.front());
  }
  last_batch_ = loop_.steady();
  expected_ += urgent_;
  // Those who waited are told before the next batch begins, so that what they do at once (the next
  // message, the delivery) can be part of it.
  for (std::size_t i = 0; i < job->records.size(); ++i) job->records[i].done(job->places[i]);
  writing_ = false;
  if (job->opens && options_.segment_opened) options_.segment_opened();
  consider();
}

void GroupCommit::seal_active(std::uint64_t end, bool poisoned) {
  auto& segment = segments_[*active_];
  segment.state = Segment::State::sealed;
  segment.sealed_at = loop_.steady();
  segment.end = end;
  segment.poisoned |= poisoned;
  previous_epoch_ = segment.epoch;
  previous_end_ = end;
  previous_failed_ = poisoned;
  active_.reset();
}

void GroupCommit::lose_unsynced() {
  for (auto& chunk : unsynced_) chunk->lost = true;
  unsynced_.clear();
}

void GroupCommit::failed(const std::shared_ptr<Job>& job) {
  ++failures_;
  auto error = job->result.error();
  options_.trouble(error.text);
  bool fresh_failed = job->opens && !job->old_failed;
  if (fresh_failed) {
    auto& fresh = segments_[job->number];
    fresh.state = Segment::State::sealed;
    fresh.end = segment_header_octets;
    fresh.poisoned = true;
  }
  if (active_ && (!job->opens || job->old_failed)) {
    // What was not synced may be gone although it can still be read: the kernel may have marked
    // the pages clean. Nothing behind the last good sync is believed any more.
    lose_unsynced();
    seal_active(durable_end_, true);
  }
  if (job->old_failed) {  // the fresh segment was not touched: give it back, begin again
    segments_.freed(job->number, true);
  }
  drop_lost(*job);
  bool enough = ++job->tries > limits::commit_tries;
  job->sync_old = job->old_failed = false;
  job->high_water.clear();
  if (enough || !open_segment(*job)) return give_up(*job, error);
  job->sync = true;
  place(*job);
  loop_.offload(Loop::Lane::journal, [this, job] { run(job); }, [this, job] { finished(job); });
}

void GroupCommit::give_up(Job& job, const Error& error) {
  auto records = std::move(job.records);
  for (auto& record : records) {
    if (record.type == RecordType::chunk) record.chunks.front()->lost = true;
    record.done(tl::make_unexpected(error));
  }
  writing_ = false;
  consider();
}

void GroupCommit::segment_came() {
  waiting_for_segment_ = false;
  consider();
}

void GroupCommit::no_segment(const Error& error) {
  if (!waiting_for_segment_) return;
  waiting_for_segment_ = false;
  auto pending = std::move(pending_);
  pending_.clear();
  pending_octets_ = 0;
  urgent_ = 0;
  earliest_ = never;
  for (auto& waiting : pending) {
    if (waiting.record.type == RecordType::chunk) waiting.record.chunks.front()->lost = true;
    waiting.record.done(tl::make_unexpected(error));
  }
}

}  // namespace malleposte::spool
