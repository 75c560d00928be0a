#include "smtp/xclient.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/ip_address.h"
#include "base/limits.h"
#include "smtp/command.h"
#include "smtp/xtext.h"

namespace malleposte::smtp {
namespace {

constexpr std::string_view unavailable = "[UNAVAILABLE]";
constexpr std::string_view temporarily_unavailable = "[TEMPUNAVAIL]";

// In the order of Attribute.
struct Row {
  std::string_view key;
  bool xclient, xforward;
};
constexpr std::array<Row, 10> rows{{
    {"NAME", true, true},
    {"ADDR", true, true},
    {"PORT", true, true},
    {"PROTO", true, true},
    {"HELO", true, true},
    {"LOGIN", true, false},
    {"DESTADDR", true, false},
    {"DESTPORT", true, false},
    {"SOURCE", false, true},
    {"IDENT", false, true},
}};

std::optional<Attribute> find(std::string_view key, Extension extension) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool taken = extension == Extension::xclient ? rows[i].xclient : rows[i].xforward;
    if (taken && same_text(rows[i].key, key)) return static_cast<Attribute>(i);
  }
  return {};
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

// "192.0.2.1" or "IPV6:2001:db8::1" (some leave the tag away); returned in its usual writing.
std::optional<std::string> address(std::string_view text) {
  constexpr std::string_view tag = "IPV6:";
  const bool six = text.size() > tag.size() && same_text(text.substr(0, tag.size()), tag);
  if (six) text.remove_prefix(tag.size());
  const auto parsed = parse_ip(text);
  if (!parsed || (six && text.find(':') == std::string_view::npos)) return {};
  return malleposte::to_string(*parsed);
}

// The value in the form in which it is kept; nothing when it is not of the attribute's kind.
std::optional<std::string> kept(Attribute attribute, std::string value, Extension extension) {
  const bool any = extension == Extension::xforward;
  switch (attribute) {
    case Attribute::addr:
    case Attribute::destaddr:
      if (any) return value;
      return address(value);
    case Attribute::port:
    case Attribute::destport:
      if (!is_port(value)) return {};
      return value;
    case Attribute::proto:
      if (!any && !same_text(value, "SMTP") && !same_text(value, "ESMTP")) return {};
      return value;
    case Attribute::source:
      if (!same_text(value, "LOCAL") && !same_text(value, "REMOTE")) return {};
      return value;
    case Attribute::name:
    case Attribute::helo:
    case Attribute::login:
    case Attribute::ident:
      break;
  }
  return value;
}

}  // namespace

const ClientAttributes::Told& ClientAttributes::operator[](Attribute attribute) const {
  static const Told nothing;
  const auto found = std::find_if(told_.begin(), told_.end(), [attribute](const Entry& entry) {
    return entry.attribute == attribute;
  });
  return found == told_.end() ? nothing : found->told;
}

void ClientAttributes::set(Attribute attribute, std::string value) {
  std::erase_if(told_, [attribute](const Entry& entry) { return entry.attribute == attribute; });
  told_.push_back({attribute, {true, std::move(value)}});
}

void ClientAttributes::take(ClientAttributes&& later) {
  for (Entry& entry : later.told_) set(entry.attribute, std::move(entry.told.value));
}

Result<ClientAttributes, std::string> parse_client_attributes(std::string_view text,
                                                              Extension extension) {
  const auto wrong = [](std::string_view key, std::string_view what) {
    return tl::make_unexpected(std::string(key).append(what));
  };
  ClientAttributes result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(text.find_first_not_of(" \t", end), text.size()));
    const std::size_t equals = std::min(word.find('='), word.size());
    const auto attribute = find(word.substr(0, equals), extension);
    if (!attribute) return wrong("That attribute is not known here.", "");
    const std::string_view key = rows[static_cast<std::size_t>(*attribute)].key;
    if (result[*attribute].told) return wrong(key, " is given twice.");
    auto value = decode_xtext(word.substr(std::min(equals + 1, word.size())));
    const bool printable =
        value && !value->empty() && value->size() <= limits::attribute_octets &&
        std::all_of(value->begin(), value->end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!printable) return wrong(key, " has a value it may not have.");
    if (same_text(*value, unavailable) ||
        (*attribute == Attribute::name && same_text(*value, temporarily_unavailable))) {
      result.set(*attribute, "");
      continue;
    }
    auto good = kept(*attribute, std::move(*value), extension);
    if (!good) return wrong(key, " has a value it may not have.");
    result.set(*attribute, std::move(*good));
  }
  if (result.empty()) return wrong("Say at least one attribute.", "");
  return result;
}

std::string to_string(const ClientAttributes& attributes) {
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ClientAttributes::Told& told = attributes[static_cast<Attribute>(i)];
    if (!told.told) continue;
    if (!text.empty()) text.push_back(' ');
    for (const char c : rows[i].key) text.push_back(static_cast<char>(c - 'A' + 'a'));
    text.append("=").append(told.value.empty() ? unavailable : std::string_view(told.value));
  }
  return text;
}

std::string_view offer(Extension extension) {
  return extension == Extension::xclient
             ? "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"
             : "XFORWARD NAME ADDR PORT PROTO HELO SOURCE IDENT";
}

}  // namespace malleposte::smtp
