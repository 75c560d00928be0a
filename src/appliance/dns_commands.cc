#include "appliance/dns_commands.h"

#include "appliance/json_text.h"
#include "appliance/way_text.h"

namespace malleposte::appliance {

int execute_dns_command(const CommandLine& line, const ApiClient& api, Console& console) {
  const bool lookup = line.command == Command::dns_lookup;
  const auto answer =
      lookup ? api.get("dns/lookup", {{"domain", line.domain}}) : api.post("dns/flush", "{}");
  if (!answer) {
    console.err(printable(answer.error().text) + "\n");
    return exit_code::failed;
  }
  const auto document = parse_object(*answer);
  if (!document) {
    console.err(document.error().text + "\n");
    return exit_code::failed;
  }
  if (!lookup) {
    console.out(line.json ? *answer : "What was learnt of DNS is forgotten.\n");
    return exit_code::done;
  }
  const auto way = way_text(*document);
  console.out(line.json ? *answer : way.text);
  return way.open ? exit_code::done : exit_code::failed;
}

}  // namespace malleposte::appliance
