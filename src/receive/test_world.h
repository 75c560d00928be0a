// A world for tests of receive/: time that stands still, wires without a network, a store in
// memory, a resolver and a record. Only *_test.cc files include it.
#pragma once

#include <cassert>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "monitor/fake_record.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "receive/recipients.h"
#include "spool/stub_store.h"

namespace malleposte::receive {

class TestLoop final : public Loop {
 public:
  SteadyTime steady() const override { return now_; }
  WallTime wall() const override { return WallTime{Duration{now_.time_since_epoch()}}; }
  std::uint64_t random() override { return ++random_; }
  void post(Callback callback) override { posted_.push_back(std::move(callback)); }
  TimerId call_at(SteadyTime when, Callback callback) override {
    timers_.emplace(std::pair{when, ++last_timer_}, std::move(callback));
    return last_timer_;
  }
  void cancel(TimerId id) override {
    std::erase_if(timers_, [id](const auto& timer) { return timer.first.second == id; });
  }
  void offload(Lane, Callback, Callback) override { assert(false); }

  // Runs what was posted.
  void run() {
    while (!posted_.empty()) {
      const Callback callback = std::move(posted_.front());
      posted_.pop_front();
      callback();
    }
  }
  // Lets time pass, and what is due happen.
  void pass(Duration time) {
    now_ += time;
    while (!timers_.empty() && timers_.begin()->first.first <= now_) {
      const Callback callback = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      callback();
      run();
    }
  }

 private:
  SteadyTime now_{std::chrono::hours(1)};
  std::uint64_t random_ = 0;
  TimerId last_timer_ = 0;
  std::deque<Callback> posted_;
  std::map<std::pair<SteadyTime, TimerId>, Callback> timers_;
};

// Where a coroutine waits until the test lets it go on.
class Gate {
 public:
  bool open = true;

  void let_go() {
    open = true;
    wake();
  }
  void wake() {
    if (waiting_) std::exchange(waiting_, {}).resume();
  }
  bool somebody_waits() const { return static_cast<bool>(waiting_); }

  bool await_ready() const { return open; }
  void await_suspend(std::coroutine_handle<> handle) {
    assert(!waiting_);
    waiting_ = handle;
  }
  void await_resume() const {}

 private:
  std::coroutine_handle<> waiting_;
};

// A connection, as the client has it in hand.
struct Wire {
  std::string to_server;
  bool ended = false;   // the client has closed its side
  bool closed = false;  // the server has closed
  std::string from_server;
  unsigned writes = 0;
  Gate reading;
  Gate writing;

  Wire() { reading.open = false; }
  void say(std::string_view bytes) {
    to_server += bytes;
    reading.wake();
  }
  void hang_up() {
    ended = true;
    reading.wake();
  }
  // What the server has said since the last call.
  std::string heard() { return std::exchange(from_server, {}); }
};

class TestStream final : public net::Stream {
 public:
  TestStream(TestLoop& loop, std::shared_ptr<Wire> wire, std::string peer)
      : loop_(loop), wire_(std::move(wire)), peer_(std::move(peer)) {}
  ~TestStream() override { close(); }

  Task<Result<void>> wait_readable(SteadyTime deadline) override {
    return wait(loop_, wire_, deadline);
  }
  Task<Result<std::size_t>> read_some(std::span<char> into, SteadyTime deadline) override {
    return read(loop_, wire_, into, deadline);
  }
  Task<Result<void>> write(std::span<const std::string_view> buffers, SteadyTime) override {
    return write(wire_, buffers);
  }
  void close() override {
    if (std::exchange(wire_->closed, true)) return;
    const auto wire = wire_;
    wire->reading.wake();
    wire->writing.let_go();
  }
  net::Endpoint local() const override { return {"198.51.100.1", 25}; }
  net::Endpoint peer() const override { return {peer_, 4711}; }

 private:
  static Task<Result<void>> wait(TestLoop& loop, std::shared_ptr<Wire> wire, SteadyTime deadline) {
    for (;;) {
      if (wire->closed) co_return fail(Fault::peer, "closed");
      if (!wire->to_server.empty() || wire->ended) co_return Result<void>{};
      if (loop.steady() >= deadline) co_return fail(Fault::deadline, "too late");
      const auto timer = loop.call_at(deadline, [wire] { wire->reading.wake(); });
      co_await wire->reading;
      loop.cancel(timer);
    }
  }
  static Task<Result<std::size_t>> read(TestLoop& loop, std::shared_ptr<Wire> wire,
                                        std::span<char> into, SteadyTime deadline) {
    const Result<void> ready = co_await wait(loop, wire, deadline);
    if (!ready) co_return tl::make_unexpected(ready.error());
    const std::size_t count = std::min(into.size(), wire->to_server.size());
    wire->to_server.copy(into.data(), count);
    wire->to_server.erase(0, count);
    co_return count;
  }
  static Task<Result<void>> write(std::shared_ptr<Wire> wire,
                                  std::span<const std::string_view> buffers) {
    co_await wire->writing;
    if (wire->closed) co_return fail(Fault::peer, "closed");
    for (const std::string_view buffer : buffers) wire->from_server += buffer;
    ++wire->writes;
    co_return Result<void>{};
  }

  TestLoop& loop_;
  std::shared_ptr<Wire> wire_;
  std::string peer_;
};

class TestNetwork final : public net::Network {
 public:
  explicit TestNetwork(TestLoop& loop) : loop_(loop) {}

  // A client connects.
  std::shared_ptr<Wire> connect_from(std::string address) {
    auto wire = std::make_shared<Wire>();
    assert(accept_);
    accept_(std::make_unique<TestStream>(loop_, wire, std::move(address)));
    loop_.run();
    return wire;
  }
  std::vector<net::Endpoint> listening;
  std::string cannot_listen_at;

