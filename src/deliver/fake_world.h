// For tests: names, the record, and all of the surroundings together.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "deliver/fake_network.h"
#include "deliver/fake_store.h"
#include "deliver/simulated_mailboxes.h"
#include "deliver/surroundings.h"
#include "monitor/fake_record.h"

namespace malleposte::deliver {

class FakeResolver final : public net::Resolver {
 public:
  std::map<std::string, net::MxAnswer> mxs;
  std::map<std::string, net::AddressAnswer> hosts;
  std::vector<std::string> asked;
  std::map<std::string, Duration> delays;  // of the answer for an MX; needs `loop`
  Loop* loop = nullptr;

  void mx(const std::string& domain, std::vector<net::Mx> records) {
    mxs[domain] = {net::Lookup::found, std::move(records), ""};
  }
  void address(const std::string& host, std::vector<std::string> all) {
    hosts[host] = {net::Lookup::found, std::move(all), ""};
  }

  Task<net::MxAnswer> mx(std::string name, SteadyTime) override {
    asked.push_back("MX " + name);
    if (const auto delay = delays.find(name); delay != delays.end())
      co_await sleep_until(*loop, loop->steady() + delay->second);
    auto found = mxs.find(name);
    if (found != mxs.end()) co_return found->second;
    co_return net::MxAnswer{
        hosts.contains(name) ? net::Lookup::no_data : net::Lookup::no_such_name, {}, ""};
  }
  Task<net::AddressAnswer> addresses(std::string name, SteadyTime) override {
    asked.push_back("A " + name);
    auto found = hosts.find(name);
    if (found != hosts.end()) co_return found->second;
    co_return net::AddressAnswer{net::Lookup::no_such_name, {}, ""};
  }
  Task<net::NameAnswer> reverse(std::string, SteadyTime) override {
    co_return net::NameAnswer{net::Lookup::no_data, "", ""};
  }
};

// Keeps "to fate status text" of each outcome.
class FakeRecord final : public monitor::FakeRecord {
 public:
  std::vector<std::string> outcomes;
  std::vector<mail::MessageId> gone;

  void outcome(mail::MessageId, std::string_view recipient, const mail::Outcome& outcome,
               Duration) override {
    outcomes.push_back(std::string(recipient) + ' ' + std::string(to_string(outcome.fate)) + ' ' +
                       outcome.answer.status + ' ' + outcome.answer.text);
  }
  void removed(mail::MessageId id) override { gone.push_back(id); }
};

struct FakeWorld {
  FakeWorld() {
    resolver.loop = &loop;
    settings.hostname = "me.example";
    settings.in = {"192.0.2.99"};
    settings.smtp_port = 25;
    settings.mx_port = 25;
    settings.retry_first = std::chrono::minutes(5);
    settings.retry_max = std::chrono::hours(1);
    settings.queue_lifetime = std::chrono::hours(120);
  }

  FakeLoop loop;
  FakeStore store{loop};
  FakeNetwork network{loop};
  FakeResolver resolver;
  FakeRecord record;
  SimulatedMailVolume volume;
  SimulatedMailboxes mailboxes{loop, volume};
  config::Settings settings;
};

}  // namespace malleposte::deliver
