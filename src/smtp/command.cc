#include "smtp/command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/limits.h"

namespace malleposte::smtp {
namespace {

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
bool blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// The longest verb or HTTP method we know has 8 letters.
constexpr std::array<std::pair<std::string_view, Verb>, 32> verbs{{
    {"MAIL", Verb::mail},     {"RCPT", Verb::rcpt},      {"DATA", Verb::data},
    {"RSET", Verb::rset},     {"NOOP", Verb::noop},      {"QUIT", Verb::quit},
    {"EHLO", Verb::ehlo},     {"HELO", Verb::helo},      {"VRFY", Verb::vrfy},
    {"EXPN", Verb::expn},     {"HELP", Verb::help},      {"BDAT", Verb::bdat},
    {"AUTH", Verb::known},    {"STARTTLS", Verb::known}, {"ETRN", Verb::etrn},
    {"ATRN", Verb::known},    {"TURN", Verb::known},     {"SEND", Verb::known},
    {"SOML", Verb::known},    {"SAML", Verb::known},     {"BURL", Verb::known},
    {"XCLIENT", Verb::known}, {"XFORWARD", Verb::known}, {"LHLO", Verb::known},
    {"GET", Verb::http},      {"POST", Verb::http},      {"PUT", Verb::http},
    {"HEAD", Verb::http},     {"OPTIONS", Verb::http},   {"DELETE", Verb::http},
    {"CONNECT", Verb::http},  {"PATCH", Verb::http},
}};

Verb find_verb(std::string_view word) {
  for (const auto& [name, verb] : verbs) {
    if (same_text(word, name)) return verb;
  }
  return Verb::unknown;
}

// RFC 5321 4.1.2 esmtp-keyword.
bool is_keyword(std::string_view text) {
  if (text.empty() || text.front() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (upper(c) >= 'A' && upper(c) <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// RFC 5321 4.1.2 esmtp-value, `=` inside it, which AUTH has, and what RFC 6531 3.3 adds: who reads
// the value says where it may be other than ASCII.
bool is_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 33 && c <= 126) || static_cast<unsigned char>(c) >= 0x80;
  });
}

void parse_parameters(std::string_view text, Command& into) {
  while (!text.empty()) {
    const auto* const word_end = std::find_if(text.begin(), text.end(), blank);
    const std::string_view word = text.substr(0, static_cast<std::size_t>(word_end - text.begin()));
    text = trim(text.substr(word.size()));
    const std::size_t equals = word.find('=');
    Parameter parameter{word.substr(0, equals), {}};
    if (equals != std::string_view::npos) parameter.value = word.substr(equals + 1);
    const bool value_good =
        equals == std::string_view::npos || (!parameter.value.empty() && is_value(parameter.value));
    if (!is_keyword(parameter.key) || !value_good) {
      into.problem = "What follows the address is no parameter.";
      return;
    }
    for (const Parameter& other : into.parameters) {
      if (same_text(other.key, parameter.key)) {
        into.problem = "A parameter is given twice.";
        return;
      }
    }
    into.parameters.push_back(parameter);
  }
}

void parse_path_command(std::string_view keyword, Command& into) {
  if (into.argument.size() < keyword.size() ||
      !same_text(into.argument.substr(0, keyword.size()), keyword)) {
    into.problem = into.verb == Verb::mail ? "Say it like this: MAIL FROM:<user@example.org>"
                                           : "Say it like this: RCPT TO:<user@example.org>";
    return;
  }
  auto path = mail::parse_path(into.argument.substr(keyword.size()));
  if (!path) {
    into.problem = std::move(path.error().text);
    into.address_problem = true;
    return;
  }
  into.address = std::move(path->address);
  parse_parameters(path->rest, into);
}

void parse_host(Command& into) {
  // Some say more than a name; only the first word counts.
  into.argument = into.argument.substr(0, into.argument.find_first_of(" \t"));
  const bool printable = std::all_of(into.argument.begin(), into.argument.end(),
                                     [](char c) { return c >= 33 && c <= 126; });
  if (into.argument.empty()) {
    into.problem = "Say your name: a domain, or an address in brackets.";
  } else if (into.argument.size() > limits::domain_octets || !printable) {
    into.problem = "That is not the name of a host.";
  }
}

// RFC 3030 2: BDAT octets [LAST].
void parse_chunk(Command& into) {
  const std::string_view text = into.argument;
  const std::size_t digits = std::min(text.find_first_of(" \t"), text.size());
  std::uint64_t octets = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, octets);
  if (digits == 0 || error != std::errc{} || end != text.data() + digits) {
    into.problem = "BDAT needs a number of octets.";
    return;
  }
  into.chunk_octets = octets;
  const std::string_view rest = trim(text.substr(digits));
  into.last_chunk = same_text(rest, "LAST");
  if (!into.last_chunk && !rest.empty()) into.problem = "Say it like this: BDAT 1000 LAST";
}

}  // namespace

bool same_text(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return upper(x) == upper(y); });
}

void parse_command(std::string_view line, Command& into) {
  into.address.local.clear();
  into.address.domain.clear();
  into.parameters.clear();
  into.problem.clear();
  into.address_problem = false;
  into.chunk_octets.reset();
  into.last_chunk = false;

  line = trim(line);
  const std::size_t word_end = std::min(line.find_first_of(" \t"), line.size());
  into.verb = find_verb(line.substr(0, word_end));
  into.argument = trim(line.substr(word_end));

  switch (into.verb) {
    case Verb::mail:
      parse_path_command("FROM:", into);
      break;
    case Verb::rcpt:
      parse_path_command("TO:", into);
      if (into.problem.empty() && into.address.null()) {
        into.problem = "The empty address receives no mail.";
        into.address_problem = true;
      }
      break;
    case Verb::helo:
    case Verb::ehlo:
      parse_host(into);
      break;
    case Verb::bdat:
      parse_chunk(into);
      break;
    case Verb::data:
    case Verb::rset:
    case Verb::quit:
      if (!into.argument.empty()) into.problem = "This command takes no argument.";
      break;
    case Verb::vrfy:
    case Verb::expn:
      if (into.argument.empty()) into.problem = "Say whom.";
      break;
    case Verb::etrn:
      if (into.argument.empty()) into.problem = "Say for which host.";
      break;
    case Verb::noop:
    case Verb::help:
    case Verb::known:
    case Verb::http:
    case Verb::unknown:
      break;
  }
}

}  // namespace malleposte::smtp
