#include "appliance/engine.h"

#include <fmt/format.h>

#include "base/limits.h"

namespace malleposte::appliance {

using monitor::Severity;

Engine::Engine(Loop& loop, monitor::Record& record, const config::Settings& settings)
    : loop_(loop), settings_(settings), traffic_(record, loop) {}

Engine::~Engine() {
  let_go();
}

Result<void> Engine::recover(std::unique_ptr<spool::Disk> disk, std::size_t inline_most) {
  spool::LogStoreOptions options;
  options.segment_octets = settings_.segment_size;
  options.memory_limit = settings_.queue_memory_limit;
  options.inline_most = inline_most;
  if (settings_.bounce_returns == config::BounceReturns::message)
    options.returned_octets = limits::dsn_message_octets;
  options.report = [this](const std::string& text) { warn(text); };
  auto store = spool::LogStore::open(loop_, std::move(disk), std::move(options));
  if (!store) return tl::make_unexpected(store.error());
  store_ = std::move(*store);
  return {};
}

void Engine::compose(net::Network& network, net::Resolver& resolver, spool::Store& store,
                     deliver::Mailboxes& mailboxes, std::vector<IpAddress> machine) {
  own_.emplace(settings_, std::move(machine));
  routes_.emplace(settings_);
  recipients_.emplace(*routes_, mailboxes);
  dispatcher_ = std::make_unique<deliver::Dispatcher>(deliver::Surroundings{
      loop_, store, network, resolver, traffic_, settings_, *own_, *routes_, mailboxes});
  store.on_generated([this](mail::MessageId id, const spool::Generated& made) {
    traffic_.generated(id, made.envelope, made.content.size(), made.why);
  });
  door_ = std::make_unique<receive::FrontDoor>(loop_, network, resolver, store, traffic_,
                                               *recipients_, settings_);
}

void Engine::reload(std::vector<IpAddress> machine) {
  own_.emplace(settings_, std::move(machine));
  routes_.emplace(settings_);
  door_->reload(settings_);
  dispatcher_->reload();
}

Task<void> Engine::stop() {
  OneShot<bool> empty;
  const auto grace = loop_.call_at(loop_.steady() + limits::session_grace, [this] {
    if (door_->sessions() > 0)
      warn(
          fmt::format("ending: {} sessions did not end in time and are cut off; their mail stays "
                      "with its clients",
                      door_->sessions()));
    abort();
  });
  const auto seconds = [](Duration duration) {
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  };
  say(fmt::format(
      "ending: waits for sessions ({}, at most {} s) and deliveries past their final dot "
      "({}, at most {} s)",
      door_->sessions(), seconds(limits::session_grace), dispatcher_->past_final_dot(),
      seconds(limits::delivery_grace)));
  door_->stop();
  // Not on the stack of the session that was the last one.
  door_->on_empty([this, &empty] { loop_.post([&empty] { empty.set(true); }); });
  for (const deliver::InDoubt& delivery : co_await dispatcher_->stop())
    warn(
        delivery.host.empty()
            ? fmt::format("the delivery of {} is not on disk: it was answered, but the spool could "
                          "not keep that, and it will be tried again",
                          to_string(delivery.message))
            : fmt::format("the delivery of {} to {} is in doubt: it had not been answered when "
                          "this server ended, and it will be tried again",
                          to_string(delivery.message), delivery.host));
  co_await empty;
  loop_.cancel(grace);
  say("ending: waits for the disk");
}

void Engine::hasten() {
  dispatcher_->hasten();
  abort();
}

void Engine::out_of_descriptors() {
  if (door_) door_->out_of_descriptors();
}

void Engine::abort() {
  if (door_) door_->abort();
}

void Engine::let_go() {
  dispatcher_.reset();
  door_.reset();
}

void Engine::say(const std::string& text) {
  traffic_.event("log", Severity::info, text);
}

void Engine::warn(const std::string& text) {
  traffic_.event("log", Severity::warning, text);
}

}  // namespace malleposte::appliance
