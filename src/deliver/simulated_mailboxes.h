// Mailboxes in memory, for tests and the simulator: what one life of a machine has of a volume that
// outlives it. What was committed is there for ever; what was not never was.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/loop.h"
#include "deliver/mailboxes.h"

namespace malleposte::deliver {

// By path: the mails by their names. Only those mailboxes exist that are here.
using SimulatedMailVolume = std::map<std::string, std::map<std::string, std::string>>;

class SimulatedMailboxes final : public Mailboxes {
 public:
  // Asked before each look and each write; a ruling is given instead.
  std::function<std::optional<smtp::Ruling>(const std::string& mailbox)> trouble;
  // Called when a mail is committed, once more for one that was there.
  std::function<void(const std::string& mailbox, const std::string& content)> committed;
  Duration write_time{};
  // Said of a mail that was committed, in place of the truth.
  std::optional<smtp::Ruling> answer_instead;

  // Both outlive it.
  SimulatedMailboxes(Loop& loop, SimulatedMailVolume& volume) : loop_(loop), volume_(volume) {}

  Task<smtp::Ruling> look(MailboxPath mailbox) override {
    const auto path = to_string(mailbox);
    if (trouble)
      if (auto ruling = trouble(path)) co_return *ruling;
    co_return volume_.contains(path) ? accepted() : no_mailbox();
  }

  std::unique_ptr<MailboxDelivery> begin(MailboxPath mailbox, std::string name) override {
    return std::make_unique<Delivery>(*this, std::move(mailbox), std::move(name));
  }

 private:
  static smtp::Ruling accepted() { return {smtp::Verdict::accepted, 0, "2.0.0", ""}; }

  class Delivery final : public MailboxDelivery {
   public:
    Delivery(SimulatedMailboxes& in, MailboxPath mailbox, std::string name)
        : in_(in), mailbox_(std::move(mailbox)), name_(std::move(name)) {}

    Task<smtp::Ruling> write(std::string octets, bool last) override {
      const auto path = to_string(mailbox_);
      if (in_.write_time > Duration::zero())
        co_await sleep_until(in_.loop_, in_.loop_.steady() + in_.write_time);
      if (in_.trouble)
        if (auto ruling = in_.trouble(path)) co_return *ruling;
      const auto found = in_.volume_.find(path);
      if (found == in_.volume_.end()) co_return no_mailbox();
      content_ += octets;
      if (!last) co_return accepted();
      found->second.try_emplace(name_, content_);
      if (in_.committed) in_.committed(path, content_);
      co_return in_.answer_instead ? *in_.answer_instead : filed_in(mailbox_);
    }

   private:
    SimulatedMailboxes& in_;
    MailboxPath mailbox_;
    std::string name_, content_;
  };

  Loop& loop_;
  SimulatedMailVolume& volume_;
};

}  // namespace malleposte::deliver
