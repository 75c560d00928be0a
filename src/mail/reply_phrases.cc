#include "mail/reply_phrases.h"

#include <algorithm>
#include <initializer_list>
#include <string>

#include "base/ascii.h"

namespace malleposte::mail {
namespace {

using Class = OutcomeClass;

// Phrases by which hosts are understood, in lower case. The first that stands in the text counts,
// so what is special stands before what is general.
struct Phrases {
  Class means;
  char reply;  // '4' or '5': only in such replies; ' ': in both
  std::initializer_list<std::string_view> any_of;
};

const Phrases phrases[] = {
    {Class::loop,
     ' ',
     {"too many hops", "hop count", "mail loop", "loops back", "forwarding loop", "routing loop"}},
    {Class::greylisted,
     ' ',
     {"greylist", "graylist", "grey list", "gray list", "grey-list", "gray-list", "postgrey"}},
    {Class::rate_limited,
     ' ',
     {"rate limit", "rate-limit", "ratelimit", "throttl", "too many", "too quickly", "too fast",
      "too much mail", "unusual rate", "unexpected volume", "sending limit", "send limit",
      "sending quota", "sending rate", "permitted limits", "concurrent connections",
      "connection limit", "connection rate", "temporarily deferred"}},
    {Class::sender_auth,
     ' ',
     {"dmarc", "dkim", "spf ", "spf:", "spf)", "sender id",
      "sender policy "
      "framework",
      "unauthenticated email"}},
    {Class::ip_block,
     ' ',
     {"block list",
      "blocklist",
      "block-list",
      "blacklist",
      "black list",
      "spamhaus",
      "spamcop",
      "dnsbl",
      " rbl",
      "barracuda",
      "sorbs",
      "reputation",
      "banned sending ip",
      "blocked using",
      "ptr record",
      "reverse dns",
      "rdns",
      "reverse hostname",
      "cannot find your hostname",
      "dynamic ip",
      "dialup",
      "dial-up",
      "is listed",
      "client host",
      "ip address is blocked",
      "from your ip",
      "connecting ip",
      "ip blocked",
      "blocked ip"}},
    {Class::tls,
     ' ',
     {"starttls", "tls required", "requires tls", "encryption required", "encryption needed"}},
    {Class::auth_required,
     ' ',
     {"authentication required", "authentication is required", "requires authentication",
      "must authenticate", "authenticate first", "auth required", "auth first",
      "authentication failed", "authentication credentials", "not authenticated",
      "smtp authentication"}},
    {Class::relay_denied,
     ' ',
     {"relay access denied", "relaying denied", "relay denied", "unable to relay", "to relay",
      "relay not permitted", "relaying not", "relaying is", "not relay", "no relaying",
      "open relay", "allowed rcpthosts"}},
    {Class::content,
     ' ',
     {"virus", "malware", "infected", "phish", "attachment", "executable", "security issue",
      "banned content", "message content", "line too long", "bare lf", "header is missing",
      "missing header", "invalid header"}},
    {Class::spam_block,
     ' ',
     {"spam", "unsolicited", "junk mail", "bulk mail", "bulk email", "considered bulk"}},
    {Class::bad_sender,
     ' ',
     {"sender address", "sender rejected", "sender domain", "sender verify", "sender verification",
      "sender denied", "sender unknown", "banned sender", "domain of sender", "mail from domain",
      "return address", "return-path", "envelope sender", "invalid sender"}},
    {Class::system, ' ', {"insufficient system", "no space left on device", "disk full"}},
    {Class::mailbox_full,
     ' ',
     {"quota", "mailbox full", "mailbox is full", "inbox is full", "inbox full", "full mailbox",
      "out of storage", "storage allocation", "exceeded storage", "storage limit", "no space",
      "not enough space", "not enough storage"}},
    {Class::too_large,
     ' ',
     {"too large", "too big", "message size", "size exceeds", "size limit", "exceeds size",
      "maximum size", "exceeds the maximum"}},
    {Class::no_mail_accepted,
     ' ',
     {"null mx", "accepts no mail", "not accept mail", "not accept email", "not accept e-mail",
      "accept any mail", "no smtp service here"}},
    {Class::inactive_user,
     ' ',
     {"disabled", "inactive", "suspended", "deactivated", "not active", "account closed",
      "been closed", "discontinued", "mailbox busy", "mailbox locked", "mailbox is locked",
      "account is locked", "temporarily blocked", "account expired"}},
    {Class::inactive_user, '4', {"mailbox unavailable", "mailbox is unavailable"}},
    {Class::no_such_domain,
     ' ',
     {"domain not found", "domain name not found", "no such domain", "unknown domain",
      "domain does not exist"}},
    {Class::unknown_user,
     ' ',
     {"user unknown",
      "unknown user",
      "no such user",
      "no such mailbox",
      "no such recipient",
      "no such address",
      "no such person",
      "no such account",
      "no mailbox",
      "mailbox not found",
      "mailbox unavailable",
      "mailbox is unavailable",
      "user not found",
      "recipient not found",
      "address not found",
      "account not found",
      "recipientnotfound",
      "not exist",
      "doesn't exist",
      "unknown recipient",
      "recipient unknown",
      "unknown address",
      "address unknown",
      "unknown mailbox",
      "invalid recipient",
      "invalid mailbox",
      "invalid address",
      "not a valid",
      "not a known",
      "doesn't have a",
      "does not have a",
      "unrouteable address",
      "unroutable address",
      "undeliverable address",
      "rejected: undeliverable",
      "unverified address",
      "recipient address rejected: access denied",
      "recipient rejected",
      "bad destination",
      "not known here",
      "is unknown",
      "no longer valid",
      "no longer available",
      "user invalid",
      "unknown or illegal alias"}},
    {Class::greylisted, '4', {"try again in", "come back later", "retry in"}},
    {Class::system,
     '4',
     {"service unavailable", "service not available", "service is unavailable",
      "temporarily unavailable", "temporary", "local error", "internal error", "server error",
      "overload", "busy", "maintenance", "try again", "try later", "lookup failure", "write error",
      "resources"}},
    {Class::system, '5', {"internal error", "server error", "configuration error"}},
    {Class::policy,
     ' ',
     {"policy", "access denied", "not authorized", "not authorised", "not allowed", "not permitted",
      "prohibited", "administrative", "permission", "blocked", "banned", "denied"}},
};

}  // namespace

std::optional<OutcomeClass> class_of_text(int code, std::string_view text) {
  const auto lower = lowered(text);
  const char reply = code >= 500 ? '5' : '4';
  for (const auto& entry : phrases) {
    if (entry.reply != ' ' && entry.reply != reply) continue;
    if (std::any_of(entry.any_of.begin(), entry.any_of.end(), [&](std::string_view phrase) {
          return lower.find(phrase) != std::string::npos;
        }))
      return entry.means;
  }
  return std::nullopt;
}

}  // namespace malleposte::mail
