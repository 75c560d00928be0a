// A command line of any bytes gives a verb; its address comes back from its written form, and its
// views lie inside the line. Its parameters are taken or refused, and what is taken keeps its
// bounds.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/limits.h"
#include "smtp/command.h"
#include "smtp/mail_parameters.h"
#include "smtp/xtext.h"

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
  if (command.verb == smtp::Verb::bdat && command.problem.empty()) assert(command.chunk_octets);
  const WallTime now{std::chrono::hours(500'000)};
  if (const auto taken =
          smtp::mail_parameters(command.parameters, smtp::Offers::to_client(true), now)) {
    const mail::Requests& asked = taken->requests;
    assert(asked.envelope_id.size() <= limits::envelope_id_octets);
    assert(smtp::decode_xtext(smtp::encode_xtext(asked.envelope_id)) == asked.envelope_id);
    assert(asked.held_until == WallTime{} ||
           (asked.held_until > now && asked.held_until <= now + limits::future_release));
    assert(asked.priority >= -9 && asked.priority <= 9);
  }
  for (const bool smtputf8 : {false, true}) {
    const auto taken = smtp::recipient_parameters(command.parameters, smtp::Offers{}, smtputf8);
    if (!taken) continue;
    assert(taken->original.size() <= limits::original_recipient_octets);
    assert(!taken->notify.never || taken->notify == mail::Notify{.never = true});
  }
  if (!command.problem.empty()) return 0;
  if (command.verb == smtp::Verb::rcpt) assert(!command.address.null());
  if (!command.address.null()) {
    const auto again = mail::parse_address(to_string(command.address));
    assert(again && *again == command.address);
  }
  return 0;
}
