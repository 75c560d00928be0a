// A record for tests: keeps the events as "kind: text", forgets the rest. A test that looks at more
// derives from it. Test code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "monitor/record.h"

namespace malleposte::monitor {

class FakeRecord : public Record {
 public:
  std::vector<std::string> events;

  void connected(std::string_view, std::string_view) override {}
  void vouched(std::string_view, std::string_view, std::string_view, std::string_view) override {}
  void disconnected(std::string_view, std::string_view, unsigned, unsigned) override {}
  void refused(std::string_view, std::string_view, std::string_view, std::string_view,
               std::string_view, std::string_view) override {}
  void accepted(mail::MessageId, const mail::Envelope&, std::uint64_t) override {}
  void generated(mail::MessageId, const mail::Envelope&, std::uint64_t, std::string_view) override {
  }
  void outcome(mail::MessageId, std::string_view, const mail::Outcome&, Duration) override {}
  void removed(mail::MessageId) override {}
  void event(std::string_view kind, Severity, std::string_view text) override {
    events.push_back(std::string(kind) + ": " + std::string(text));
  }
};

}  // namespace malleposte::monitor
