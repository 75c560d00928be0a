#include "appliance/appliance.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>

#include "admin/api.h"
#include "appliance/command_line.h"
#include "appliance/engine.h"
#include "appliance/identity.h"
#include "appliance/lock_file.h"
#include "appliance/names.h"
#include "appliance/overload_watch.h"
#include "appliance/sites.h"
#include "appliance/standing_notices.h"
#include "appliance/version.h"
#include "appliance/volume_watch.h"
#include "deliver/file_mailboxes.h"
#include "monitor/journal.h"
#include "net/asio_loop.h"
#include "net/asio_network.h"
#include "net/http_server.h"
#include "net/unbound_resolver.h"
#include "spool/file_disk.h"

namespace malleposte::appliance {
namespace {

namespace fs = std::filesystem;
using config::Settings;
using monitor::Severity;

constexpr std::string_view reload_failed = "reload-failed";

// What could not start: the documented text and what exactly failed.
struct StartError {
  std::string_view documented;
  std::string text;
};
using Started = Result<void, StartError>;

tl::unexpected<StartError> cannot_start(std::string_view documented, const Error& error) {
  return tl::make_unexpected(StartError{documented, error.text});
}

// What most people need to know when a port below 1024 is refused to them.
Error with_hint(Error error, std::string_view property) {
  if (error.text.ends_with("Permission denied"))
    error.text += fmt::format(
        ": ports below 1024 need root (run_as names the user to become then); set {} to use "
        "another port",
        property);
  return error;
}

// Where the logs go: to the directory in `log` while logs_enabled, else to stderr.
monitor::JournalOptions journal_options(const Settings& settings) {
  monitor::JournalOptions options;
  options.hostname = settings.hostname;
  options.pid = ::getpid();
  const bool share = settings.logs_enabled && settings.log.starts_with('/');
  if (!share) {
    options.events_to_stderr = true;
    return options;
  }
  const fs::path directory(settings.log);
  const fs::path name = fs::path(settings.maillog_filename).relative_path();
  // Servers that share a directory have mail logs of different names, and so different events.
  if (name.empty()) {
    options.events_file = directory / "events.jsonl";
  } else {
    options.mail_log = directory / name;
    options.events_file = directory / (name.string() + ".events.jsonl");
  }
  return options;
}

std::vector<std::string> dns_servers(const Settings& settings) {
  std::vector<std::string> servers;
  for (const config::HostPort& server : settings.dns_servers)
    servers.push_back(fmt::format("{}@{}", server.host, server.port));
  return servers;
}

class Appliance {
 public:
  Appliance(config::Loaded loaded, std::function<config::Loaded()> reload, Console& console)
      : loaded_(std::move(loaded)),
        settings_(loaded_.settings),
        reload_(std::move(reload)),
        console_(console),
        journal_(loop_, journal_options(settings_), &notices_),
        engine_(loop_, journal_, settings_),
        traffic_(engine_.traffic()),
        standing_(notices_, traffic_),
        network_(loop_,
                 [this](const std::string& text) {
                   warn(text);
                   engine_.out_of_descriptors();
                 }),
        mailboxes_(loop_) {}

  int serve() {
    if (auto started = start(); !started) {
      fail_to_start(started.error());
      if (engine_.recovered()) leave();
      return exit_code::failed;
    }
    loop_.run();
    return exit_code::done;
  }

  ~Appliance() {
    // Nothing may still be under way on the lanes when its owner goes.
    http_.clear();
    watch_.reset();
    overload_.reset();
    engine_.abort();
    loop_.run_ready();
    loop_.join_lanes();
    loop_.run_ready();
    // From here on nothing runs that could come back to what goes.
    engine_.let_go();
    api_.reset();
    // The store may have begun the next segment meanwhile: it must not go while a lane makes it.
    loop_.join_lanes();
    journal_.flush_now();
  }

