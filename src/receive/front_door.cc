#include "receive/front_door.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <list>
#include <unordered_set>
#include <utility>

#include "policy/session_limits.h"
#include "receive/proxied_stream.h"
#include "receive/proxy_header.h"
#include "receive/rehearsal.h"

namespace malleposte::receive {
namespace {

// As many sessions as there are descriptors for: some are left for the spool, deliveries and DNS.
std::size_t sessions_possible() {
  constexpr rlim_t for_the_rest = 1000;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return SIZE_MAX;
  return files.rlim_cur > 2 * for_the_rest ? files.rlim_cur - for_the_rest : files.rlim_cur / 2;
}

policy::SessionLimits::Options session_limits(const config::Settings& settings) {
  policy::SessionLimits::Options options;
  options.in_all = std::min<std::size_t>(settings.session_limit, sessions_possible());
  options.reserved = options.in_all * settings.reserved_session_percent / 100;
  options.per_address = settings.sessions_per_address;
  options.per_network = settings.sessions_per_network;
  options.new_per_address = settings.new_sessions_per_address;
  return options;
}

Task<void> turn_away(std::unique_ptr<net::Stream> stream, std::string text, SteadyTime deadline) {
  const std::array<std::string_view, 1> buffers{text};
  const Result<void> sent = co_await stream->write(buffers, deadline);
  (void)sent;
  stream->close();
}

}  // namespace

struct FrontDoor::State final : Places {
  State(Loop& loop, net::Resolver& resolver, spool::Store& store, monitor::Record& record,
        Recipients& recipients, const config::Settings& settings)
      : buffers(loop),
        services{loop, resolver, store, record, buffers, commits, *this, recipients},
        rules(std::make_shared<const Rules>(settings)),
        limits(session_limits(settings)) {}

  // "s1f": short, and different from that of any session since the start.
  std::string next_name() {
    std::array<char, 17> text{'s'};
    return {text.data(), std::to_chars(text.data() + 1, text.data() + 17, ++named, 16).ptr};
  }

  SteadyTime now() const { return services.loop.steady(); }

  void end(Session& session) {
    limits.end(session.client().address, session.client().trusted);
    sessions.erase(&session);
    see_empty();
  }
  bool empty() const { return sessions.empty() && arriving.empty(); }
  void see_empty() {
    if (empty() && when_empty) std::exchange(when_empty, nullptr)();
  }

  std::optional<Limit> move(const Client& from, const Client& to) override {
    if (from == to) return {};
    if (const auto limit = limits.begin(to.address, to.trusted, now())) return limit;
    limits.end(from.address, from.trusted);
    return {};
  }

  void see_load() {
    overload.see({.buffers_free = !buffers.all_lent(),
                  .oldest_commit = commits.oldest(now()),
                  .descriptors_ran_out = std::exchange(descriptors_ran_out, false)},
                 now());
  }
  // Whether one more may begin: counts it, or says which limit it has met.
  std::optional<Limit> let_in(const Client& client) {
    see_load();
    if (const auto limit = overload.refuses(client.trusted)) return limit;
    return limits.begin(client.address, client.trusted, now());
  }

  void refuse(std::unique_ptr<net::Stream> stream, const smtp::Reply& reply) {
    services.record.refused(next_name(), net::to_string(stream->peer()), "", "", "",
                            to_string(reply));
    spawn(turn_away(std::move(stream), to_wire(reply), now() + limits::quit_timeout));
  }

  // A session begins that let_in() or move() has counted.
  static void begin(const std::shared_ptr<State>& state, std::unique_ptr<net::Stream> stream,
                    const Client& client, std::string name) {
    auto session = std::make_shared<Session>(state->services, state->rules, std::move(stream),
                                             client, std::move(name));
    state->sessions.insert(session.get());
    spawn(session->run([state](Session& ended) { state->end(ended); }));
  }

