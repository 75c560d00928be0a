// The one table of properties: name, type, default, check and help of everything that can be set.
// The loader (config/load.h), `malleposte properties`, the manual and the checks are made from it,
// so that they cannot disagree. Constant data; any thread.
//
// To add a property: a line in the table, a member in Settings, and, while nothing serves it yet,
// its name in `not_served_yet`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/settings.h"

namespace malleposte::config {

enum class Type : std::uint8_t {
  text,
  yes_no,
  port,
  duration,
  size,
  number,
  address,
  address_list,
  network_list,
  domain,
  domain_list,
  next_hop_list,
  mailbox,
  file,
  directory,
  choice,
};

// When a change of the file takes effect.
enum class Effect : std::uint8_t { reload, restart };

struct Property {
  std::string_view name;
  Type type;
  std::string_view standard;  // the default, as it would be written
  Effect effect;
  std::string_view help_en, help_fr, help_ja;  // one line each
  std::string_view choices;                    // "relay|none", for Type::choice
  bool secret = false;                         // never shown

  // Checks the text and puts the value into the settings, file names completed by `base` (the
  // folder of the configuration file). Returns what is wrong with it and what is allowed.
  using Store = std::optional<std::string> (*)(std::string_view text,
                                               const std::filesystem::path& base,
                                               Settings& settings);
  Store store;
};

std::span<const Property> properties();

// nullptr when there is no such property.
const Property* find_property(std::string_view name);
// The property whose name looks most like this one; nullptr when none comes close.
const Property* nearest_property(std::string_view name);

// Whether this version reads the property but does nothing with it.
bool not_served_yet(std::string_view name);

// "port, 1 to 65535"
std::string type_text(const Property& property);

// The texts that log parsers match, as documented (E1-E9).
namespace documented {
inline constexpr std::string_view e1 = "Error: failed to mount key volume.";
inline constexpr std::string_view e3 =
    "Error: logs are enabled but the 'log' terminal is not connected.";
inline constexpr std::string_view e4 = "Error: failed to preconfigure the MTA";
inline constexpr std::string_view e5 =
    "Error: failed to start the Postfix MTA server. Please see the /var/log/appliance/log log file "
    "in MTA for more details on the failure";
inline constexpr std::string_view e6 =
    "Error: failed to initialize the UI backend, please contact 3Tera support.";
inline constexpr std::string_view e7 = "Error: ui_port value must be between 1 and 65535";
inline constexpr std::string_view e8 = "Error: couldn't find ssl keys on the key volume!";
inline constexpr std::string_view e9 = "Error: ssl_disabled=no, but ssl key files are not defined!";
inline constexpr std::string_view two_key_stores =
    "Error: both the key volume and the 'fs' terminal are supplied.";
}  // namespace documented

// What an output that nobody connected resolves to.
inline constexpr std::string_view unconnected_address = "0.255.255.255";

}  // namespace malleposte::config