 private:
  Started start() {
    auto run_as = RunAs::find(settings_.run_as);
    if (!run_as) return cannot_start(config::documented::e4, run_as.error());
    if (auto opened = open_volume(*run_as); !opened) return opened;
    if (auto resolver = open_resolver(); !resolver) return resolver;
    make_parts();
    // From here on a signal is an orderly end; before, there is nothing to put in order.
    loop_.on_signal(SIGTERM, [this] { stop("SIGTERM"); });
    loop_.on_signal(SIGINT, [this] { stop("SIGINT"); });
    loop_.on_signal(SIGHUP, [this] { reload(); });
    if (auto listening = listen(*run_as); !listening) return listening;
    watch_ = std::make_unique<VolumeWatch>(
        loop_, [this] { return engine_.store().health(); }, notices_, traffic_);
    overload_ = std::make_unique<OverloadWatch>(
        loop_, [this] { return engine_.door().crowd(); }, notices_, traffic_);
    engine_.start();
    standing_.show(loaded_, loop_.wall());
    announce();
    return {};
  }

  // Lock, then recovery: as the user whose files these are.
  Started open_volume(const RunAs& run_as) {
    const fs::path& volume = settings_.volume_data;
    std::error_code error;
    fs::create_directories(volume, error);
    if (error || !fs::is_directory(volume, error))
      return cannot_start(
          config::documented::e5,
          {Fault::disk, fmt::format("volume_data: {} cannot be made: {}.", volume.string(),
                                    error ? error.message() : "it is no directory")});
    if (auto given = run_as.give(volume); !given)
      return cannot_start(config::documented::e5, given.error());
    if (auto acting = run_as.act_as_user(); !acting)
      return cannot_start(config::documented::e5, acting.error());
    auto lock = LockFile::take(volume / "lock");
    if (!lock) return cannot_start(config::documented::e5, lock.error());
    lock_.emplace(std::move(*lock));
    auto disk = spool::open_file_disk((volume / spool_name).string());
    if (!disk) return cannot_start(config::documented::e5, disk.error());
    if (auto recovered = engine_.recover(std::move(*disk)); !recovered)
      return cannot_start(config::documented::e5, recovered.error());
    if (auto back = run_as.back_to_root(); !back)
      return cannot_start(config::documented::e5, back.error());
    return {};
  }

  Started open_resolver() {
    net::UnboundResolver::Options options;
    options.servers = dns_servers(settings_);
    auto resolver = net::UnboundResolver::open(loop_, std::move(options));
    if (!resolver) return cannot_start(config::documented::e5, resolver.error());
    resolver_ = std::move(*resolver);
    return {};
  }

  void make_parts() {
    engine_.compose(network_, *resolver_, engine_.store(), mailboxes_,
                    deliver::machine_addresses());
    metrics_.add([this](monitor::Figures& into) { traffic_.figures(into); });
    metrics_.add([this](monitor::Figures& into) { journal_.figures(into); });
    names_.emplace(loop_, *resolver_, settings_, engine_.own(), engine_.routes());
    sites_.emplace(engine_.dispatcher(), engine_.routes());
    metrics_.add([this](monitor::Figures& into) { names_->figures(into); });
    metrics_.add([this](monitor::Figures& into) { engine_.dispatcher().figures(into); });
    metrics_.add([this](monitor::Figures& into) { engine_.door().figures(into); });
    admin::Api::Options options;
    options.identity = {std::string(version), settings_.hostname, ::getpid(),
                        settings_.deliveries_suspended, settings_.queue_lifetime};
    options.username = settings_.username;
    options.password = settings_.password;
    api_ = std::make_unique<admin::Api>(
        std::move(options), admin::Api::Parts{loop_, engine_.store(), metrics_, notices_, &traffic_,
                                              [this] { return listeners(); }, *names_, *sites_,
                                              [this](policy::Rehearsal::Question question) {
                                                return engine_.door().rehearse(std::move(question));
                                              },
                                              traffic_.queue_times()});
  }

