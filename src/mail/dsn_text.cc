#include "mail/dsn_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "mail/plain_text.h"
#include "mail/plain_words.h"
#include "mail/received.h"
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

std::string opening(const DsnCase& about) {
  const auto& original = about.original;
  auto text = fmt::format("This is the mail system at {}.\r\n\r\n", about.hostname);
  switch (about.kind) {
    case DsnKind::failure:
      return text + wrap(
                        "Your message could not be delivered to the recipients named below, and it "
                        "will not be tried again. The reason stands under each of them.");
    case DsnKind::delay:
      return text + wrap("THIS IS ONLY A WARNING. YOU DO NOT NEED TO SEND YOUR MESSAGE AGAIN.") +
             "\r\n" +
             wrap(fmt::format("For {} your message could not be delivered to the recipients "
                              "named below. It is kept here and will be tried again until {}; "
                              "then it is returned to you. There will be no further warning.",
                              span_of_time(about.now - original.arrived),
                              date_time(about.retry_until)));
    case DsnKind::double_bounce:
      return text + wrap(
                        "A notice about undelivered mail, made by this mail system, could not be "
                        "delivered itself. Nobody else is told of it. The reason stands below.");
  }
  return text;
}

// What happened to recipients with this outcome.
std::string reason_of(const DsnCase& about, const Outcome& outcome, std::size_t most) {
  const auto& answer = outcome.answer;
  const bool final = outcome.fate != Fate::queued;
  const auto words = plain_words(answer, final);
  std::string text;
  if (outcome.fate == Fate::expired)
    text += wrap(fmt::format("It could not be delivered in the time allowed: it was tried for {}. "
                             "The last attempt ended with:",
                             span_of_time(about.now - about.original.arrived)),
                 indent);
  text += wrap(words.what, indent);
  if (auto host = host_of(answer); !host.empty())
    text += wrap(answer.code != 0 ? "The host " + host + " said:" : "At the host " + host + ":",
                 indent);
  text += wrap(reply_line(answer, most), indent);
  // Who reads about a double bounce is the postmaster, who needs no advice.
  if (about.kind == DsnKind::failure) text += wrap(words.advice, indent);
  return text;
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

std::string dsn_text(const DsnCase& about, bool whole) {
  auto text = opening(about);
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
    for (const auto* outcome : group)
      text += wrap(
          "<" +
          one_line(to_string(about.original.recipients[outcome->recipient]), limits::path_octets) +
          ">");
    text += reason_of(about, *group.front(), most);
  }
  text += "\r\n";
  if (about.more > 0)
    text += wrap(fmt::format("And {} more recipients, too many to be named.", about.more)) + "\r\n";
  text += wrap(fmt::format("{} of {}, as it arrived here on {}, is attached.",
                           whole ? "All" : "The header",
                           about.kind == DsnKind::double_bounce ? "the notice" : "your message",
                           date_time(about.original.arrived)));
  return text;
}

}  // namespace malleposte::mail
