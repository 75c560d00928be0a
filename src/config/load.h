// From what people wrote to Settings. Four sources, the first that names a property wins: `--set`,
// the environment (MALLEPOSTE_<PROPERTY>), malleposte.toml, the default. An empty value is a value.
// Called at start, by `malleposte check` and at reload; reads files, blocks.
//
// Everything that is wrong is found at once, each problem with its place.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/properties.h"
#include "config/settings.h"

namespace malleposte::config {

struct Assignment {
  std::string name;
  std::string value;
};

struct Sources {
  std::vector<Assignment> set;                     // --set, the last one of a name wins
  std::map<std::string, std::string> environment;  // names that begin with MALLEPOSTE_ count
  std::filesystem::path file;                      // "" there is none
  // The machine's fully qualified name, "" when it has none; asked when hostname is empty.
  std::function<std::string()> machine_name;
};

// What one property is set to, and where.
struct Value {
  const Property* property;
  std::string text;
  std::string where;   // "malleposte.toml:3", "--set ui_port", "environment MALLEPOSTE_UI_PORT",
                       // "default"
  bool given = false;  // by somebody, not by default
};

struct Problem {
  std::string where;            // as Value::where; a file with its line
  std::string property;         // "" when it is none's
  std::string what;             // one sentence: what is wrong, what is allowed
  std::string_view documented;  // the text of E1-E9 when one is documented for it, else ""
};
// "malleposte.toml:3: ui_port: "0" is no port; allowed are 1 to 65535"
std::string to_string(const Problem& problem);

struct Loaded {
  Settings settings;          // good when there are no problems
  std::vector<Value> values;  // all properties, in the order of the table
  std::vector<Problem> problems;
  std::vector<std::string> notices;  // nothing is wrong, but somebody should know

  const Value& value(std::string_view property) const;
};

Loaded load(const Sources& sources);

// The properties whose values differ, with the content of the files for routes and limits;
// the order of the table.
std::vector<const Property*> changed(const Loaded& before, const Loaded& now);

// What a running server may take over of a configuration that was loaded anew: where properties
// that need a restart differ, they keep their running values, and a notice says so.
Loaded for_running(const Loaded& running, Loaded now);

// The configuration file when --config names none: ./malleposte.toml if it belongs to `user` or to
// root (a file that a stranger left in a directory is not obeyed), else
// /etc/malleposte/malleposte.toml, else "".
std::filesystem::path default_file(const std::filesystem::path& directory, unsigned user);

// The fully qualified name of this machine from its host name and /etc/hosts or DNS; "" without
// one. Blocks as long as the system's resolver does.
std::string machine_name();

}  // namespace malleposte::config
