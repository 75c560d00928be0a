#include "config/load.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/ascii.h"
#include "config/destination_limits.h"
#include "config/toml_file.h"
#include "config/values.h"

namespace malleposte::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view environment_prefix = "MALLEPOSTE_";

std::string environment_name(std::string_view property) {
  std::string name(environment_prefix);
  for (char c : property) name += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return name;
}

std::string property_name(std::string_view variable) {
  return lowered(variable.substr(environment_prefix.size()));
}

// Where relative names start: beside the configuration file.
fs::path folder_of(const fs::path& file) {
  std::error_code error;
  const fs::path here = fs::current_path(error);
  return file.empty() ? here : (here / file).parent_path();
}

bool holds_everybody(const std::vector<Cidr>& networks) {
  return std::any_of(networks.begin(), networks.end(),
                     [](const Cidr& one) { return one.prefix == 96 || one.prefix == 0; });
}

std::string unknown(std::string_view name) {
  if (const Property* nearest = nearest_property(name))
    return fmt::format("there is no property \"{}\"; did you mean {}?", name, nearest->name);
  return fmt::format("there is no property \"{}\"; `malleposte properties` lists them", name);
}

// The work of one load(): fills `loaded_` step by step.
class Loader {
 public:
  explicit Loader(const Sources& sources) : sources_(sources) {}

  Loaded run() {
    for (const Property& property : properties())
      loaded_.values.push_back({&property, std::string(property.standard), "default", false});
    take_file();
    take_environment();
    take_set();
    store();
    read_routes();
    read_destination_limits();
    check_logs();
    check_keys();
    check_retries();
    check_ports();
    check_user();
    name_host();
    add_notices();
    return std::move(loaded_);
  }

 private:
  Value& value(std::string_view name) {
    auto found = std::find_if(loaded_.values.begin(), loaded_.values.end(),
                              [&](const Value& v) { return v.property->name == name; });
    assert(found != loaded_.values.end());
    return *found;
  }
  Settings& settings() { return loaded_.settings; }

  void problem(std::string_view property, std::string what, std::string_view documented = {}) {
    loaded_.problems.push_back(
        {value(property).where, std::string(property), std::move(what), documented});
  }
  bool is_wrong(std::string_view property) const {
    return std::any_of(loaded_.problems.begin(), loaded_.problems.end(),
                       [&](const Problem& p) { return p.property == property; });
  }
  void notice(std::string text) { loaded_.notices.push_back(std::move(text)); }

  void take(std::string_view name, std::string text, std::string where) {
    if (!find_property(name)) {
      loaded_.problems.push_back({std::move(where), "", unknown(name), {}});
      return;
    }
    Value& target = value(name);
    target.text = std::move(text);
    target.where = std::move(where);
    target.given = true;
  }

  void take_file() {
    settings().file = sources_.file;
    if (sources_.file.empty()) return;
    TomlFile file = read_toml(sources_.file);
    for (TomlProblem& found : file.problems) {
      std::string where = sources_.file.string();
      if (found.line != 0) where += fmt::format(":{}", found.line);
      loaded_.problems.push_back({std::move(where), "", std::move(found.what), {}});
    }
    for (TomlEntry& entry : file.entries) {
      const std::string where = fmt::format("{}:{}", sources_.file.string(), entry.line);
      const Property* property = find_property(entry.name);
      if (property && entry.is_list && !takes_list(property->type)) {
        loaded_.problems.push_back({where,
                                    entry.name,
                                    fmt::format("is a list; it takes one {}", type_text(*property)),
                                    {}});
        continue;
      }
      take(entry.name, std::move(entry.text), where);
    }
  }

  static bool takes_list(Type type) {
    return type == Type::address_list || type == Type::network_list || type == Type::domain_list ||
           type == Type::next_hop_list;
  }

  void take_environment() {
    for (const auto& [variable, text] : sources_.environment) {
      if (!variable.starts_with(environment_prefix)) continue;
      const std::string name = property_name(variable);
      // Others (container managers) make variables of this prefix too: only what looks like a slip
      // is worth a word.
      if (find_property(name))
        take(name, text, "environment " + variable);
      else if (const Property* nearest = nearest_property(name))
        notice(fmt::format("environment {}: no such property; did you mean {}?", variable,
                           environment_name(nearest->name)));
    }
  }

  void take_set() {
    for (const Assignment& set : sources_.set) take(set.name, set.value, "--set " + set.name);
  }

