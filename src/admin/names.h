// What the API asks about the way out, and cannot know itself (admin/ does not see deliver/): the
// appliance hands in an implementation. Loop thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"

namespace malleposte::admin {

// The way of mail to a domain, as a delivery would find it now.
struct Way {
  struct Host {
    std::uint16_t preference;  // 0 without an MX record
    std::string host;
    std::string address;  // "192.0.2.1:25"; "" is the whole host
    std::string why;      // not tried; "" in `tried`
  };
  struct Failure {
    std::string status;  // "5.1.2"
    std::string text;
    bool permanent;  // mail bounces; else it waits
  };
  struct NextHop {
    std::string next_hop;     // as it is configured, or the domain
    std::vector<Host> tried;  // in this order
    std::vector<Host> skipped;
    std::optional<Failure> failure;  // nothing can be tried
  };
  std::string domain;
  std::string rule;  // which rule decided: "routes line 7 (.example.org)", "smart_relay", "MX"
  std::vector<NextHop> next_hops;
  std::string mailboxes;  // it goes into these instead: "maildir:/srv/mail/{domain}/{local}"
  std::optional<Failure> failure;  // there is no way at all
};

class Names {
 public:
  virtual ~Names() = default;
  // `domain` is canonical.
  virtual Task<Way> way(std::string domain) = 0;
  // Forgets what was learnt of DNS.
  virtual Result<void> flush() = 0;
};

}  // namespace malleposte::admin
