#include "receive/front_door.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <unordered_set>
#include <utility>

#include "policy/session_limits.h"

namespace malleposte::receive {
namespace {

// As many sessions as there are descriptors for: some are left for the spool, deliveries and DNS.
policy::SessionLimits::Options session_limits() {
  constexpr rlim_t for_the_rest = 1000;
  policy::SessionLimits::Options options;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    const rlim_t left =
        files.rlim_cur > 2 * for_the_rest ? files.rlim_cur - for_the_rest : files.rlim_cur / 2;
    options.in_all = std::min<std::size_t>(options.in_all, left);
  }
  return options;
}

Task<void> turn_away(std::unique_ptr<net::Stream> stream, std::string text, SteadyTime deadline) {
  const std::array<std::string_view, 1> buffers{text};
  const Result<void> sent = co_await stream->write(buffers, deadline);
  (void)sent;
  stream->close();
}

}  // namespace

struct FrontDoor::State {
  State(Loop& loop, net::Resolver& resolver, spool::Store& store, monitor::Record& record,
        const config::Settings& settings)
      : buffers(loop),
        services{loop, resolver, store, record, buffers},
        rules(std::make_shared<const Rules>(settings)) {}

  // "s1f": short, and different from that of any session since the start.
  std::string next_name() {
    std::array<char, 17> text{'s'};
    return {text.data(), std::to_chars(text.data() + 1, text.data() + 17, ++named, 16).ptr};
  }

  void end(Session& session) {
    limits.end(session.client().address, session.client().trusted);
    sessions.erase(&session);
    if (sessions.empty() && when_empty) std::exchange(when_empty, nullptr)();
  }

  // Ending one may take it, and others, from the set. In the order in which they came, so that a
  // simulation is the same each time.
  std::vector<std::shared_ptr<Session>> all() const {
    std::vector<std::shared_ptr<Session>> result;
    for (Session* session : sessions) result.push_back(session->shared_from_this());
    std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
      return std::pair(a->name().size(), std::string_view(a->name())) <
             std::pair(b->name().size(), std::string_view(b->name()));
    });
    return result;
  }

  ReadBuffers buffers;
  Services services;
  std::shared_ptr<const Rules> rules;
  policy::SessionLimits limits{session_limits()};
  std::unordered_set<Session*> sessions;
  std::function<void()> when_empty;
  std::uint64_t named = 0;
  bool stopping = false;
};

FrontDoor::FrontDoor(Loop& loop, net::Network& network, net::Resolver& resolver,
                     spool::Store& store, monitor::Record& record, const config::Settings& settings)
    : network_(network),
      in_(settings.in),
      port_(settings.smtp_port),
      state_(std::make_shared<State>(loop, resolver, store, record, settings)) {}

FrontDoor::~FrontDoor() {
  state_->when_empty = nullptr;
  abort();
}

Result<void> FrontDoor::open() {
  assert(listeners_.empty() && !state_->stopping);
  const bool everywhere = in_.empty();
  const std::vector<std::string> addresses =
      everywhere ? std::vector<std::string>{"0.0.0.0", "::"} : in_;
  for (const std::string& address : addresses) {
    auto listener = network_.listen({address, port_}, [this](std::unique_ptr<net::Stream> stream) {
      accept(std::move(stream));
    });
    if (listener) {
      listeners_.push_back(std::move(*listener));
    } else if (!everywhere || listeners_.empty()) {
      // Of all addresses IPv6 may fail, since a machine may lack it; that somebody else has the
      // port on IPv4 must be said.
      listeners_.clear();
      return tl::make_unexpected(std::move(listener.error()));
    }
  }
  return {};
}

std::vector<net::Endpoint> FrontDoor::addresses() const {
  std::vector<net::Endpoint> result;
  for (const auto& listener : listeners_) result.push_back(listener->local());
  return result;
}

void FrontDoor::accept(std::unique_ptr<net::Stream> stream) {
  Session::Client client;
  if (const auto address = parse_ip(stream->peer().address)) client.address = *address;
  client.trusted = state_->rules->relay.trusts(client.address);
  const SteadyTime now = state_->services.loop.steady();
  if (const auto refusal = state_->limits.begin(client.address, client.trusted, now)) {
    const smtp::Reply reply = smtp::reply(refusal->code, refusal->status, refusal->text);
    const std::string peer = net::to_string(stream->peer());
    state_->services.record.refused(state_->next_name(), peer, "", "", "", to_string(reply));
    spawn(turn_away(std::move(stream), to_wire(reply), now + limits::quit_timeout));
    return;
  }
  auto session = std::make_shared<Session>(state_->services, state_->rules, std::move(stream),
                                           client, state_->next_name());
  state_->sessions.insert(session.get());
  spawn(session->run([state = state_](Session& ended) { state->end(ended); }));
}

void FrontDoor::reload(const config::Settings& settings) {
  state_->rules = std::make_shared<const Rules>(settings);
}

void FrontDoor::stop() {
  listeners_.clear();
  state_->stopping = true;
  for (const auto& session : state_->all()) session->stop();
}

void FrontDoor::abort() {
  listeners_.clear();
  state_->stopping = true;
  for (const auto& session : state_->all()) session->abort();
}

void FrontDoor::on_empty(std::function<void()> callback) {
  if (state_->sessions.empty()) return callback();
  state_->when_empty = std::move(callback);
}

std::size_t FrontDoor::sessions() const {
  return state_->sessions.size();
}

std::size_t FrontDoor::buffered_octets() const {
  return state_->buffers.lent() * ReadBuffers::octets;
}

}  // namespace malleposte::receive