  // Ports as root, then the user for good, then the control socket, which is the user's.
  Started listen(const RunAs& run_as) {
    if (auto opened = engine_.open(); !opened)
      return cannot_start(config::documented::e5, with_hint(opened.error(), "smtp_port"));
    if (auto opened = open_ui(); !opened) return opened;
    if (auto become = run_as.become_user(); !become)
      return cannot_start(config::documented::e5, become.error());
    const std::string control = (settings_.volume_data / control_socket_name).string();
    if (auto opened = open_http({{}, control, admin::import_path}); !opened) return opened;
    return {};
  }

  Started open_ui() {
    std::vector<std::string> addresses = settings_.in;
    const bool everywhere = addresses.empty();
    if (everywhere)
      addresses = {"0.0.0.0", "::"};
    else
      for (const std::string& address : settings_.ui)
        if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
          addresses.push_back(address);
    for (const std::string& address : addresses) {
      const net::Endpoint at{address, settings_.ui_port};
      auto opened = open_http({at, ""});
      if (opened) ui_.push_back(at);
      // Of all addresses IPv6 may fail, since a machine may lack it.
      if (!opened && (!everywhere || ui_.empty())) return opened;
    }
    return {};
  }

  Started open_http(const net::HttpListen& listen) {
    auto server = net::serve_http(loop_, network_, listen, [this](net::HttpRequest request) {
      return api_->handle(std::move(request));
    });
    if (!server) return cannot_start(config::documented::e6, with_hint(server.error(), "ui_port"));
    http_.push_back(std::move(*server));
    return {};
  }

  std::vector<admin::ListenerStatus> listeners() const {
    std::vector<admin::ListenerStatus> list;
    for (const net::Endpoint& at : engine_.door().addresses())
      list.push_back({"smtp", to_string(at)});
    for (const net::Endpoint& at : ui_) list.push_back({"ui", to_string(at)});
    list.push_back({"control", (settings_.volume_data / control_socket_name).string()});
    return list;
  }

  void announce() {
    std::string smtp;
    for (const net::Endpoint& at : engine_.door().addresses())
      smtp += (smtp.empty() ? "" : ", ") + to_string(at);
    std::string ui;
    for (const net::Endpoint& at : ui_) ui += (ui.empty() ? "" : ", ") + to_string(at);
    traffic_.event("started_ok", Severity::info,
                   fmt::format("malleposte {} serves SMTP at {} and HTTP at {}; {} messages in the "
                               "queue",
                               version, smtp, ui, engine_.store().counters().messages));
  }

  void fail_to_start(const StartError& error) {
    traffic_.event("start_failed", Severity::alert, error.documented);
    journal_.flush_now();
    console_.err(fmt::format("{}\n{}\n", error.documented, error.text));
  }

  // After a start that failed halfway: the store prepares segments from its first moment on.
  void leave() {
    engine_.abort();
    http_.clear();
    spawn([](Appliance& self) -> Task<void> {
      co_await self.engine_.drain();
      self.loop_.stop();
    }(*this));
    loop_.run();
  }

  void warn(const std::string& text) { traffic_.event("log", Severity::warning, text); }

  void reload() {
    if (stopping_) return;
    if (reloading_) {
      reload_again_ = true;
      return;
    }
    reloading_ = true;
    auto fresh = std::make_shared<config::Loaded>();
    loop_.offload(
        Loop::Lane::housekeeping, [this, fresh] { *fresh = reload_(); },
        [this, fresh] {
          reloading_ = false;
          if (!stopping_) take_over(std::move(*fresh));
          if (std::exchange(reload_again_, false)) reload();
        });
  }

