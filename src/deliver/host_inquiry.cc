#include "deliver/host_inquiry.h"

#include <algorithm>
#include <memory>

#include "base/limits.h"

namespace malleposte::deliver {
namespace {

// Shared with the look-ups: they may come back after the inquiry has ended.
struct Inquiry {
  std::vector<net::Mx> hosts;
  std::vector<std::optional<net::AddressAnswer>> answers;
  std::size_t pending;
  Loop::TimerId timer = 0;
  OneShot<bool> ended;
};

// All hosts of a preference have answered, one of them with an address, and the more preferred ones
// have none.
bool best_are_known(const Inquiry& inquiry) {
  bool found = false;
  for (std::size_t i = 0; i < inquiry.hosts.size(); ++i) {
    if (found && inquiry.hosts[i].preference != inquiry.hosts[i - 1].preference) return true;
    if (!inquiry.answers[i]) return false;
    if (inquiry.answers[i]->lookup == net::Lookup::found) found = true;
  }
  return found;
}

void end(Inquiry& inquiry) {
  if (!inquiry.ended.ready()) inquiry.ended.set(true);
}

Task<void> ask(std::shared_ptr<Inquiry> inquiry, Loop& loop, net::Resolver& resolver,
               std::size_t host, SteadyTime deadline) {
  auto answer = co_await resolver.addresses(inquiry->hosts[host].host, deadline);
  if (inquiry->ended.ready()) co_return;
  inquiry->answers[host] = std::move(answer);
  if (--inquiry->pending == 0) {
    if (inquiry->timer != 0) loop.cancel(inquiry->timer);
    end(*inquiry);
  } else if (inquiry->timer == 0 && best_are_known(*inquiry)) {
    inquiry->timer = loop.call_at(std::min(deadline, loop.steady() + limits::lookup_patience),
                                  [inquiry] { end(*inquiry); });
  }
}

}  // namespace

Task<std::vector<std::optional<net::AddressAnswer>>> ask_addresses(Loop& loop,
                                                                   net::Resolver& resolver,
                                                                   std::vector<net::Mx> hosts,
                                                                   SteadyTime deadline) {
  auto inquiry = std::make_shared<Inquiry>();
  const auto count = hosts.size();
  inquiry->hosts = std::move(hosts);
  inquiry->answers.resize(count);
  inquiry->pending = count;
  for (std::size_t host = 0; host < count; ++host)
    spawn(ask(inquiry, loop, resolver, host, deadline));
  if (count > 0) co_await inquiry->ended;
  co_return std::move(inquiry->answers);
}

}  // namespace malleposte::deliver
