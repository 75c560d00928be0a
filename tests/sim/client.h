// Simulated clients of our server: they speak SMTP as values, send what they are given, and do what
// clients do: pipeline or not, write in small pieces, go away in the middle, fall silent. What they
// sent and what they were told is in the ledger.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/simulated_loop.h"
#include "ledger.h"
#include "net/simulated_network.h"
#include "smtp/reply_parser.h"

namespace malleposte::sim {

struct Mail {
  unsigned token;
  std::string sender;  // "" is the null one
  std::vector<std::string> recipients;
  std::string content;
  // What is asked for where DSN is offered: " RET=FULL ENVID=x", and for each recipient
  // " NOTIFY=NEVER"; "" for nothing.
  std::string mail_parameters;
  std::vector<std::string> rcpt_parameters;
};

// How a session is carried on.
struct Manner {
  bool pipelining = true;
  std::size_t piece = 0;  // octets of content written at once; 0: all of it
  Duration pause{};       // between pieces
  bool quits = true;      // says QUIT at the end, else just closes
  // Goes away (with a reset), or falls silent until our server does, at that many octets sent.
  std::optional<std::size_t> leaves_at;
  bool leaves_silently = false;
};

class Client {
 public:
  struct Figures {
    std::uint64_t sessions = 0, refused_sessions = 0, transactions = 0, accepted = 0, refused = 0;
    std::uint64_t left = 0, most_open = 0;
  };

  Client(net::Network& network, Loop& loop, net::Endpoint server, Ledger& ledger, Trace& trace,
         Figures& figures)
      : network_(network),
        loop_(loop),
        server_(std::move(server)),
        ledger_(ledger),
        trace_(trace),
        figures_(figures) {}

  // One session with these mails in it. The client outlives it.
  Task<void> send(std::vector<Mail> mails, Manner manner);
  // Sessions greeted with 220 and not ended.
  std::size_t open() const { return open_; }

 private:
  // A connection while it lasts; nothing more is said once it is over.
  struct Talk {
    std::unique_ptr<net::Stream> stream;
    Manner manner;
    smtp::ReplyParser parser;
    std::string unread;
    std::size_t said = 0;
    bool over = false;
    bool dsn = false;  // offered
  };
  Task<void> say(Talk& talk, std::string text);
  Task<int> hear(Talk& talk);  // the code; 0 when none came
  Task<void> transaction(Talk& talk, const Mail& mail);

  net::Network& network_;
  Loop& loop_;
  net::Endpoint server_;
  Ledger& ledger_;
  Trace& trace_;
  Figures& figures_;
  std::size_t open_ = 0;
};

}  // namespace malleposte::sim