  void store() {
    const fs::path base = folder_of(sources_.file);
    for (const Value& v : loaded_.values) {
      const bool port = v.property->name == "ui_port";
      if (auto wrong = v.property->store(v.text, base, settings()))
        problem(v.property->name, std::move(*wrong), port ? documented::e7 : std::string_view());
    }
  }

  // The content of the file that a property names, relative to the configuration file.
  std::optional<std::string> content_of(std::string_view property) {
    const std::string& name = value(property).text;
    if (name.empty()) return std::nullopt;
    const fs::path path = path_of(name);
    std::ifstream file(path, std::ios::binary);
    std::error_code error;
    if (!file || fs::is_directory(path, error)) {
      problem(property, fmt::format("the file {} cannot be read", path.string()));
      return std::nullopt;
    }
    return std::string{std::istreambuf_iterator<char>(file), {}};
  }
  fs::path path_of(const std::string& name) const {
    return (sources_.file.parent_path() / name).lexically_normal();
  }
  // What is wrong in such a file, by line.
  void lines_wrong(std::string_view property, std::vector<LineProblem>& problems) {
    for (auto& found : problems)
      loaded_.problems.push_back(
          {fmt::format("{}:{}", path_of(value(property).text).string(), found.line),
           "",
           std::move(found.what),
           {}});
  }

  void read_routes() {
    settings().routes_file = fs::path(value("routes").text).filename().string();
    const auto content = content_of("routes");
    if (!content) return;
    Routes parsed = parse_routes(*content);
    lines_wrong("routes", parsed.problems);
    settings().routes = std::move(parsed.routes);
  }

  void read_destination_limits() {
    settings().destination_limits_file =
        fs::path(value("destination_limits").text).filename().string();
    const auto content = content_of("destination_limits");
    if (!content) return;
    DestinationLimits parsed = parse_destination_limits(*content);
    lines_wrong("destination_limits", parsed.problems);
    settings().destination_limits = std::move(parsed.limits);
  }

  void check_logs() {
    if (settings().logs_enabled && settings().log.empty() && !is_wrong("log"))
      problem("logs_enabled",
              "is yes while `log` is not connected; name a share in `log` or say no",
              documented::e3);
  }

  void check_keys() {
    const Settings& s = settings();
    std::error_code error;
    const bool has_volume = !s.volume_key.empty();
    if (has_volume && !s.fs.empty()) {
      problem("fs", "is set together with volume_key; the keys have one place",
              documented::two_key_stores);
      return;
    }
    if (has_volume && (!fs::is_directory(s.volume_key, error) ||
                       ::access(s.volume_key.c_str(), R_OK | X_OK) != 0)) {
      problem("volume_key", fmt::format("{} is no readable directory", s.volume_key.string()),
              documented::e1);
      return;
    }
    if (s.ssl_disabled || is_wrong("ssl_key_file") || is_wrong("ssl_cert_file")) return;
    if (s.ssl_key_file.empty() || s.ssl_cert_file.empty()) {
      problem("ssl_disabled", "is no; this needs ssl_key_file and ssl_cert_file", documented::e9);
      return;
    }
    if (!s.fs.empty()) return;  // seen when the share is there
    for (std::string_view name : {"ssl_key_file", "ssl_cert_file"}) {
      const fs::path file = fs::path(value(name).text).relative_path();
      if (has_volume && fs::is_regular_file(s.volume_key / file, error) &&
          ::access((s.volume_key / file).c_str(), R_OK) == 0)
        continue;
      problem(name,
              has_volume ? fmt::format("{} cannot be read", (s.volume_key / file).string())
                         : std::string("is set, but there is no key volume; set volume_key"),
              documented::e8);
    }
  }

  void check_retries() {
    if (is_wrong("retry_first") || is_wrong("retry_max")) return;
    if (settings().retry_max < settings().retry_first)
      problem(value("retry_max").given ? "retry_max" : "retry_first",
              fmt::format("retry_max ({}) is shorter than retry_first ({})",
                          value("retry_max").text, value("retry_first").text));
  }

  void check_ports() {
    if (is_wrong("ui_port") || is_wrong("smtp_port")) return;
    if (settings().ui_port == settings().smtp_port)
      problem(value("ui_port").given ? "ui_port" : "smtp_port",
              fmt::format("ui_port and smtp_port are both {}; they have to differ",
                          settings().ui_port));
  }

