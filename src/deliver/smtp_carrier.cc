#include "deliver/smtp_carrier.h"

#include <algorithm>
#include <cassert>

#include "base/limits.h"
#include "smtp/dot_stuffer.h"
#include "smtp/peer_fit.h"

namespace malleposte::deliver {
namespace {
constexpr std::size_t jobs_at_once = 100;  // told of a dead site before others have their turn
}  // namespace

using Need = smtp::ClientProtocol::Need;

Task<void> SmtpCarrier::run(queue::Assignment first) {
  current_ = co_await prepare(first);
  while (!ended_ && !depot_.stopping) {
    if (!current_) {
      auto more = depot_.scheduler.more(site_.id, depot_.with.loop.steady());
      if (!more) break;
      current_ = co_await prepare(*more);
      continue;
    }
    if (!connection_ && !co_await get_connection()) break;
    if (current_ && connection_ && !depot_.stopping) co_await carry();
  }
  // What could not begin any more: the shutdown came between.
  for (auto* parcel : {&current_, &next_})
    if (*parcel) put_back((*parcel)->assignment);
  current_.reset();
  next_.reset();
  if (connection_) {
    const bool usable = connection_->protocol().need() == Need::transaction;
    --site_.working;
    if (usable && !depot_.stopping && !used_up())
      depot_.cache.keep(site_.id, std::move(connection_), depot_.with.loop.steady());
    else if (usable)
      depot_.say_good_bye(std::move(connection_));
    else
      connection_->close();
  }
  site_.last_used = depot_.with.loop.steady();
  depot_.scheduler.release(site_.id, depot_.with.loop.steady());
}

// No further message over this connection, by the limit of its site or the host's.
bool SmtpCarrier::used_up(unsigned more) const {
  return connection_->transactions() + more >= depot_.scheduler.limits(site_.id).messages ||
         connection_->protocol().exhausted();
}

void SmtpCarrier::drop_connection() {
  if (!connection_) return;
  --site_.working;
  if (connection_->protocol().need() == Need::transaction)
    depot_.say_good_bye(std::move(connection_));
  else
    connection_->close();
  connection_.reset();
}

Task<std::optional<SmtpCarrier::Load>> SmtpCarrier::prepare(queue::Assignment assignment) {
  auto parcel = co_await depot_.take_in_hand(site_, assignment, ended_);
  if (!parcel) co_return std::nullopt;
  co_return Load(std::move(*parcel));
}

// False: the site cannot be reached, and all that waits for it knows. The connection may be none
// for the current parcel: then that is concluded.
Task<bool> SmtpCarrier::get_connection() {
  if (!current_->replaced) connection_ = depot_.cache.take(site_.id);
  if (connection_) {
    ++site_.working;
    co_return true;
  }
  if (depot_.cache.size() + depot_.scheduler.busy() > limits::deliveries_in_all)
    if (auto oldest = depot_.cache.take_oldest(never)) depot_.say_good_bye(std::move(oldest));
  // A host that takes it as it is, if there is one.
  current_->fitting.forget(*current_->message, current_->transaction);
  const auto fits = [this](smtp::ClientProtocol& protocol) { return unfit(*current_, protocol); };
  auto connected = co_await connect(depot_.with, depot_.consignments.plan(current_->job()),
                                    site_.mx, depot_.hosts, fits);
  if (connected.connection) {
    connection_ = std::move(connected.connection);
    depot_.scheduler.connected(site_.id);
    ++site_.working;
    if (auto& refusal = connected.unfit) {
      if (auto final = co_await fit(*current_)) {  // no host takes it, converted or not
        const auto& told =
            refusal->ruling.verdict == smtp::Verdict::permanent ? *final : refusal->ruling;
        conclude(*current_, std::vector(current_->transaction.recipients.size(), told),
                 &*refusal->target);
        current_ = std::move(next_);
        next_.reset();
      }
    }
    co_return true;
  }
  if (depot_.stopping) co_return false;
  const auto& ruling = connected.unreachable.ruling;
  if (ruling.verdict == smtp::Verdict::permanent && !connected.unreachable.target) {
    // That is so for this domain, whatever else the site is for.
    conclude(*current_, std::vector(current_->transaction.recipients.size(), ruling), nullptr);
    current_ = std::move(next_);
    next_.reset();
    co_return true;
  }
  co_await no_connection(std::move(connected.unreachable));
  co_return false;
}

// No host of the site takes a connection.
Task<void> SmtpCarrier::no_connection(Unreachable reason) {
  const auto* target = reason.target ? &*reason.target : nullptr;
  const bool asked = asks_for_less(reason.ruling, Stage::door, site_.phrases());
  if (asked && site_.working == 0) {
    // One is told what was said; the others wait.
    depot_.sites.asked_for_less(site_, reason);
    conclude(*current_, std::vector(current_->transaction.recipients.size(), reason.ruling),
             target);
    current_.reset();
    if (next_) put_back(next_->assignment);
    next_.reset();
    co_return;
  }
  using Unreached = queue::Scheduler::Unreached;
  const auto what = depot_.sites.unreachable(site_, reason);
  if (what == Unreached::wait) {
    // It takes no more connections than it has: wait for one of those.
    put_back(current_->assignment);
  } else {
    co_return co_await defer(std::move(reason), what == Unreached::defer_all);
  }
  current_.reset();
  if (next_) put_back(next_->assignment);
  next_.reset();
}

// The site cannot be reached. If it is dead all that waits for it is told the same reason, rather
// than each its own time-out.
Task<void> SmtpCarrier::defer(Unreachable reason, bool all) {
  const auto* target = reason.target ? &*reason.target : nullptr;
  const auto began = current_->began;  // what waits was not taken in hand, but this tells of it too
  const auto rulings = [&](const Load& parcel) {
    return std::vector(parcel.transaction.recipients.size(), reason.ruling);
  };
  for (auto* parcel : {&current_, &next_}) {
    if (!*parcel) continue;
    conclude(**parcel, rulings(**parcel), target);
    parcel->reset();
  }
  if (!all) co_return;
  // Those that come meanwhile wait for the next probe.
  for (auto waiting = depot_.scheduler.waiting(site_.id); waiting > 0 && !ended_; --waiting) {
    if (depot_.stopping) co_return;
    auto job = depot_.scheduler.take_waiting(site_.id);
    if (!job) co_return;
    auto parcel = co_await prepare({site_.id, *job});
    if (parcel) {
      parcel->began = std::max(began, parcel->message->envelope().arrived);
      conclude(*parcel, rulings(*parcel), target);
    }
    // Thousands may wait: the sessions and everything else have their turn in between.
    if (waiting % jobs_at_once == 0)
      co_await sleep_until(depot_.with.loop, depot_.with.loop.steady());
  }
}

// Brings the current parcel to its end, or to the end of the connection.
Task<void> SmtpCarrier::carry() {
  auto& protocol = connection_->protocol();
  if (!current_->begun) {
    auto refusal = co_await fit(*current_);
    if (!depot_.with.store.wanted(current_->job().message)) {  // held meanwhile
      depot_.consignments.recall(current_->job());
      current_ = std::move(next_);
      next_.reset();
      co_return;
    }
    const auto too_late = smtp::cannot_return_in_time(protocol.offers(), current_->transaction);
    if (too_late) refusal = too_late;
    if (refusal && (too_late || current_->replaced)) {
      conclude(*current_, std::vector(current_->transaction.recipients.size(), *refusal),
               &connection_->target());
      current_ = std::move(next_);
      next_.reset();
      co_return;
    }
    if (refusal || !keep_to_limits(*current_)) {  // another host, or another session, may take it
      current_->replaced = true;
      drop_connection();
      co_return;
    }
    current_->begun = true;
    protocol.begin(current_->transaction);
  }
  for (;;) {
    co_await connection_->advance();
    if (auto done = protocol.take_finished()) {
      finished(std::move(*done));
      break;
    }
    if (protocol.need() != Need::content) {
      assert(false && "a begun transaction ends with results");
      break;
    }
    const auto content = co_await send_content();
    if (content == Content::unreadable) {
      connection_->close();
      protocol.lost("lost connection");
      (void)protocol.take_finished();
      const smtp::Ruling ruling{smtp::Verdict::temporary, 0, "4.3.0",
                                "the message cannot be read from the spool"};
      conclude(*current_, std::vector(current_->transaction.recipients.size(), ruling),
               &connection_->target());
      current_ = std::move(next_);
      next_.reset();
      if (current_) current_->begun = false;
      break;
    }
  }
  if (protocol.need() == Need::closed && !protocol.has_finished()) {
    drop_connection();
    if (current_) current_->begun = false;
  } else if (!current_ && used_up()) {
    drop_connection();
  }
}

void SmtpCarrier::finished(smtp::Finished finished) {
  auto& parcel = *current_;
  const bool used = connection_->transactions() > 0 || parcel.lookahead;
  if (parcel.lookahead) site_.lookaheads_lost = finished.untouched ? site_.lookaheads_lost + 1 : 0;
  const bool lost = connection_->protocol().need() == Need::closed;
  if (!lost) connection_->count_transaction();
  if (finished.untouched && used && !parcel.replaced) {
    parcel.begun = parcel.lookahead = false;
    parcel.replaced = true;
    return;  // it is still the current one; carry() lets the connection go
  }
  if (finished.chunking_broken) {
    site_.chunking_broken = true;
    parcel.begun = parcel.lookahead = false;
    parcel.replaced = true;
    (void)connection_->protocol().take_finished();  // nor does it take the one behind
    if (next_) next_->begun = next_->lookahead = false;
    return;
  }
  const auto has_answer = [](const smtp::Ruling& ruling) { return ruling.code != 0; };
  const bool without_answer =
      !std::all_of(finished.results.begin(), finished.results.end(), has_answer);
  // A time-out is no sign that the host wants more connections.
  const bool answered = !finished.untouched &&
                        std::any_of(finished.results.begin(), finished.results.end(), has_answer);
  if (depot_.stopping && lost && without_answer) {  // it was we who ended it
    depot_.consignments.abandon(parcel.job());
  } else {
    const auto turned_away =
        std::find_if(finished.results.begin(), finished.results.end(),
                     [](const smtp::Ruling& ruling) { return ruling.code == 421; });
    if (turned_away != finished.results.end())
      depot_.sites.turned_away(site_, said(*turned_away));
    else if (answered)
      depot_.scheduler.answered(site_.id);
    if (std::any_of(finished.results.begin(), finished.results.end(), has_answer))
      learn(finished.results);
    if (!finished.surplus.empty()) offer_again(finished);
    conclude(parcel, std::move(finished.results), &connection_->target());
  }
  current_ = std::move(next_);
  next_.reset();
}

// What the answers say of the site.
void SmtpCarrier::learn(const std::vector<smtp::Ruling>& results) {
  bool accepted = false;
  const smtp::Ruling* asks = nullptr;
  for (const auto& result : results) {
    if (result.verdict == smtp::Verdict::accepted)
      accepted = true;
    else if (asks_for_less(result, Stage::message, site_.phrases()))
      asks = &result;
  }
  if (asks != nullptr)
    depot_.sites.asked_for_less(site_, said(*asks));
  else
    depot_.sites.answered(site_, accepted);
}

// What is to be known before a host is asked whether it takes a message.
void SmtpCarrier::look_at(Load& parcel, smtp::ClientProtocol& protocol) {
  if (site_.chunking_broken && protocol.need() == Need::transaction) protocol.forgo_chunking();
  parcel.transaction.now = depot_.with.loop.wall();
}

// Why the host cannot be given the message as the transaction says.
std::optional<smtp::Ruling> SmtpCarrier::unfit(Load& parcel, smtp::ClientProtocol& protocol) {
  look_at(parcel, protocol);
  return smtp::unfit(protocol.offers(), parcel.transaction);
}

// The same once everything was done to make it fit for this host.
Task<std::optional<smtp::Ruling>> SmtpCarrier::fit(Load& parcel) {
  auto& protocol = connection_->protocol();
  look_at(parcel, protocol);
  if (parcel.read) {  // sent by BDAT to a host that does not know it
    auto again = co_await depot_.with.store.open(parcel.job().message);
    if (!again) co_return unreadable(again.error());
    parcel.message = std::move(*again);
    parcel.fitting.forget(*parcel.message, parcel.transaction);
    parcel.read = false;
  }
  if (!protocol.offers().smtputf8) {
    const auto international = Fitting::international(parcel.transaction);
    if (!international.empty() && international.size() < parcel.transaction.recipients.size())
      split_off(parcel, international);
  }
  if (auto refusal = co_await parcel.fitting.fit(depot_.with, parcel.job().message, *parcel.message,
                                                 protocol.offers(), parcel.transaction))
    co_return refusal;
  co_return unfit(parcel, protocol);
}

// What the host says it has no room for in one transaction (LIMITS) goes as a part of its own.
// False: nothing of it may be sent over this connection.
bool SmtpCarrier::keep_to_limits(Load& parcel) {
  auto& recipients = parcel.transaction.recipients;
  const auto beyond = connection_->protocol().beyond_limits(parcel.transaction);
  if (beyond.empty()) return true;
  if (beyond.size() == recipients.size()) return false;
  split_off(parcel, beyond);
  return true;
}

void SmtpCarrier::split_off(Load& parcel, const std::vector<std::size_t>& positions) {
  auto& recipients = parcel.transaction.recipients;
  const auto& assignment = parcel.assignment;
  const auto rest = depot_.consignments.split(assignment.job, positions);
  for (auto position = positions.rbegin(); position != positions.rend(); ++position)
    recipients.erase(recipients.begin() + static_cast<std::ptrdiff_t>(*position));
  put_back({assignment.site, rest});
}

// Recipients that were too many for one transaction go first in line, as a part of their own. Each
// such part comes from a transaction that delivered to somebody: they come to an end.
void SmtpCarrier::offer_again(smtp::Finished& finished) {
  const auto& surplus = finished.surplus;
  const auto& assignment = current_->assignment;
  const auto rest = depot_.consignments.split(assignment.job, surplus);
  for (auto position = surplus.rbegin(); position != surplus.rend(); ++position)
    finished.results.erase(finished.results.begin() + static_cast<std::ptrdiff_t>(*position));
  put_back({assignment.site, rest});
}

// Another message for this connection, while the last block of the present one is still here.
Task<void> SmtpCarrier::look_ahead() {
  auto& protocol = connection_->protocol();
  if (site_.lookaheads_lost >= Site::lookaheads_lost_max) co_return;
  if (ended_ || depot_.stopping || next_ || !protocol.takes_next()) co_return;
  if (used_up(1)) co_return;
  auto more = depot_.scheduler.more(site_.id, depot_.with.loop.steady());
  if (!more) co_return;
  next_ = co_await prepare(*more);
  if (!next_) co_return;
  // What takes time is done when the final dot of the present one is on its way.
  if (Fitting::needed(protocol.offers(), *next_->message) &&
      next_->message->size() > limits::inline_body_octets)
    co_return;
  if (co_await fit(*next_) || !protocol.takes_next() || !keep_to_limits(*next_)) co_return;
  if (smtp::cannot_return_in_time(protocol.offers(), next_->transaction)) co_return;
  next_->begun = next_->lookahead = true;
  protocol.begin(next_->transaction);
}

Task<SmtpCarrier::Content> SmtpCarrier::send_content() {
  smtp::DotStuffer stuffer;
  auto& protocol = connection_->protocol();
  auto left = current_->transaction.size;
  const bool chunk = protocol.sends_chunk();
  const auto head = protocol.content_head();  // with the first block
  current_->read = true;
  for (bool first = true;; first = false) {
    auto block = co_await current_->content().read();
    if (!block || block->size() > left || (block->empty() && left > 0)) {
      depot_.with.record.event(
          "log", monitor::Severity::alert,
          "message " + mail::to_string(current_->job().message) + " cannot be read: " +
              (block ? std::string("its length is not what it was") : block.error().text));
      co_return Content::unreadable;
    }
    left -= block->size();
    const auto octets = chunk ? *block : stuffer.encode(*block);
    const auto before = first ? std::string_view(head) : std::string_view();
    if (left > 0) {
      const std::string_view pieces[] = {before, octets};
      if (!co_await connection_->write_content(pieces)) co_return Content::connection_lost;
      continue;
    }
    co_await look_ahead();
    const auto end = protocol.finish_content(chunk ? std::string_view() : stuffer.end());
    const std::string_view pieces[] = {before, octets, end};
    if (!co_await connection_->write_content(pieces)) co_return Content::connection_lost;
    protocol.content_written();
    co_return Content::sent;
  }
}

bool SmtpCarrier::past_final_dot() const {
  return connection_ && connection_->protocol().past_final_dot();
}

std::string SmtpCarrier::host() const {
  return connection_ ? connection_->target().host : "";
}

void SmtpCarrier::stop() {
  if (!past_final_dot()) abort();
}

void SmtpCarrier::abort() {
  if (connection_) connection_->close();
}

}  // namespace malleposte::deliver
