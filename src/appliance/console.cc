#include "appliance/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace malleposte::appliance {

void StandardConsole::out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void StandardConsole::err(std::string_view text) {
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

bool StandardConsole::interactive() const {
  return ::isatty(0) == 1 && ::isatty(2) == 1;
}

unsigned StandardConsole::columns() const {
  winsize size{};
  if (::isatty(1) != 1 || ::ioctl(1, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

std::string StandardConsole::ask(std::string_view question) {
  err(question);
  std::string line;
  for (int c; (c = std::getchar()) != EOF && c != '\n';) line += static_cast<char>(c);
  return line;
}

std::string printable(std::string_view text) {
  std::string safe;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // C1 controls (U+0080 to U+009F) are C2 80 to C2 9F in UTF-8.
    const bool c1 = c == 0xc2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) ++i;
    safe += c < ' ' || c == 0x7f || c1 ? '?' : text[c1 ? i - 1 : i];
  }
  return safe;
}

}  // namespace malleposte::appliance