  void check_user() {
    const std::string& name = settings().run_as;
    if (!name.empty() && ::getpwnam(name.c_str()) == nullptr)
      problem("run_as", fmt::format("\"{}\" is no user of this system", name));
  }

  void name_host() {
    if (!settings().hostname.empty() || is_wrong("hostname")) return;
    const std::string name = sources_.machine_name ? sources_.machine_name() : std::string();
    auto domain = parse_domain(name);
    if (domain && domain->find('.') != std::string::npos) {
      settings().hostname = *domain;
      return;
    }
    settings().hostname = "localhost.localdomain";
    notice(
        "hostname is empty and this machine has no fully qualified name: mail goes out as "
        "localhost.localdomain, which many servers refuse; set hostname");
  }

  void add_notices() {
    for (const Value& v : loaded_.values)
      if (v.given && v.text != v.property->standard && not_served_yet(v.property->name))
        notice(
            fmt::format("{} is not served by this version: it was read and checked, and has no "
                        "effect ({})",
                        v.property->name, v.where));
    const Settings& s = settings();
    if (s.mode != Mode::relay && s.mode != Mode::satellite && s.mode != Mode::none)
      notice(
          fmt::format("local delivery is not served by this version: mode {} delivers to no "
                      "mailbox",
                      value("mode").text));
    if (s.log.starts_with("smb://"))
      notice("a share in log is not served by this version; a mounted directory is");
    if (s.password.starts_with('$'))
      notice("a hash in password is not served by this version; it is taken as the plain text");
    if (!s.cc_mta.empty() && !s.smart_relay.empty())
      notice("cc_mta is ignored because smart_relay is set");
    if (!s.destinations.empty() && (s.mode == Mode::relay || s.mode == Mode::satellite))
      notice(fmt::format("destinations is ignored in mode {}", value("mode").text));
    for (std::string_view name : {"proxy_protocol_clients", "xclient_clients"})
      if (holds_everybody(name == "xclient_clients" ? s.xclient_clients : s.proxy_protocol_clients))
        notice(fmt::format(
            "{} holds every address: whoever connects can make himself a trusted client", name));
    for (const Cidr& network : s.smtpd_trusted_networks)
      if (network.prefix == 96 || network.prefix == 0)
        notice("smtpd_trusted_networks holds every address: this is an open relay");
  }

  const Sources& sources_;
  Loaded loaded_;
};

}  // namespace

std::string to_string(const Problem& problem) {
  const bool named = problem.property.empty() || problem.where.starts_with("--set ") ||
                     problem.where.starts_with("environment ");
  return fmt::format("{}: {}{}", problem.where, named ? "" : problem.property + ": ", problem.what);
}

const Value& Loaded::value(std::string_view property) const {
  auto found = std::find_if(values.begin(), values.end(),
                            [&](const Value& v) { return v.property->name == property; });
  assert(found != values.end());
  return *found;
}

Loaded load(const Sources& sources) {
  return Loader(sources).run();
}

Loaded for_running(const Loaded& running, Loaded now) {
  assert(running.values.size() == now.values.size());
  for (std::size_t i = 0; i < now.values.size(); ++i) {
    Value& fresh = now.values[i];
    const Value& old = running.values[i];
    if (fresh.property->effect == Effect::reload || fresh.text == old.text) continue;
    now.notices.push_back(fmt::format("{} has changed ({}) and takes effect at the next start",
                                      fresh.property->name, fresh.where));
    fresh = old;
    // What was good once is good now: the text comes from the configuration in force.
    const std::filesystem::path base = folder_of(running.settings.file);
    const auto wrong = fresh.property->store(old.text, base, now.settings);
    assert(!wrong);
  }
  now.settings.hostname = running.settings.hostname;
  return now;
}

std::vector<const Property*> changed(const Loaded& before, const Loaded& now) {
  assert(before.values.size() == now.values.size());
  std::vector<const Property*> differing;
  for (std::size_t i = 0; i < now.values.size(); ++i) {
    const Property* property = now.values[i].property;
    const bool content =
        (property->name == "routes" && before.settings.routes != now.settings.routes) ||
        (property->name == "destination_limits" &&
         before.settings.destination_limits != now.settings.destination_limits);
    if (content || before.values[i].text != now.values[i].text) differing.push_back(property);
  }
  return differing;
}

}  // namespace malleposte::config
