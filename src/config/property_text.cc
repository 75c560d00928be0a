#include "config/property_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "config/properties.h"

namespace malleposte::config {
namespace {

std::string standard_text(const Property& property) {
  return property.standard.empty() ? "(empty)" : std::string(property.standard);
}

std::string_view effect_text(Effect effect) {
  return effect == Effect::reload ? "changes at a reload" : "changes at a restart";
}

// Breaks a line at spaces before it reaches the width; every line is indented.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string result;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (column != 0 && column + 1 + word.size() > width) {
      result += '\n';
      column = 0;
    }
    if (column == 0) {
      result.append(indent, ' ');
      column = indent;
    } else {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
  }
  return result + '\n';
}

}  // namespace

std::string shown(const Value& value) {
  return value.property->secret && !value.text.empty() ? "********" : value.text;
}

std::string properties_as_text(std::span<const Value> values) {
  std::string text =
      "Set a property by --set name=value, by MALLEPOSTE_NAME in the environment or in\n"
      "malleposte.toml; the first of these that names it wins. An empty value is a value.\n\n";
  auto out = std::back_inserter(text);
  for (const Value& value : values) {
    const Property& property = *value.property;
    fmt::format_to(out, "{} = {}", property.name, shown(value));
    if (value.given)
      fmt::format_to(out, "    ({}; default: {})", value.where, standard_text(property));
    text += '\n';
    text += wrapped(property.help_en, 4, 96);
    text +=
        wrapped(fmt::format("({}; {}{})", type_text(property), effect_text(property.effect),
                            not_served_yet(property.name) ? "; not served by this version" : ""),
                4, 96);
  }
  return text;
}

std::string properties_as_markdown() {
  std::string text =
      "# Properties\n\n"
      "<!-- Made by `malleposte properties --markdown`; change src/config/property_table.cc. "
      "-->\n\n"
      "Everything that can be set is a property. Its value comes from the first of these that "
      "names it:\n\n"
      "1. the command line: `--set ui_port=8080` (of two, the last);\n"
      "2. the environment: `MALLEPOSTE_UI_PORT=8080`;\n"
      "3. the configuration file: `ui_port = 8080`;\n"
      "4. the default.\n\n"
      "An empty value is a value: `hostname = \"\"` is not the same as no line at all.\n\n"
      "The configuration file is the one that `--config` names; without it `malleposte.toml` in "
      "the current directory, if it belongs to you or to root; without that "
      "`/etc/malleposte/malleposte.toml`; without that there is none, and the defaults hold. It is "
      "[TOML](https://toml.io), one property a line, without tables. Values are strings; numbers "
      "and `true`/`false` (for `yes`/`no`) may stand without quotes, and lists may be arrays. "
      "Files and directories that are named relatively are relative to the configuration file.\n\n"
      "- **Lists** are separated by commas.\n"
      "- **Durations** are numbers with a unit: `30s`, `5m`, `4h`, `5d`, `1w`, also `1h30m`; from "
      "`1s`.\n"
      "- **Sizes** are octets, or numbers with a unit: `64KB`, `50MB`, `1GB` (powers of 1024).\n"
      "- **Networks** are `192.0.2.0/24`, `2001:db8::/32` or single addresses. `0.0.0.0/0` is all "
      "of IPv4, `::/0` all of IPv6.\n"
      "- **Domains** are `example.org` for that name, `.example.org` for its subdomains.\n"
      "- **Next hops** are `domain` or `domain:port` (its MX hosts), or `[host]`, `[host]:port`, "
      "`[192.0.2.1]:port`, `[ipv6:2001:db8::1]:port` (that host). Several, separated by commas, "
      "are tried in order.\n"
      "- **The routes file** has one `pattern next-hop[,next-hop...]` a line; `#` starts a "
      "comment. A pattern is a domain as above or `*`; the most specific one wins. In place of "
      "next hops it may name [mailboxes](delivery.md#into-mailboxes): "
      "`maildir:/srv/mail/{domain}/{local}`.\n"
      "- **The file of destination limits** has one `pattern key=value ...` a line; what it may "
      "say stands in [the page on delivery](delivery.md#limits-of-a-destination).\n\n"
      "`malleposte check` says what is in force and where it comes from, or everything that is "
      "wrong, and then exits 78. A SIGHUP makes a running server read its configuration again: "
      "the table says which properties change then and which wait for a restart. A property "
      "marked * is read and checked by this version, and has no effect yet; a notice says so "
      "when it is set.\n\n"
      "| property | default | what it is | in force | allowed |\n|---|---|---|---|---|\n";
  auto escaped = [](std::string_view raw) {
    std::string safe;
    for (char c : raw) {
      if (c == '|') safe += '\\';
      safe += c;
    }
    return safe;
  };
  auto out = std::back_inserter(text);
  for (const Property& property : properties())
    fmt::format_to(out, "| `{}`{} | {} | {} | {} | {} |\n", property.name,
                   not_served_yet(property.name) ? " *" : "",
                   property.standard.empty() ? "" : fmt::format("`{}`", property.standard),
                   escaped(property.help_en),
                   property.effect == Effect::reload ? "reload" : "restart",
                   escaped(type_text(property)));
  return text;
}

}  // namespace malleposte::config
