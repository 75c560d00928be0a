// A console for unit tests: keeps what was said, answers what it is told to.
#pragma once

#include <string>

#include "appliance/console.h"

namespace malleposte::appliance {

class FakeConsole final : public Console {
 public:
  void out(std::string_view text) override { said += text; }
  void err(std::string_view text) override { complained += text; }
  bool interactive() const override { return somebody; }
  unsigned columns() const override { return 0; }
  std::string ask(std::string_view question) override {
    complained += question;
    return answer;
  }

  std::string said, complained, answer;
  bool somebody = false;
};

}  // namespace malleposte::appliance
