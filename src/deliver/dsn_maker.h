// What the store is given for bounces by the operator (spool::Store::bounce_with).
#pragma once

#include "base/loop.h"
#include "mail/dsn.h"
#include "spool/store.h"

namespace malleposte::deliver {

// `loop` outlives the store's use of it.
inline spool::Store::MakeDsn dsn_maker(std::string hostname, Loop& loop) {
  return [hostname = std::move(hostname), &loop](
             const mail::Envelope& envelope, mail::MessageId id, std::string_view header,
             const std::vector<mail::Outcome>& failed) -> std::optional<spool::Generated> {
    auto dsn = mail::make_dsn(envelope, id, header, failed, hostname, loop.wall());
    if (!dsn) return std::nullopt;
    return spool::Generated{std::move(dsn->envelope), std::move(dsn->content)};
  };
}

}  // namespace malleposte::deliver
