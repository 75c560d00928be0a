#include "mail/dsn_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "mail/dsn_words.h"
#include "mail/plain_text.h"
#include "mail/plain_words.h"
#include "mail/wrapped_text.h"

namespace malleposte::mail {
namespace {

constexpr std::string_view indent = "    ";

std::string host_of(const Answer& answer) {
  auto host = one_line(answer.host, limits::domain_octets);
  auto address = one_line(answer.address, limits::domain_octets);
  if (host.empty()) return address;
  return address.empty() ? host : fmt::format("{} ({})", host, address);
}

std::string opening(const DsnCase& about, const DsnWords& words) {
  auto text =
      wrap(fmt::format(fmt::runtime(words.greeting), fmt::arg("host", about.hostname))) + "\r\n";
  switch (about.kind) {
    case DsnKind::failure:
      return text + wrap(words.failure);
    case DsnKind::delay:
      return text + wrap(words.warning) + "\r\n" +
             wrap(fmt::format(
                 fmt::runtime(words.delay),
                 fmt::arg("span", span_of_time(about.now - about.original.arrived, words)),
                 fmt::arg("until", date_in(about.retry_until, words))));
    case DsnKind::success:
      return text + wrap(words.success);
    case DsnKind::delivered:
      return text + wrap(words.delivered);
    case DsnKind::double_bounce:
      return text + wrap(
                        "A notice about mail, made by this mail system, could not be delivered "
                        "itself. Nobody else is told of it. The reason stands below.");
  }
  return text;
}

// What happened to recipients with this outcome.
std::string reason_of(const DsnCase& about, const Outcome& outcome, std::size_t most,
                      const DsnWords& words) {
  if (about.kind == DsnKind::delivered) return "";  // which mailbox that is, is ours to know
  const auto& answer = outcome.answer;
  const auto plain = plain_words(answer, outcome.fate != Fate::queued, words);
  const auto filled = [](std::string_view format, std::string_view name, std::string_view value) {
    return wrap(fmt::format(fmt::runtime(format), fmt::arg(name.data(), value)), indent);
  };
  std::string text;
  if (outcome.fate == Fate::expired)
    text += filled(words.expired, "span", span_of_time(about.now - about.original.arrived, words));
  if (about.kind != DsnKind::success) text += wrap(plain.what, indent);
  if (auto host = host_of(answer); !host.empty())
    text += filled(answer.code != 0 ? words.host_said : words.at_host, "host", host);
  text += wrap(reply_line(answer, most), indent);
  // Who reads about a double bounce is the postmaster, who needs no advice.
  if (about.kind == DsnKind::failure) text += wrap(plain.advice, indent);
  return text;
}

std::string ending(const DsnCase& about, bool whole, const DsnWords& words) {
  const auto date = date_in(about.original.arrived, words);
  if (about.kind == DsnKind::double_bounce)
    return wrap(fmt::format("{} of the notice, as it was made here on {}, is attached.",
                            whole ? "All" : "The header", date));
  return wrap(fmt::format(fmt::runtime(whole ? words.all_attached : words.header_attached),
                          fmt::arg("date", date)));
}

// The same for recipients with whom the same happened.
std::string way_of(const Outcome& outcome) {
  const auto& answer = outcome.answer;
  return fmt::format("{} {} {} {} {} {}", static_cast<int>(outcome.fate), answer.code, answer.host,
                     answer.address, answer.status, answer.text);
}

}  // namespace

std::size_t reply_share(std::size_t recipients) {
  constexpr std::size_t in_all = 100'000, least = 80;
  return std::clamp(in_all / recipients, least, limits::reply_text_kept);
}

std::string reply_line(const Answer& answer, std::size_t most) {
  auto text = one_line(answer.text, most);
  return answer.code == 0 ? text
                          : fmt::format("{} {} {}", answer.code, one_line(answer.status, 11), text);
}

std::string dsn_text(const DsnCase& about, bool whole, Language language) {
  const auto& words = words_in(language);
  auto text = opening(about, words);
  const auto& outcomes = about.outcomes;
  const auto most = reply_share(outcomes.size());
  std::vector<std::vector<const Outcome*>> groups;  // in the order of their first recipient
  std::unordered_map<std::string, std::size_t> group_of;
  for (const auto& outcome : outcomes) {
    auto [known, is_new] = group_of.try_emplace(way_of(outcome), groups.size());
    if (is_new) groups.emplace_back();
    groups[known->second].push_back(&outcome);
  }
  for (const auto& group : groups) {
    text += "\r\n";
    for (const auto* outcome : group) {
      const auto address = to_string(about.original.recipients[outcome->recipient]);
      text += wrap("<" + one_line_utf8(address, limits::path_octets) + ">");
    }
    text += reason_of(about, *group.front(), most, words);
  }
  text += "\r\n";
  if (about.more > 0)
    text += wrap(fmt::format(fmt::runtime(words.more), fmt::arg("count", about.more))) + "\r\n";
  return text + ending(about, whole, words);
}

}  // namespace malleposte::mail
