// What happened to mail, in words of everyday: for the senders of mail, who have never heard of
// status codes. What the host itself said always stands beside these words, never behind them.
// Pure.
#pragma once

#include "mail/dsn_words.h"
#include "mail/outcome.h"

namespace malleposte::mail {

// By the enhanced status (RFC 3463: its subject and detail; class 4 and 5 mean the same trouble)
// and, where that says nothing, by the reply code; "" where there is nothing to add to what the
// host said. `final`: it will not be tried again.
PlainWords plain_words(const Answer& answer, bool final, const DsnWords& words);

}  // namespace malleposte::mail
