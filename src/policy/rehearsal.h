// What would happen to a client that came with a message, told and not done: receive/rehearsal.h
// plays it, the API shows it. Values only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "mail/address.h"

namespace malleposte::policy {

struct Rehearsal {
  // Who comes with what, as it would be written in SMTP: no line ends in it.
  struct Question {
    IpAddress client{};
    std::string listener;  // the address of ours it connects to; "" any
    std::string helo;      // "" its address in brackets
    std::string sender;    // "a@example.org", "" or "<>" for the null one
    std::string recipient;
  };
  struct Step {
    std::string command;               // as the client sends it; "connection" before the first
    std::string reply;                 // all lines of it, separated by \n
    bool taken;                        // it goes on from here
    std::vector<std::string> because;  // which properties decided, a sentence each
  };
  std::vector<Step> steps;  // up to the first that is refused
  // Accepted, perhaps rewritten: the sender, and where the message goes next; empty when refused.
  std::optional<mail::Address> sender, recipient;
  bool held = false;  // it would be kept until it is released
};

}  // namespace malleposte::policy