  void take_over(config::Loaded fresh) {
    if (!fresh.problems.empty() || fresh.settings.mode == config::Mode::none) {
      for (const config::Problem& problem : fresh.problems) warn(to_string(problem));
      constexpr std::string_view text =
          "reload: the configuration is wrong; the one before stays in force";
      warn(std::string(text));
      notices_.raise({std::string(reload_failed), Severity::warning, std::string(text), "",
                      "`malleposte check` says what is wrong.", loop_.wall()});
      return;
    }
    notices_.clear(reload_failed);
    config::Loaded now = config::for_running(loaded_, std::move(fresh));
    std::string names;
    for (const config::Property* property : config::changed(loaded_, now))
      names += (names.empty() ? "" : ", ") + std::string(property->name);
    loaded_ = std::move(now);
    // In place: the parts refer to these.
    settings_ = loaded_.settings;
    // The servers of resolv.conf may be others.
    if (auto flushed = resolver_->flush(); !flushed) warn("reload: " + flushed.error().text);
    engine_.reload(deliver::machine_addresses());
    api_->reload(settings_.deliveries_suspended, settings_.queue_lifetime);
    standing_.show(loaded_, loop_.wall());
    traffic_.event("log", Severity::info,
                   names.empty() ? "reload: nothing has changed" : "reload: changed " + names);
  }

  // --- The end -----------------------------------------------------------------------------------

  // The first signal begins the end, the second one shortens it, more change nothing.
  void stop(std::string_view why) {
    if (stopping_) {
      if (!std::exchange(hastened_, true)) {
        traffic_.event("log", Severity::warning,
                       fmt::format("{} again: waits for nobody any more but the disk", why));
        engine_.hasten();
      }
      return;
    }
    stopping_ = true;
    traffic_.event("log", Severity::info, fmt::format("{}: ending", why));
    // Should a disk or a library not come back, the process still ends in time. What was
    // acknowledged is on stable storage.
    ::alarm(static_cast<unsigned>(
        std::chrono::duration_cast<std::chrono::seconds>(limits::shutdown_timeout).count() - 3));
    spawn(finish());
  }

  Task<void> finish() {
    co_await engine_.stop();
    http_.clear();
    co_await engine_.drain();
    traffic_.event("log", Severity::info, "ended");
    loop_.stop();
  }

  config::Loaded loaded_;
  Settings settings_;
  std::function<config::Loaded()> reload_;
  Console& console_;
  net::AsioLoop loop_;
  monitor::Notices notices_;
  monitor::Metrics metrics_;
  monitor::Journal journal_;
  std::optional<LockFile> lock_;
  std::unique_ptr<net::UnboundResolver> resolver_;
  Engine engine_;
  monitor::Traffic& traffic_;
  StandingNotices standing_;
  net::AsioNetwork network_;
  deliver::FileMailboxes mailboxes_;
  std::optional<Names> names_;
  std::optional<Sites> sites_;
  std::unique_ptr<admin::Api> api_;
  std::vector<std::unique_ptr<net::HttpServer>> http_;
  std::vector<net::Endpoint> ui_;
  std::unique_ptr<VolumeWatch> watch_;
  std::unique_ptr<OverloadWatch> overload_;
  bool reloading_ = false;
  bool reload_again_ = false;
  bool stopping_ = false;
  bool hastened_ = false;
};

// What belongs to the process rather than to a part of the server.
void prepare_process(const Settings& settings) {
  std::signal(SIGPIPE, SIG_IGN);
  ::umask(027);
  if (!settings.timezone.empty()) {
    ::setenv("TZ", settings.timezone.c_str(), 1);
    ::tzset();
  }
  // A descriptor a session; the soft limit is often 1024.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  const rlim_t wanted = std::min<rlim_t>(files.rlim_max, 65536);
  if (files.rlim_cur >= wanted) return;
  files.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

int run_appliance(config::Loaded loaded, std::function<config::Loaded()> reload, Console& console) {
  prepare_process(loaded.settings);
  Appliance appliance(std::move(loaded), std::move(reload), console);
  return appliance.serve();
}

}  // namespace malleposte::appliance
