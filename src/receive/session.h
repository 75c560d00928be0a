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
#include "mail/loop_detector.h"
#include "mail/received.h"
#include "monitor/record.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "policy/relay.h"
#include "receive/read_buffers.h"
#include "smtp/server_protocol.h"
#include "spool/store.h"

namespace malleposte::receive {

// What all sessions use. Everything in it outlives them.
struct Services {
  Loop& loop;
  net::Resolver& resolver;
  spool::Store& store;
  monitor::Record& record;
  ReadBuffers& buffers;
};

// What was configured when the session began; a reload makes new ones for new sessions.
struct Rules {
  explicit Rules(const config::Settings& settings);

  smtp::ServerOptions options;
  policy::Relay relay;
  bool repair_bare_lf;  // of trusted clients
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  struct Client {
    IpAddress address{};
    bool trusted = false;
  };

  Session(const Services& services, std::shared_ptr<const Rules> rules,
          std::unique_ptr<net::Stream> stream, Client client, std::string name);

  // The whole session. `ended` is called at its end, once.
  Task<void> run(std::function<void(Session&)> ended);

  // Ends it politely (421 4.3.2): at once when it waits for a command, else after the answer to the
  // message that is on its way.
  void stop();
  // Ends it now.
  void abort();

  const Client& client() const { return client_; }
  const std::string& name() const { return name_; }

 private:
  Task<Result<void>> send();
  Task<bool> carry_out(ReadBuffers::Loan loan);
  Task<void> say_goodbye(std::shared_ptr<Session> self);
  Task<void> take(std::string_view content);
  Task<void> keep(std::string_view content);
  Task<bool> append(std::string_view content);
  Task<void> finish_message(ReadBuffers::Loan& loan);
  bool begin_message();
  void complete_header();
  const smtp::Reply* loop() const;
  void judge_sender();
  void judge_recipient();
  void note_refusal(std::string_view recipient, std::string_view reply);
  void refuse(const policy::Refusal& refusal, std::string_view recipient);
  void refuse(const smtp::Reply& reply);

  Services services_;
  std::shared_ptr<const Rules> rules_;
  std::unique_ptr<net::Stream> stream_;
  Client client_;
  policy::Client relay_client_;
  std::string name_;                          // in records
  std::string peer_;                          // "192.0.2.1:4711"
  std::string peer_address_;                  // "192.0.2.1"
  std::shared_ptr<std::string> client_name_;  // "" until and unless the resolver knows it
  smtp::ServerProtocol protocol_;
  std::string sending_;
  bool idle_ = false;  // waiting for input
  bool stopping_ = false;
  bool saying_goodbye_ = false;
  unsigned messages_ = 0;

  // The message on its way in.
  std::unique_ptr<spool::Incoming> incoming_;
  mail::Envelope envelope_;
  mail::LoopDetector loops_;
  std::optional<mail::HeaderCompletion> completion_;  // of a trusted client's message
  std::string trace_;                                 // our Received field, until it is kept
  std::uint64_t kept_octets_ = 0;                     // trace and content
};

}  // namespace malleposte::receive