  Result<std::unique_ptr<net::Listener>> listen(const net::Endpoint& at, Accept accept) override {
    if (at.address == cannot_listen_at) return fail(Fault::configuration, at.address + " is taken");
    struct TestListener final : net::Listener {
      net::Endpoint at;
      std::vector<net::Endpoint>& listening;
      TestListener(net::Endpoint endpoint, std::vector<net::Endpoint>& all)
          : at(std::move(endpoint)), listening(all) {
        listening.push_back(at);
      }
      ~TestListener() override { std::erase(listening, at); }
      net::Endpoint local() const override { return at; }
    };
    accept_ = std::move(accept);
    return std::make_unique<TestListener>(at, listening);
  }
  Result<std::unique_ptr<net::Listener>> listen_unix(const std::string&, Accept) override {
    return fail(Fault::configuration, "not in this test");
  }
  Task<Result<std::unique_ptr<net::Stream>>> connect(const net::Endpoint&, const std::string&,
                                                     SteadyTime) override {
    co_return fail(Fault::peer, "not in this test");
  }

 private:
  TestLoop& loop_;
  Accept accept_;
};

class TestResolver final : public net::Resolver {
 public:
  std::string name;  // of every address
  Gate answering;

  Task<net::MxAnswer> mx(std::string, SteadyTime) override { co_return net::MxAnswer{}; }
  Task<net::AddressAnswer> addresses(std::string, SteadyTime) override {
    co_return net::AddressAnswer{};
  }
  Task<net::NameAnswer> reverse(std::string, SteadyTime) override {
    co_await answering;
    if (name.empty()) co_return net::NameAnswer{net::Lookup::no_such_name, "", ""};
    co_return net::NameAnswer{net::Lookup::found, name, ""};
  }
};

class TestStore final : public spool::StubStore {
 public:
  struct Message {
    mail::Envelope envelope;
    std::string content;
  };
  std::vector<Message> messages;  // durable
  unsigned coming_in = 0;         // begun, neither committed nor forgotten
  bool admitting = true;
  bool beginning = true;
  std::size_t room = SIZE_MAX;  // octets of a message before append() fails
  spool::CommitStatus commit_status = spool::CommitStatus::durable;
  Gate appending;
  Gate committing;

  Result<std::unique_ptr<spool::Incoming>> begin(mail::Envelope envelope, std::uint64_t) override {
    if (!beginning) return fail(Fault::disk, "full");
    return std::make_unique<TestIncoming>(*this, std::move(envelope));
  }
  Result<void> admits(std::uint64_t) override {
    if (!admitting) return fail(Fault::disk, "full");
    return {};
  }

 private:
  class TestIncoming final : public spool::Incoming {
   public:
    TestIncoming(TestStore& store, mail::Envelope envelope)
        : store_(store), message_{std::move(envelope), {}} {
      ++store_.coming_in;
    }
    ~TestIncoming() override { --store_.coming_in; }
    mail::MessageId id() const override { return {store_.messages.size() + 1}; }
    Task<Result<void>> append(std::string_view bytes) override {
      // Copied after the wait: whoever uses the bytes again too early is found out.
      co_await store_.appending;
      message_.content += bytes;
      if (message_.content.size() > store_.room) co_return fail(Fault::disk, "full");
      co_return Result<void>{};
    }
    Task<spool::CommitResult> commit() override {
      co_await store_.committing;
      if (store_.commit_status == spool::CommitStatus::durable) {
        store_.messages.push_back(std::move(message_));
      }
      co_return spool::CommitResult{store_.commit_status, {store_.messages.size()}, "why"};
    }

   private:
    TestStore& store_;
    Message message_;
  };
};

// Writes down what is reported, one line each.
class TestRecord final : public monitor::FakeRecord {
 public:
  std::vector<std::string> lines;

  void connected(std::string_view session, std::string_view peer) override {
    add({"connected", session, peer});
  }
  void vouched(std::string_view session, std::string_view peer, std::string_view how,
               std::string_view told) override {
    add({"vouched", session, peer, how, told});
  }
  void disconnected(std::string_view session, std::string_view peer, unsigned commands,
                    unsigned messages) override {
    add({"disconnected", session, peer, std::to_string(commands), std::to_string(messages)});
  }
  void refused(std::string_view session, std::string_view peer, std::string_view helo,
               std::string_view sender, std::string_view recipient,
               std::string_view reply) override {
    add({"refused", session, peer, helo, sender, recipient, reply});
  }
  void accepted(mail::MessageId, const mail::Envelope& envelope, std::uint64_t size) override {
    add({"accepted", to_string(envelope.reverse_path), std::to_string(envelope.recipients.size()),
         std::to_string(size)});
  }

 private:
  void add(std::initializer_list<std::string_view> words) {
    std::string line;
    for (const std::string_view word : words) line.append(line.empty() ? "" : " | ").append(word);
    lines.push_back(std::move(line));
  }
};

// Of example.org only those who are named are known, where anything is.
class TestRecipients final : public Recipients {
 public:
  bool asked_for = false;
  std::set<std::string> of_example_org;

  bool known(std::string_view domain) const override {
    return asked_for && domain == "example.org";
  }
  Task<Found> find(mail::Address recipient) override {
    co_await answering;
    co_return unclear                          ? Found::unclear
    : of_example_org.contains(recipient.local) ? Found::there
                                               : Found::nobody;
  }
  bool unclear = false;
  Gate answering;
};

// All of it, for a FrontDoor.
struct TestWorld {
  TestLoop loop;
  TestNetwork network{loop};
  TestResolver resolver;
  TestStore store;
  TestRecord record;
  TestRecipients recipients;
};

}  // namespace malleposte::receive
