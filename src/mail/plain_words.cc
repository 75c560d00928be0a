#include "mail/plain_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mail/status.h"

namespace malleposte::mail {
namespace {

using namespace std::chrono_literals;

struct Meaning {
  std::string_view kind;  // subject and detail of RFC 3463
  PlainWords words;
};

constexpr std::string_view ask_them =
    "Ask the recipient by other means, or ask the postmaster of that domain.";
constexpr std::string_view check_address = "Check the address for slips, then send it again.";
constexpr std::string_view later = "Send it again later.";
constexpr std::string_view ask_ours =
    "If it concerns more than one recipient, tell the postmaster of this mail system.";

constexpr auto meanings = std::to_array<Meaning>({
    {"1.0", {"Something is wrong with the address.", check_address}},
    {"1.1", {"There is no mailbox of that name in this domain.", check_address}},
    {"1.2", {"The domain, the part behind the @, does not exist.", check_address}},
    {"1.3", {"The address is not written as the domain expects it.", check_address}},
    {"1.6", {"The mailbox has moved, and its new address is not known.", ask_them}},
    {"1.7", {"Your own address is not accepted there.", ask_ours}},
    {"1.8", {"Your own address is not accepted there.", ask_ours}},
    {"1.10", {"The domain says that it takes no mail at all.", check_address}},
    {"2.1", {"The mailbox is there, but it is closed.", ask_them}},
    {"2.2", {"The mailbox is full.", "Send it again when the recipient has made room."}},
    {"2.3", {"The message is larger than the mailbox takes.", "Send it in smaller pieces."}},
    {"2.4", {"The mailing list behind this address does not work.", ask_them}},
    {"3.1", {"The mail system of the recipient is full.", later}},
    {"3.2", {"The mail system of the recipient takes no mail at present.", later}},
    {"3.4",
     {"The message is larger than the next mail system takes.", "Send it in smaller pieces."}},
    {"4.1", {"The mail system of the recipient does not answer.", ask_them}},
    {"4.2", {"The connection to the mail system of the recipient broke off.", later}},
    {"4.3", {"The directory of names (DNS) of that domain gives no answer.", later}},
    {"4.4", {"No way to a mail system of that domain is known.", check_address}},
    {"4.5", {"The mail system of the recipient is overloaded.", later}},
    {"4.6", {"The message would go round in circles.", ask_ours}},
    {"4.7", {"The time in which it could have been delivered is over.", later}},
    {"5.3", {"The message has too many recipients.", "Send it to fewer at once."}},
    {"6.0", {"Something in the message cannot be taken by that mail system.", ask_them}},
    {"6.1", {"Something in the message cannot be taken by that mail system.", ask_them}},
    {"6.3", {"Something in the message cannot be taken by that mail system.", ask_them}},
    {"7.0", {"The mail system of the recipient does not want this message.", ask_them}},
    {"7.1",
     {"The mail system of the recipient does not want this message, or none from you.", ask_them}},
    {"7.2", {"You may not write to this mailing list.", ask_them}},
    {"7.8", {"The next mail system wants a log-in.", ask_ours}},
    {"7.20", {"The message carries no signature (DKIM) that is accepted there.", ask_ours}},
    {"7.23", {"Our mail system may not send mail in the name of your domain (SPF).", ask_ours}},
    {"7.25", {"The address of our mail system has no proper name.", ask_ours}},
    {"7.26", {"The message does not prove that it is from your domain (SPF, DKIM).", ask_ours}},
    {"7.28", {"You or others have sent too much to that mail system.", later}},
});

// Subject and detail: "1.1" of "5.1.1".
std::string_view kind_of(std::string_view status) {
  auto known = leading_status(status);
  return known.empty() ? known : known.substr(2);
}

}  // namespace

PlainWords plain_words(const Answer& answer, bool final) {
  const auto kind = kind_of(answer.status);
  auto found = std::find_if(meanings.begin(), meanings.end(),
                            [&](const Meaning& meaning) { return meaning.kind == kind; });
  PlainWords words;
  // Who does not want a message at present (greylisting) has not said that it is unwanted.
  const bool not_yet = !final && kind.starts_with("7.");
  if (found != meanings.end() && !not_yet)
    words = found->words;
  else if (answer.code >= 500)
    words = {"The mail system of the recipient refuses the message.", ask_them};
  else if (answer.code >= 400)
    words = {"The mail system of the recipient does not take the message at present.", later};
  if (!final) words.advice = {};  // there is nothing to do yet
  return words;
}

std::string span_of_time(Duration span) {
  struct Unit {
    Duration length;
    std::string_view name;
  };
  constexpr Unit units[] = {{24h, "day"}, {1h, "hour"}, {1min, "minute"}, {1s, "second"}};
  for (const auto& unit : units) {
    // "36 hours" says more than "1 day".
    const auto count = span / unit.length;
    if (count >= 2 || (count == 1 && span % unit.length < unit.length / 10))
      return fmt::format("{} {}{}", count, unit.name, count == 1 ? "" : "s");
  }
  return "less than a second";
}

}  // namespace malleposte::mail
