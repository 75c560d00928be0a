// Simulated next hops: hosts that speak SMTP as values and take mail, or do one of the many things
// that hosts do instead. What they took is in the ledger, told before they answer.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/simulated_loop.h"
#include "ledger.h"
#include "net/simulated_network.h"

namespace malleposte::sim {

enum class Stage : std::uint8_t { greeting, ehlo, mail, rcpt, data, content, dot };

// What a host does at one stage of a session, instead of the usual.
enum class Act : std::uint8_t {
  usual,
  temporary,         // 4xx
  permanent,         // 5xx
  good_bye,          // 421 and closes
  close,             // without a word; behind the dot without having taken the message
  silence,           // no answer any more
  late,              // the usual, but much later
  take_and_close,    // behind the dot: has the message, and closes without an answer
  take_and_silence,  // the same, and says nothing
};

class NextHop {
 public:
  struct Figures {
    std::uint64_t sessions = 0, messages = 0, recipients = 0, acts = 0;
  };
  struct Character {
    bool pipelining = true;
    bool dsn = false;
    std::size_t size_limit = 0;  // offered with SIZE; 0: none
  };
  // How a session will go; drawn when it begins.
  struct Script {
    Stage stage = Stage::dot;
    Act act = Act::usual;
    Duration slow{};  // before every answer
  };

  // `took` checks and writes down what was taken.
  using Took =
      std::function<void(const std::string& host, const std::string& sender,
                         const std::string& recipient, const std::string& content, Take take)>;

  NextHop(net::SimulatedNetwork& network, SimulatedLoop& loop, std::string name,
          std::string address, Character character, std::function<Script()> script,
          std::function<unsigned()> life, Took took, Figures& figures);

  const std::string& name() const { return name_; }

 private:
  struct Session;
  Task<void> serve(std::unique_ptr<net::Stream> stream);
  Task<bool> answer(Session& session, Stage stage, std::string usual);
  Task<bool> take_data(Session& session);

  SimulatedLoop& loop_;
  std::string name_;
  Character character_;
  std::function<Script()> script_;
  std::function<unsigned()> life_;
  Took took_;
  Figures& figures_;
  net::SimulatedHost host_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace malleposte::sim
