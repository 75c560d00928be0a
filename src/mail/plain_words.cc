#include "mail/plain_words.h"

#include <algorithm>

#include "mail/status.h"

namespace malleposte::mail {
namespace {

// Subject and detail: "1.1" of "5.1.1".
std::string_view kind_of(std::string_view status) {
  auto known = leading_status(status);
  return known.empty() ? known : known.substr(2);
}

}  // namespace

PlainWords plain_words(const Answer& answer, bool final, const DsnWords& words) {
  const auto kind = kind_of(answer.status);
  const auto& meanings = words.meanings;
  auto found = std::find_if(meanings.begin(), meanings.end(),
                            [&](const Meaning& meaning) { return meaning.kind == kind; });
  PlainWords said;
  // Who does not want a message at present (greylisting) has not said that it is unwanted.
  const bool not_yet = !final && kind.starts_with("7.");
  if (found != meanings.end() && !not_yet)
    said = found->words;
  else if (answer.code >= 500)
    said = words.refused;
  else if (answer.code >= 400)
    said = words.not_now;
  if (!final) said.advice = {};  // there is nothing to do yet
  return said;
}

}  // namespace malleposte::mail
