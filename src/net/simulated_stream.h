// A connection in memory, on virtual time: it delays, cuts what is written and read into pieces,
// breaks at any octet, swallows everything from some octet on, and makes a writer wait for a slow
// reader. Part of the network's twin (net/simulated_network.h), for tests and the simulator. Each
// end belongs to a host with a loop of its own; all those loops have one common time.
#pragma once

#include <array>
#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "base/loop.h"
#include "net/stream.h"

namespace malleposte::net {

// What a connection is like.
struct SimulatedLine {
  enum class Begin : std::uint8_t { made, refused, unanswered };
  Begin begin = Begin::made;
  Duration delay{200};              // one way
  std::size_t window = 256 * 1024;  // octets on their way or unread, in each direction
  bool in_pieces = false;           // reads and writes take a part, as chance wills
  // Counted over both directions together; each is for ever.
  std::optional<std::uint64_t> reset_after;    // octets; then both ends see a reset
  std::optional<std::uint64_t> swallow_after;  // octets; then nothing arrives any more
};

// What all connections of a network share.
struct SimulatedAir {
  std::mt19937_64 random;
  std::uint64_t connections = 0, refused = 0, unanswered = 0, resets = 0, swallowed = 0;
};

// What lies between the two ends; both hold it.
class SimulatedWire : public std::enable_shared_from_this<SimulatedWire> {
 public:
  struct End {
    Loop* loop = nullptr;
    Endpoint address;
    bool closed = false;  // by its owner
    bool gone = false;    // its host is: nothing goes in or out, its loop is not ours to touch
    bool broken = false;  // sees a reset
    bool ended = false;   // the other end has closed, and all it wrote has arrived
    std::string arrived;  // unread
    std::size_t on_the_way = 0;
    SteadyTime last_arrival{};
    std::uint64_t written = 0, read = 0;
    std::string last_words;  // the end of what it has written
    std::array<std::coroutine_handle<>, 2> waiting{};
  };

  SimulatedWire(std::shared_ptr<SimulatedAir> air, SimulatedLine line)
      : air_(std::move(air)), line_(line) {}

  std::array<End, 2> ends;

  // The host of an end is gone. The other end sees a reset, or hears nothing any more.
  void vanish(std::size_t end, bool reset);

 private:
  friend class SimulatedStream;
  enum Way : std::size_t { reading, writing };

  std::size_t part(std::size_t most);
  void wake(std::size_t end, Way way);
  void send(std::size_t to, std::function<void(End&)> arrival);
  void send_reset(std::size_t to);
  std::size_t take(std::size_t from, std::string_view bytes);
  void close(std::size_t end, bool with_reset);

  using Shared = std::shared_ptr<SimulatedWire>;
  static Task<void> changed(Shared wire, std::size_t end, Way way, SteadyTime deadline);
  static Task<Result<void>> wait_readable(Shared wire, std::size_t end, SteadyTime deadline);
  static Task<Result<std::size_t>> read_some(Shared wire, std::size_t end, std::span<char> into,
                                             SteadyTime deadline);
  static Task<Result<void>> write(Shared wire, std::size_t end,
                                  std::span<const std::string_view> buffers, SteadyTime deadline);

  const std::shared_ptr<SimulatedAir> air_;
  const SimulatedLine line_;
  std::uint64_t carried_ = 0;
  bool swallowing_ = false;
  bool reset_ = false;
};

class SimulatedStream final : public Stream {
 public:
  SimulatedStream(std::shared_ptr<SimulatedWire> wire, std::size_t end)
      : wire_(std::move(wire)), end_(end) {}
  ~SimulatedStream() override { close(); }

  Task<Result<void>> wait_readable(SteadyTime deadline) override {
    return SimulatedWire::wait_readable(wire_, end_, deadline);
  }
  Task<Result<std::size_t>> read_some(std::span<char> into, SteadyTime deadline) override {
    return SimulatedWire::read_some(wire_, end_, into, deadline);
  }
  Task<Result<void>> write(std::span<const std::string_view> buffers,
                           SteadyTime deadline) override {
    return SimulatedWire::write(wire_, end_, buffers, deadline);
  }
  void close() override { wire_->close(end_, false); }
  // As close(), but the other end sees a reset.
  void reset() { wire_->close(end_, true); }
  Endpoint local() const override { return wire_->ends[end_].address; }
  Endpoint peer() const override { return wire_->ends[1 - end_].address; }

  // Tells later whether the other end has read all that was written here until now and `octets`
  // more, which are about to be written.
  std::function<bool()> heard(std::size_t octets) const;

 private:
  std::shared_ptr<SimulatedWire> wire_;
  std::size_t end_;
};

}  // namespace malleposte::net
