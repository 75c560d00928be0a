#include <string>
#include <vector>

#include "appliance/command_line.h"
#include "appliance/commands.h"
#include "appliance/console.h"

int main(int count, char** arguments) {
  using namespace malleposte::appliance;
  StandardConsole console;
  auto line = parse_command_line(std::vector<std::string>(arguments + 1, arguments + count));
  if (!line) {
    console.out(line.error().out);
    console.err(line.error().err);
    return line.error().code;
  }
  return execute(*line, console);
}
