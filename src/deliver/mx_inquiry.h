// Asks for the MX of the domains for which there is mail, before their mail waits for a connection:
// one look-up a domain, limits::site_lookups at once. Loop thread; it has to live as long as the
// loop runs, since a look-up under way comes back to it.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "base/loop.h"
#include "base/task.h"
#include "net/resolver.h"

namespace malleposte::deliver {

class MxInquiry {
 public:
  using Found = std::function<void(std::string domain, net::MxAnswer answer)>;
  // `found` is called once for each ask(), perhaps before that returns.
  MxInquiry(Loop& loop, net::Resolver& resolver, Found found)
      : loop_(loop), resolver_(resolver), found_(std::move(found)) {}

  // `first`: goes before others that wait, since the domain has answered before.
  void ask(std::string domain, bool first);

  std::size_t waiting() const { return line_.size() + on_their_way_; }

 private:
  Task<void> look_up(std::string domain);

  Loop& loop_;
  net::Resolver& resolver_;
  Found found_;
  std::deque<std::string> line_;
  std::size_t on_their_way_ = 0;
};

}  // namespace malleposte::deliver
