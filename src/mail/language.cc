#include "mail/language.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/ascii.h"
#include "mail/message_fields.h"

namespace malleposte::mail {
namespace {

constexpr std::size_t field_octets = 1000;  // looked at; a list of languages is short

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Comments may stand anywhere (RFC 5322 3.2.2); what is in a comment that does not end is one.
std::string without_comments(std::string_view text) {
  std::string rest;
  unsigned depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (depth > 0 && c == '\\') {
      ++at;
    } else if (c == '(') {
      ++depth;
    } else if (depth > 0 && c == ')') {
      --depth;
    } else if (depth == 0) {
      rest += c;
    }
  }
  return rest;
}

std::string_view take_until(std::string_view& text, char mark) {
  const auto at = std::min(text.find(mark), text.size());
  const auto part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return trimmed(part);
}

std::optional<Language> known(std::string_view range) {
  if (range == "*") return Language::english;  // any: then what all others get
  const auto primary = lowered(range.substr(0, range.find('-')));
  for (auto language : all_languages)
    if (primary == tag(language)) return language;
  return std::nullopt;
}

// "0.8" in thousandths (RFC 3282 3); -1 when it is none.
int quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
  if (text.size() > 1 && text[1] != '.') return -1;
  int thousandths = (text[0] - '0') * 1000;
  int unit = 100;
  for (char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return -1;
    thousandths += (c - '0') * unit;
    unit /= 10;
  }
  return thousandths <= 1000 ? thousandths : -1;
}

// How much a range of Accept-Language is wanted, by what stands behind it.
int quality_of(std::string_view parameters) {
  while (!parameters.empty()) {
    auto parameter = take_until(parameters, ';');
    const auto name = take_until(parameter, '=');
    if (lowered(name) == "q") return quality(trimmed(parameter));
  }
  return 1000;
}

// The most wanted of ours in a list; of equals the first.
std::optional<Language> preferred(std::string_view content, std::string_view field) {
  const auto text = without_comments(header_value(content, field, field_octets));
  std::string_view list = text;
  std::optional<Language> best;
  int best_quality = 0;
  while (!list.empty()) {
    auto entry = take_until(list, ',');
    const auto language = known(take_until(entry, ';'));
    const auto wanted = quality_of(entry);
    if (!language || wanted <= best_quality) continue;
    best = language;
    best_quality = wanted;
  }
  return best;
}

}  // namespace

std::string_view tag(Language language) {
  switch (language) {
    case Language::english:
      return "en";
    case Language::french:
      return "fr";
    case Language::japanese:
      return "ja";
  }
  return "";
}

Language language_for(std::string_view content) {
  if (auto accepted = preferred(content, "accept-language")) return *accepted;
  return preferred(content, "content-language").value_or(Language::english);
}

}  // namespace malleposte::mail
