#include "deliver/back_off.h"

#include <algorithm>

#include "base/ascii.h"
#include "mail/outcome_class.h"

namespace malleposte::deliver {
bool asks_for_less(const smtp::Ruling& ruling, Stage stage,
                   const std::vector<std::string>& phrases) {
  using mail::OutcomeClass;
  if (ruling.code < 400) return false;
  const auto text = lowered(ruling.text);
  const auto says = [&](std::string_view phrase) { return text.find(phrase) != std::string::npos; };
  if (std::any_of(phrases.begin(), phrases.end(), says)) return true;
  if (stage == Stage::door && ruling.code == 421) return true;
  const auto what = mail::classify(ruling.code, ruling.status, ruling.text);
  if (what == OutcomeClass::greylisted) return false;
  // 4.1.x and 4.2.x are about a mailbox, 4.5.3 and its words about one message.
  const std::string_view subject = std::string_view(ruling.status).substr(1);
  if (subject.starts_with(".1.") || subject.starts_with(".2.") || subject == ".5.3" ||
      says("recipient"))
    return false;
  if (what == OutcomeClass::rate_limited) return true;
  // "421 4.7.0 our policy" without a word that is known: whoever hangs up so means us.
  return ruling.code == 421 && subject.starts_with(".7.");
}

SteadyTime BackOff::again(SteadyTime now) {
  if (now < until_) return until_;
  last_ = begun() ? std::min(2 * last_, std::max(first_, most_)) : first_;
  return until_ = now + last_;
}

}  // namespace malleposte::deliver
