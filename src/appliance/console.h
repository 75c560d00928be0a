// Where a command speaks to its user: standard output and error, and a question on a terminal.
// Commands get one handed in, so that tests can read what they say.
#pragma once

#include <string>
#include <string_view>

namespace malleposte::appliance {

class Console {
 public:
  virtual ~Console() = default;
  virtual void out(std::string_view text) = 0;
  virtual void err(std::string_view text) = 0;
  // Whether somebody sits there and can answer.
  virtual bool interactive() const = 0;
  // Columns of the terminal that out() goes to; 0 when it is none.
  virtual unsigned columns() const = 0;
  // Shows the question, reads a line. "" at the end of input.
  virtual std::string ask(std::string_view question) = 0;
};

// The process's own.
class StandardConsole final : public Console {
 public:
  void out(std::string_view text) override;
  void err(std::string_view text) override;
  bool interactive() const override;
  unsigned columns() const override;
  std::string ask(std::string_view question) override;
};

// The text without control characters (a reply or an address that a stranger sent must not steer
// the terminal it is shown on): each becomes "?". UTF-8 stays.
std::string printable(std::string_view text);

}  // namespace malleposte::appliance
