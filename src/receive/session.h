// One SMTP session: carries bytes between a stream and smtp::ServerProtocol, and carries out the
// protocol's steps with policy, store and record. A short coroutine; every decision lies elsewhere.
// Made by FrontDoor for each connection; lives until its stream has ended. Loop thread only.
//
// A 250 after the end of the data is written only when the store says that the message is durable.
// The stream may end at every await: then the message on its way is forgotten, and the client, who
// got no 250, still has it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "base/loop.h"
#include "mail/envelope.h"
#include "mail/header_completion.h"
#include "mail/header_reader.h"
#include "mail/line_measure.h"
#include "mail/loop_detector.h"
#include "mail/received.h"
#include "monitor/record.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "policy/patience.h"
#include "policy/relay.h"
#include "receive/commit_watch.h"
#include "receive/read_buffers.h"
#include "receive/recipients.h"
#include "smtp/server_protocol.h"
#include "spool/store.h"

namespace malleposte::receive {

// Who is at the other end, as far as we know.
struct Client {
  IpAddress address{};
  bool trusted = false;
  bool operator==(const Client&) const = default;
};

// Where the sessions are counted by client (policy/session_limits.h).
class Places {
 public:
  virtual ~Places() = default;
  // A session turns out to be another client's; or its limit that is met, and nothing changes.
  virtual std::optional<Limit> move(const Client& from, const Client& to) = 0;
};

// What all sessions use. Everything in it outlives them.
struct Services {
  Loop& loop;
  net::Resolver& resolver;
  spool::Store& store;
  monitor::Record& record;
  ReadBuffers& buffers;
  CommitWatch& commits;
  Places& places;
  Recipients& recipients;
};

// What was configured when the session began; a reload makes new ones for new sessions.
struct Rules {
  explicit Rules(const config::Settings& settings);

  // Whether connections from there begin with a PROXY header.
  bool is_proxy(const IpAddress& client) const;

  // What a client is offered that is trusted or not, that `caller` speaks for, and that connected
  // to the address `listener`.
  smtp::Offers offers(const IpAddress& caller, bool trusted, std::string_view listener) const;

  smtp::ServerOptions options;
  policy::Relay relay;
  policy::Patience::Options patience;
  struct {
    std::uint64_t header_octets, header_fields;
    std::uint64_t line_octets;  // 0: any
  } content;
  std::vector<config::Cidr> proxies, xclients, xforwards;
  std::vector<config::WithheldOffer> withheld;
  bool repair_bare_lf;  // of trusted clients
};

// What a client is told when the store takes no message now.
const smtp::Reply& no_space();

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(const Services& services, std::shared_ptr<const Rules> rules,
          std::unique_ptr<net::Stream> stream, Client client, std::string name);

  // The whole session. `ended` is called at its end, once.
  Task<void> run(std::function<void(Session&)> ended);

  // Ends it politely (421 4.3.2): at once when it waits for a command, else after the answer to the
  // message that is on its way.
  void stop();
  // Ends it politely when it waits for a command, since somebody else needs its place; false
  // otherwise.
  bool end_if_idle(Limit limit);
  // Ends it now.
  void abort();

  const Client& client() const { return client_; }
  const std::string& name() const { return name_; }

 private:
  Task<Result<void>> send();
  Task<bool> carry_out(ReadBuffers::Loan loan);
  Task<void> say_goodbye(std::shared_ptr<Session> self, smtp::Reply last_word);
  Task<void> give_up(Limit limit);
  policy::Patience::Doing doing() const;
  Task<void> take(std::string_view content);
  Task<void> keep(std::string_view content);
  Task<bool> append(std::string_view content);
  Task<void> finish_message(ReadBuffers::Loan& loan);
  bool begin_message();
  void complete_header();
  std::optional<smtp::Reply> look_at(std::string_view content);
  const smtp::Reply* loop(bool header_ended) const;
  void judge_client();
  void judge_sender();
  bool to_be_looked_for(const policy::Verdict& recipient) const;
  Task<policy::Verdict> look_for(mail::Address recipient, ReadBuffers::Loan& loan);
  void judge_recipient(policy::Verdict verdict);
  void note_refusal(std::string_view recipient, std::string_view reply);
  void refuse(const policy::Refusal& refusal, std::string_view recipient);
  void refuse(const smtp::Reply& reply);

  Services services_;
  std::shared_ptr<const Rules> rules_;
  std::unique_ptr<net::Stream> stream_;
  const IpAddress caller_;  // who has connected, whatever XCLIENT says
  Client client_;
  policy::Client relay_client_;
  std::string name_;                          // in records
  std::string peer_;                          // "192.0.2.1:4711"
  std::string peer_address_;                  // "192.0.2.1"
  std::shared_ptr<std::string> client_name_;  // "" until and unless the resolver knows it
  smtp::ServerProtocol protocol_;
  policy::Patience patience_;
  std::string sending_;
  bool idle_ = false;  // waiting for input
  bool stopping_ = false;
  bool saying_goodbye_ = false;
  unsigned messages_ = 0;

  // The message on its way in.
  std::unique_ptr<spool::Incoming> incoming_;
  mail::Envelope envelope_;
  mail::HeaderReader header_;
  mail::LoopDetector loops_;
  std::optional<mail::HeaderCompletion> completion_;  // of a trusted client's message
  std::string trace_;                                 // our Received field, until it is kept
  std::uint64_t kept_octets_ = 0;                     // trace and content
  mail::LineMeasure lines_;
  std::string forwarded_;  // what XFORWARD has told of it
};

}  // namespace malleposte::receive