  static Task<void> arrive(std::shared_ptr<State> state, std::unique_ptr<net::Stream> stream,
                           Client proxy);
  static bool pass_on(const std::shared_ptr<State>& state, std::unique_ptr<net::Stream> stream,
                      const Client& proxy, const ProxyHeader& header, std::string early);
  void close_arriving() {
    for (net::Stream* stream : std::list(arriving)) stream->close();
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
  CommitWatch commits;
  Services services;
  std::shared_ptr<const Rules> rules;
  policy::SessionLimits limits;
  policy::Overload overload;
  bool descriptors_ran_out = false;  // since the last look
  std::unordered_set<Session*> sessions;
  std::list<net::Stream*> arriving;  // behind a proxy, their header not read yet
  std::function<void()> when_empty;
  std::uint64_t named = 0;
  bool stopping = false;
};

FrontDoor::FrontDoor(Loop& loop, net::Network& network, net::Resolver& resolver,
                     spool::Store& store, monitor::Record& record, Recipients& recipients,
                     const config::Settings& settings)
    : network_(network),
      in_(settings.in),
      port_(settings.smtp_port),
      state_(std::make_shared<State>(loop, resolver, store, record, recipients, settings)) {}

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
  Client client;
  if (const auto address = parse_ip(stream->peer().address)) client.address = *address;
  const bool proxy = state_->rules->is_proxy(client.address);
  // Until a proxy has said for whom it calls it is one of ours.
  client.trusted = proxy || state_->rules->relay.trusts(client.address);
  if (const auto limit = state_->let_in(client))
    return state_->refuse(std::move(stream), smtp::reply(*limit));
  if (proxy) {
    spawn(State::arrive(state_, std::move(stream), client));
  } else {
    State::begin(state_, std::move(stream), client, state_->next_name());
  }
}

// Reads the PROXY header.
Task<void> FrontDoor::State::arrive(std::shared_ptr<State> state,
                                    std::unique_ptr<net::Stream> stream, Client proxy) {
  const auto here = state->arriving.insert(state->arriving.end(), stream.get());
  const SteadyTime deadline = state->now() + limits::proxy_header_timeout;
  ProxyHeader header;
  bool begun = false;
  bool late = false;
  std::string early;
  while (header.state() == ProxyHeader::State::incomplete) {
    std::array<char, 1024> buffer;
    const Result<std::size_t> got = co_await stream->read_some(buffer, deadline);
    late = !got && got.error().fault == Fault::deadline;
    if (!got || *got == 0) break;
    begun = true;
    const std::size_t used = header.feed({buffer.data(), *got});
    early.assign(buffer.data() + used, *got - used);
  }
  state->arriving.erase(here);
  bool passed_on = false;
  if (state->stopping) {
    stream->close();
  } else if (header.state() == ProxyHeader::State::complete) {
    passed_on = pass_on(state, std::move(stream), proxy, header, std::move(early));
  } else if (late) {
    state->refuse(std::move(stream), smtp::reply(Limit::proxy_header_time));
  } else if (begun) {  // whoever says nothing at all only looked whether we are there
    const std::string_view problem =
        header.problem().empty() ? "ends within its PROXY header" : header.problem();
    state->refuse(std::move(stream),
                  smtp::reply(421, "4.7.0", "This connection " + std::string(problem) + "."));
  }
  if (!passed_on) state->limits.end(proxy.address, proxy.trusted);
  state->see_empty();
}

// The session of the client that the header names begins, unless there are too many.
bool FrontDoor::State::pass_on(const std::shared_ptr<State>& state,
                               std::unique_ptr<net::Stream> stream, const Client& proxy,
                               const ProxyHeader& header, std::string early) {
  const std::string told = "by=" + net::to_string(stream->peer());
  net::Endpoint peer = stream->peer();
  net::Endpoint local = stream->local();
  Client client = proxy;
  client.trusted = false;  // of an unknown client, whatever network the proxy is in
  if (header.client() == ProxyHeader::Client::named) {
    client.address = header.source().address;
    peer = {to_string(client.address), header.source().port};
    local = {to_string(header.destination().address), header.destination().port};
  }
  if (header.client() != ProxyHeader::Client::unknown)
    client.trusted = state->rules->relay.trusts(client.address);
  stream = std::make_unique<ProxiedStream>(std::move(stream), std::move(peer), std::move(local),
                                           std::move(early));
  auto limit = state->overload.refuses(client.trusted);
  if (!limit) limit = state->move(proxy, client);
  if (limit) {
    state->refuse(std::move(stream), smtp::reply(*limit));
    return false;
  }
  std::string name = state->next_name();
  state->services.record.vouched(name, net::to_string(stream->peer()), "proxy", told);
  begin(state, std::move(stream), client, std::move(name));
  return true;
}

void FrontDoor::reload(const config::Settings& settings) {
  state_->rules = std::make_shared<const Rules>(settings);
  state_->limits.set(session_limits(settings));
}

FrontDoor::Crowd FrontDoor::crowd() {
  using Level = policy::Overload::Level;
  state_->see_load();
  const policy::Overload& overload = state_->overload;
  if (overload.level() == Level::none && state_->limits.crowded())
    return {Level::strangers, Limit::reserved_sessions};
  return {overload.level(), overload.cause()};
}

Task<policy::Rehearsal> FrontDoor::rehearse(policy::Rehearsal::Question question) const {
  const auto state = state_;
  const auto pinned = state->rules;
  const Rules& rules = *pinned;
  const bool trusted = rules.relay.trusts(question.client);
  auto met = state->overload.refuses(trusted);
  if (!met) met = state->limits.met(question.client, trusted, state->now());
  const auto play = [&](std::optional<Recipients::Found> found) {
    return receive::rehearse(question, rules, met, state->services.store.admits(0).has_value(),
                             found, state->services.loop.wall());
  };
  auto played = play({});
  auto& recipients = state->services.recipients;
  if (played.recipient && recipients.known(played.recipient->domain))
    played = play(co_await recipients.find(*played.recipient));
  co_return played;
}

void FrontDoor::out_of_descriptors() {
  state_->descriptors_ran_out = true;
  std::size_t ended = 0;
  for (const auto& session : state_->all()) {
    if (ended == limits::sessions_relieved) return;
    if (!session->client().trusted && session->end_if_idle(Limit::descriptors)) ++ended;
  }
}

void FrontDoor::figures(monitor::Figures& into) const {
  const auto limit = [&into](Limit which, std::uint64_t value) {
    into.gauge("malleposte_limit", "Limits that are in force", static_cast<double>(value),
               {{"name", std::string(row(which).name)}});
  };
  const policy::SessionLimits::Options& sessions = state_->limits.options();
  limit(Limit::sessions, sessions.in_all);
  limit(Limit::reserved_sessions, sessions.reserved);
  limit(Limit::sessions_per_address, sessions.per_address);
  limit(Limit::sessions_per_network, sessions.per_network);
  limit(Limit::new_sessions_per_address, sessions.new_per_address);
  const Rules& rules = *state_->rules;
  limit(Limit::command_line, rules.options.command_line);
  limit(Limit::mistakes, rules.options.errors);
  limit(Limit::junk_commands, rules.options.junk_commands);
  limit(Limit::recipients, rules.options.recipients);
  limit(Limit::message_size, rules.options.size_limit);
  limit(Limit::header_size, rules.content.header_octets);
  limit(Limit::header_fields, rules.content.header_fields);
  limit(Limit::line_length, rules.content.line_octets);
}

void FrontDoor::stop() {
  listeners_.clear();
  state_->stopping = true;
  state_->close_arriving();
  for (const auto& session : state_->all()) session->stop();
}

void FrontDoor::abort() {
  listeners_.clear();
  state_->stopping = true;
  state_->close_arriving();
  for (const auto& session : state_->all()) session->abort();
}

void FrontDoor::on_empty(std::function<void()> callback) {
  if (state_->empty()) return callback();
  state_->when_empty = std::move(callback);
}

std::size_t FrontDoor::sessions() const {
  return state_->sessions.size();
}

std::size_t FrontDoor::buffered_octets() const {
  return state_->buffers.lent() * ReadBuffers::octets;
}

}  // namespace malleposte::receive
