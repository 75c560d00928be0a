#include "deliver/outcome_of.h"

namespace malleposte::deliver {

mail::Answer answer_of(const smtp::Ruling& ruling, const Target* target) {
  mail::Answer answer;
  if (target != nullptr) {
    answer.host = target->host;
    answer.address = net::to_string(target->endpoint);
  }
  answer.code = ruling.code;
  answer.status = ruling.status;
  answer.text = ruling.text;
  answer.outcome_class = ruling.verdict == smtp::Verdict::accepted
                             ? mail::OutcomeClass::delivered
                             : mail::classify(ruling.code, ruling.status, ruling.text);
  return answer;
}

smtp::Ruling unreadable(const Error& error) {
  return {smtp::Verdict::temporary, 0, "4.3.0", "the message cannot be read: " + error.text};
}

mail::Outcome outcome_of(const smtp::Ruling& ruling, const Target* target, std::uint32_t recipient,
                         const queue::RetrySchedule& schedule, const Attempt& attempt) {
  mail::Outcome outcome;
  outcome.recipient = recipient;
  outcome.answer = answer_of(ruling, target);
  outcome.began = attempt.began;
  outcome.ended = attempt.now;
  switch (ruling.verdict) {
    case smtp::Verdict::accepted:
      outcome.fate = mail::Fate::delivered;
      outcome.reports_passed_on = ruling.reports_passed_on;
      outcome.time_limit_lost = ruling.time_limit_lost;
      outcome.final_delivery = ruling.final_delivery;
      break;
    case smtp::Verdict::permanent:
      outcome.fate = mail::Fate::bounced;
      break;
    case smtp::Verdict::temporary:
      if (auto next = schedule.next(attempt.now, attempt.arrived, attempt.before, attempt.random,
                                    attempt.deadline)) {
        outcome.fate = mail::Fate::queued;
        outcome.next_attempt = *next;
      } else {
        outcome.fate = mail::Fate::expired;
      }
  }
  return outcome;
}

}  // namespace malleposte::deliver
