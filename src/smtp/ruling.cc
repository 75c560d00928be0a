#include "smtp/ruling.h"

#include "base/limits.h"
#include "mail/plain_text.h"
#include "mail/status.h"

namespace malleposte::smtp {

Ruling ruling_of(const PeerReply& reply, Verdict verdict) {
  Ruling result;
  result.verdict = verdict;
  result.code = reply.code;
  result.status = reply.status.empty() ? mail::general_status(reply.code) : reply.status;
  result.text = mail::one_line(reply.text, limits::reply_text_kept);
  return result;
}

Ruling ruling_of(const PeerReply& reply) {
  if (reply.positive()) return ruling_of(reply, Verdict::accepted);
  return ruling_of(reply, reply.permanent() ? Verdict::permanent : Verdict::temporary);
}

}  // namespace malleposte::smtp
