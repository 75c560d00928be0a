#include "deliver/mx_inquiry.h"

#include "base/limits.h"

namespace malleposte::deliver {

void MxInquiry::ask(std::string domain, bool first) {
  if (on_their_way_ < limits::site_lookups)
    spawn(look_up(std::move(domain)));
  else
    line_.insert(first ? line_.begin() : line_.end(), std::move(domain));
}

Task<void> MxInquiry::look_up(std::string domain) {
  ++on_their_way_;
  for (;;) {
    auto answer = co_await resolver_.mx(domain, loop_.steady() + limits::next_hop_lookup_timeout);
    found_(std::move(domain), std::move(answer));
    if (line_.empty()) break;
    domain = std::move(line_.front());
    line_.pop_front();
  }
  --on_their_way_;
}

}  // namespace malleposte::deliver
