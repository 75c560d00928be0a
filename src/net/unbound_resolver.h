// The real Resolver: libunbound in a thread of its own (it validates, caches and follows CNAMEs),
// its descriptor watched by the loop. Loop thread only; destroy it before the loop. Look-ups that
// are still on their way then end with `failed`.
//
// What strangers put into an answer is bounded and checked: at most limits::mx_records_kept
// records, hosts that are names, limits::addresses_kept addresses. At most
// limits::dns_lookups questions are on their way at once; more wait their turn within their
// deadline, but reverse names are asked for only while less than half of them are.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/asio_loop.h"
#include "net/resolver.h"

namespace malleposte::net {

class UnboundResolver final : public Resolver {
 public:
  struct Options {
    // "192.0.2.1", "192.0.2.1@5300", "2001:db8::1@53"; empty: those of resolv_conf.
    std::vector<std::string> servers;
    std::string resolv_conf = "/etc/resolv.conf";
    std::string hosts_file = "/etc/hosts";
  };

  // Fault::configuration when a server is no address or resolv_conf cannot be read.
  static Result<std::unique_ptr<UnboundResolver>> open(AsioLoop& loop, Options options);
  ~UnboundResolver() override;
  UnboundResolver(const UnboundResolver&) = delete;
  UnboundResolver& operator=(const UnboundResolver&) = delete;

  Task<MxAnswer> mx(std::string name, SteadyTime deadline) override;
  Task<AddressAnswer> addresses(std::string name, SteadyTime deadline) override;
  Task<NameAnswer> reverse(std::string address, SteadyTime deadline) override;

  // Forgets everything learnt, and reads resolv_conf again. Look-ups on their way are answered as
  // they would have been. On an error (see open) everything stays as it was; also after
  // limits::dns_flushes flushes with look-ups on their way from before each (Fault::resource).
  Result<void> flush();

  struct Counters {
    std::uint64_t asked = 0, failed = 0;        // questions since the start
    std::size_t on_their_way = 0, waiting = 0;  // now
  };
  Counters counters() const;

 private:
  struct State;
  explicit UnboundResolver(std::shared_ptr<State> state);

  const std::shared_ptr<State> state_;  // shared with the look-ups on their way
};

}  // namespace malleposte::net
