#include "deliver/connector.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "mail/plain_text.h"

namespace malleposte::deliver {
namespace {

constexpr std::string_view unconnected = "0.255.255.255";

// The reason that is told when several hosts failed: the last one, but a temporary one rather than
// a permanent one, since then another attempt makes sense. So a 5xx greeting or answer to EHLO is
// final only when every host gives one, those included that a limit keeps from being tried.
void note(std::optional<Unreachable>& reason, Unreachable another) {
  if (reason && reason->ruling.verdict == smtp::Verdict::temporary &&
      another.ruling.verdict == smtp::Verdict::permanent)
    return;
  reason = std::move(another);
}

}  // namespace

Task<Connected> connect(const Surroundings& with, std::shared_ptr<const Plan> plan,
                        std::optional<net::MxAnswer> mx, HostMemory& memory, Unfit unfit) {
  Connected connected;
  if (with.settings.net == unconnected) {
    connected.unreachable.ruling = {smtp::Verdict::temporary, 0, "4.4.0",
                                    "the terminal net is not connected: nothing is sent"};
    co_return connected;
  }
  std::optional<Unreachable> reason;
  std::string cut_off;  // the limit that kept some from being tried
  if (plan->nowhere())
    reason = {{smtp::Verdict::permanent, 0, plan->status, plan->rule}, std::nullopt};
  for (const auto& next_hop : plan->next_hops) {
    auto found =
        co_await find_candidates({with.loop, with.resolver, with.own, with.settings}, next_hop, mx);
    memory.put_last(found.targets, with.loop.steady());
    if (found.failure) note(reason, {std::move(*found.failure), std::nullopt});
    std::size_t tried = 0;
    for (auto& target : found.targets) {
      if (tried == limits::addresses_per_next_hop) {
        found.cut_off = fmt::format("more than {} addresses", limits::addresses_per_next_hop);
        break;
      }
      ++tried;
      auto stream = co_await with.network.connect(target.endpoint, with.settings.net,
                                                  with.loop.steady() + limits::connect_timeout);
      if (!stream) {
        memory.failed(target.endpoint, with.loop.steady());
        note(reason, {{smtp::Verdict::temporary, 0, "4.4.1",
                       mail::one_line(stream.error().text, limits::reply_text_kept)},
                      std::move(target)});
        continue;
      }
      memory.reached(target.endpoint);
      auto connection = std::make_unique<Connection>(with.loop, std::move(*stream), target,
                                                     with.settings.hostname);
      co_await connection->advance();
      if (connection->protocol().need() == smtp::ClientProtocol::Need::transaction) {
        auto lack = unfit(connection->protocol());
        if (!lack) {
          if (connected.connection) co_await connected.connection->quit();
          connected.unfit.reset();
          connected.connection = std::move(connection);
          co_return connected;
        }
        if (connected.connection) {  // one is enough, for other messages
          co_await connection->quit();
          continue;
        }
        connected.connection = std::move(connection);
        connected.unfit = {std::move(*lack), std::move(target)};
        continue;
      }
      auto refusal = connection->protocol().refusal();
      connection->close();
      assert(refusal);
      note(reason, {std::move(*refusal), std::move(target)});
    }
    // As long as there is a host that nobody could ask, nothing is final.
    if (!found.targets.empty() && found.unknown_host &&
        (!reason || reason->ruling.verdict == smtp::Verdict::permanent))
      note(reason, {std::move(*found.unknown_host), std::nullopt});
    if (!found.cut_off.empty()) cut_off = std::move(found.cut_off);
  }
  if (connected.unfit) {
    auto& ruling = connected.unfit->ruling;
    // A host that refused at its door has said nothing of this, nor has one that was not asked; but
    // where all that were tried say so it is final, however many there are (docs/adr/0030).
    if (reason && (reason->ruling.verdict == smtp::Verdict::temporary || !cut_off.empty())) {
      ruling.verdict = smtp::Verdict::temporary;
      ruling.status[0] = '4';
      ruling.text += "; another could not be asked: " + reason->ruling.text;
    }
    co_return connected;
  }
  assert(reason);
  auto& ruling = reason->ruling;
  if (ruling.verdict == smtp::Verdict::permanent && (!plan->own_domain || !cut_off.empty())) {
    ruling.verdict = smtp::Verdict::temporary;
    if (ruling.code == 0) ruling.status[0] = '4';
    if (plan->own_domain)
      ruling.text += fmt::format("; not every host was asked, there are {}", cut_off);
  }
  connected.unreachable = std::move(*reason);
  co_return connected;
}

}  // namespace malleposte::deliver
