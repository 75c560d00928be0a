// Where SMTP clients come in: listens, lets sessions begin within the limits, counts them, and ends
// them at shutdown. Made by the appliance; open() is called after recovery. Loop thread only.
//
// A connection from proxy_protocol_clients has to begin with a PROXY header, within
// limits::proxy_header_timeout: what it says is from then on the client, for everything. Without a
// good one the connection is turned away with 421. Others are never asked for a header, and one
// that they send is a command like any other that nobody knows.
//
// At shutdown: stop() closes the listeners and ends idle sessions with 421 4.3.2; those with a
// message on its way get its answer first; on_empty() tells when the last has gone, and abort()
// ends those that take too long. Mail that was not answered with 250 stays with the client.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "config/settings.h"
#include "monitor/metrics.h"
#include "net/stream.h"
#include "policy/overload.h"
#include "policy/rehearsal.h"
#include "receive/session.h"

namespace malleposte::receive {

class FrontDoor {
 public:
  // The settings are read here and in reload(); everything else outlives the door.
  FrontDoor(Loop& loop, net::Network& network, net::Resolver& resolver, spool::Store& store,
            monitor::Record& record, Recipients& recipients, const config::Settings& settings);
  ~FrontDoor();  // as abort()

  // Listens at smtp_port of every address of `in` (none: all addresses of this machine). An Error
  // says which address cannot be listened at; then none is.
  Result<void> open();
  // The addresses listened at, with the ports that the system chose for port 0.
  std::vector<net::Endpoint> addresses() const;

  // Sessions that begin from now on follow these settings (`in` and smtp_port excepted).
  void reload(const config::Settings& settings);

  void stop();
  void abort();
  // Calls back once there is no session; at once when that is so now.
  void on_empty(std::function<void()> callback);

  // Who is turned away because there is too much to do; looked at now. Somebody has to ask about
  // once a second, so that what nobody's call would show is seen too.
  struct Crowd {
    policy::Overload::Level level = policy::Overload::Level::none;
    Limit cause = Limit::sessions;
  };
  Crowd crowd();
  // What would happen to a client that came now; nothing is changed or counted.
  Task<policy::Rehearsal> rehearse(policy::Rehearsal::Question question) const;
  // The system had no descriptor for a new connection: idle strangers make room.
  void out_of_descriptors();

  // The limits in force (malleposte_limit).
  void figures(monitor::Figures& into) const;

  // Open now: the counter `SMTP Active Sessions`.
  std::size_t sessions() const;
  // Of the buffers into which sessions read just now; at most limits::session_buffers_octets.
  std::size_t buffered_octets() const;

 private:
  struct State;  // shared with the sessions, which may outlive the door by a moment

  void accept(std::unique_ptr<net::Stream> stream);

  net::Network& network_;
  std::vector<std::string> in_;
  std::uint16_t port_;
  std::shared_ptr<State> state_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
};

}  // namespace malleposte::receive
