#include "net/simulated_stream.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace malleposte::net {
namespace {

constexpr std::size_t last_words_octets = 16;

tl::unexpected<Error> closed_here() {
  return fail(Fault::peer, "closed");
}

tl::unexpected<Error> was_reset(std::string_view doing) {
  return fail(Fault::peer, std::string(doing) + ": Connection reset by peer");
}

struct Suspend {
  std::coroutine_handle<>& into;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    assert(!into && "one reader and one writer at a time");
    into = handle;
  }
  void await_resume() const {}
};

}  // namespace

std::size_t SimulatedWire::part(std::size_t most) {
  if (!line_.in_pieces || most <= 1 || air_->random() % 2 == 0) return most;
  return 1 + air_->random() % most;
}

void SimulatedWire::wake(std::size_t end, Way way) {
  auto& here = ends[end];
  if (auto handle = std::exchange(here.waiting[way], {}))
    here.loop->post([handle] { handle.resume(); });
}

// Something reaches an end, behind all that was sent to it before.
void SimulatedWire::send(std::size_t to, std::function<void(End&)> arrival) {
  auto& there = ends[to];
  if (swallowing_ || there.gone || ends[1 - to].gone) return;
  there.last_arrival = std::max(there.last_arrival, there.loop->steady() + line_.delay);
  there.loop->call_at(there.last_arrival,
                      [self = shared_from_this(), to, arrival = std::move(arrival)] {
                        auto& end = self->ends[to];
                        if (end.gone) return;
                        arrival(end);
                        self->wake(to, reading);
                        self->wake(to, writing);
                      });
}

void SimulatedWire::send_reset(std::size_t to) {
  send(to, [](End& end) { end.broken = true; });
}

// Takes octets from a writer; returns how many, 0 when it has to wait for the reader.
std::size_t SimulatedWire::take(std::size_t from, std::string_view bytes) {
  const auto to = 1 - from;
  auto& there = ends[to];
  const auto unread = there.arrived.size() + there.on_the_way;
  const auto room = line_.window > unread ? line_.window - unread : 0;
  const auto octets = part(std::min(bytes.size(), room));
  if (octets == 0) return 0;
  auto reaching = octets;
  const auto left_before = [&](std::uint64_t fault) {
    return static_cast<std::size_t>(fault > carried_ ? fault - carried_ : 0);
  };
  const bool resets = line_.reset_after && carried_ + octets >= *line_.reset_after;
  if (resets) reaching = std::min(reaching, left_before(*line_.reset_after));
  const bool swallows = line_.swallow_after && carried_ + octets >= *line_.swallow_after;
  if (swallows) reaching = std::min(reaching, left_before(*line_.swallow_after));
  carried_ += octets;
  ends[from].written += octets;
  there.on_the_way += octets;
  send(to, [self = this, from, octets, piece = std::string(bytes.substr(0, reaching))](End& end) {
    end.on_the_way -= octets;
    if (end.closed) return self->send_reset(from);  // nobody is there to read it
    end.arrived += piece;
  });
  if (resets && !std::exchange(reset_, true)) {
    if (!swallowing_) ++air_->resets;
    send_reset(0);
    send_reset(1);
  }
  if (swallows && !std::exchange(swallowing_, true)) ++air_->swallowed;
  return octets;
}

// Waits until something has changed at this end, or the deadline has come.
Task<void> SimulatedWire::changed(Shared wire, std::size_t number, Way way, SteadyTime deadline) {
  auto& end = wire->ends[number];
  Loop::TimerId timer = 0;
  if (deadline != never)
    timer = end.loop->call_at(deadline, [wire, number, way] { wire->wake(number, way); });
  co_await Suspend{end.waiting[way]};
  if (timer != 0) end.loop->cancel(timer);
}

Task<Result<void>> SimulatedWire::wait_readable(Shared wire, std::size_t number,
                                                SteadyTime deadline) {
  auto& end = wire->ends[number];
  for (;;) {
    if (end.closed) co_return closed_here();
    if (!end.arrived.empty() || end.broken || end.ended) co_return Result<void>{};
    if (end.loop->steady() >= deadline) co_return fail(Fault::deadline, "nothing came in time");
    co_await changed(wire, number, reading, deadline);
  }
}

Task<Result<std::size_t>> SimulatedWire::read_some(Shared wire, std::size_t number,
                                                   std::span<char> into, SteadyTime deadline) {
  auto ready = co_await wait_readable(wire, number, deadline);
  if (!ready) co_return tl::make_unexpected(ready.error());
  auto& end = wire->ends[number];
  if (end.arrived.empty()) {
    if (end.broken) co_return was_reset("read");
    co_return std::size_t{0};
  }
  const auto octets = wire->part(std::min(into.size(), end.arrived.size()));
  end.arrived.copy(into.data(), octets);
  end.arrived.erase(0, octets);
  end.read += octets;
  // The writer hears at once that there is room: acknowledgements are not simulated.
  if (!wire->swallowing_ && !wire->ends[1 - number].gone) wire->wake(1 - number, writing);
  co_return octets;
}

Task<Result<void>> SimulatedWire::write(Shared wire, std::size_t number,
                                        std::span<const std::string_view> buffers,
                                        SteadyTime deadline) {
  auto& end = wire->ends[number];
  for (auto buffer : buffers) {
    end.last_words += buffer.substr(buffer.size() - std::min(buffer.size(), last_words_octets));
    if (end.last_words.size() > last_words_octets)
      end.last_words.erase(0, end.last_words.size() - last_words_octets);
    while (!buffer.empty()) {
      if (end.closed) co_return closed_here();
      if (end.broken) co_return was_reset("write");
      const auto octets = wire->take(number, buffer);
      buffer.remove_prefix(octets);
      if (octets > 0) continue;
      if (end.loop->steady() >= deadline)
        co_return fail(Fault::deadline, "the peer did not take what we sent in time");
      co_await changed(wire, number, writing, deadline);
    }
  }
  co_return Result<void>{};
}

void SimulatedWire::close(std::size_t number, bool with_reset) {
  auto& end = ends[number];
  if (std::exchange(end.closed, true)) return;
  // Octets that were not read are lost, and the other end is told so, as TCP does.
  if (with_reset || !end.arrived.empty())
    send_reset(1 - number);
  else
    send(1 - number, [](End& other) { other.ended = true; });
  end.arrived = {};
  wake(number, reading);
  wake(number, writing);
}

void SimulatedWire::vanish(std::size_t number, bool reset) {
  auto& end = ends[number];
  if (end.gone) return;
  if (reset) send_reset(1 - number);
  end.gone = end.broken = true;
  end.arrived = {};
  wake(number, reading);
  wake(number, writing);
}

std::function<bool()> SimulatedStream::heard(std::size_t octets) const {
  return [wire = wire_, other = 1 - end_, until = wire_->ends[end_].written + octets] {
    return wire->ends[other].read >= until;
  };
}

}  // namespace malleposte::net
