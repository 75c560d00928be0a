#include "appliance/config_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>

#include "config/property_text.h"

extern char** environ;

namespace malleposte::appliance {
namespace {

namespace json = boost::json;

json::string text_of(std::string_view text) {
  return json::string(text.data(), text.size());
}

json::object value_json(const config::Value& value) {
  return {{"name", text_of(value.property->name)},
          {"value", text_of(config::shown(value))},
          {"where", text_of(value.where)},
          {"default", text_of(value.property->standard)}};
}

json::array notices_json(const config::Loaded& loaded) {
  json::array notices;
  for (const std::string& notice : loaded.notices) notices.push_back(text_of(notice));
  return notices;
}

int check_json(const config::Loaded& loaded, bool good, Console& console) {
  json::array problems;
  for (const config::Problem& problem : loaded.problems)
    problems.push_back(json::object{{"where", text_of(problem.where)},
                                    {"property", text_of(problem.property)},
                                    {"text", text_of(problem.what)},
                                    {"documented", text_of(problem.documented)}});
  json::array values;
  for (const config::Value& value : loaded.values) values.push_back(value_json(value));
  json::object answer{{"ok", good},
                      {"file", text_of(loaded.settings.file.string())},
                      {"problems", std::move(problems)},
                      {"notices", notices_json(loaded)},
                      {"properties", std::move(values)}};
  console.out(json::serialize(answer) + "\n");
  return good ? exit_code::done : exit_code::configuration;
}

}  // namespace

config::Sources sources_of(const CommandLine& line) {
  config::Sources sources;
  sources.set = line.set;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos && text.starts_with("MALLEPOSTE_"))
      sources.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  std::error_code error;
  sources.file = line.config.empty()
                     ? config::default_file(std::filesystem::current_path(error), ::geteuid())
                     : std::filesystem::path(line.config);
  sources.machine_name = config::machine_name;
  return sources;
}

void show_problems(const config::Loaded& loaded, Console& console) {
  for (const config::Problem& problem : loaded.problems) {
    if (!problem.documented.empty()) console.err(std::string(problem.documented) + "\n");
    console.err(printable(to_string(problem)) + "\n");
  }
}

int check(const CommandLine& line, const config::Loaded& loaded, Console& console) {
  const bool configured = loaded.settings.mode != config::Mode::none;
  const bool good = loaded.problems.empty() && configured;
  if (line.json) return check_json(loaded, good, console);
  if (!loaded.problems.empty()) {
    show_problems(loaded, console);
    console.err(
        fmt::format("{} wrong.\n", loaded.problems.size() == 1
                                       ? "One thing is"
                                       : fmt::format("{} things are", loaded.problems.size())));
    return exit_code::configuration;
  }
  std::size_t width = 0;
  for (const config::Value& value : loaded.values)
    width = std::max(width, value.property->name.size() + 3 + config::shown(value).size());
  for (const config::Value& value : loaded.values)
    console.out(fmt::format("{:<{}}  {}\n",
                            fmt::format("{} = {}", value.property->name, config::shown(value)),
                            std::min<std::size_t>(width, 60), value.where));
  for (const std::string& notice : loaded.notices) console.out("Notice: " + notice + ".\n");
  if (!configured) {
    console.err(std::string(not_configured) + "\n");
    return exit_code::configuration;
  }
  console.out(fmt::format("The configuration is good ({}); the host is {}.\n",
                          loaded.settings.file.empty() ? "no file" : loaded.settings.file.string(),
                          loaded.settings.hostname));
  return exit_code::done;
}

int show_properties(const CommandLine& line, const config::Loaded& loaded, Console& console) {
  if (line.markdown) {
    console.out(config::properties_as_markdown());
    return exit_code::done;
  }
  if (line.json) {
    json::array list;
    for (const config::Value& value : loaded.values) {
      const config::Property& property = *value.property;
      json::object entry = value_json(value);
      entry["type"] = text_of(type_text(property));
      entry["effect"] = property.effect == config::Effect::reload ? "reload" : "restart";
      entry["served"] = !config::not_served_yet(property.name);
      entry["help"] = json::object{{"en", text_of(property.help_en)},
                                   {"fr", text_of(property.help_fr)},
                                   {"ja", text_of(property.help_ja)}};
      list.push_back(std::move(entry));
    }
    console.out(json::serialize(list) + "\n");
  } else {
    console.out(config::properties_as_text(loaded.values));
  }
  // Listing is not checking: what is wrong is said, and `check` is there to fail.
  show_problems(loaded, console);
  return exit_code::done;
}

}  // namespace malleposte::appliance
