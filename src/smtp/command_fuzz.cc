// A command line of any bytes gives a verb; its address comes back from its written form, and its
// views lie inside the line.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "smtp/command.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace malleposte;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto inside = [&](std::string_view part) {
    return part.empty() ||
           (part.data() >= line.data() && part.data() + part.size() <= line.data() + line.size());
  };
  static smtp::Command command;  // one for all lines, as in a session
  smtp::parse_command(line, command);
  assert(inside(command.argument));
  for (const smtp::Parameter& parameter : command.parameters) {
    assert(!parameter.key.empty() && inside(parameter.key) && inside(parameter.value));
  }
  if (!command.problem.empty()) return 0;
  if (command.verb == smtp::Verb::rcpt) assert(!command.address.null());
  if (!command.address.null()) {
    const auto again = mail::parse_address(to_string(command.address));
    assert(again && *again == command.address);
  }
  return 0;
}
