#include "smtp/help_text.h"

#include <array>
#include <utility>

#include "smtp/command.h"

namespace malleposte::smtp {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 13> texts{{
    {"HELO", "HELO NAME: says who you are, and begins again."},
    {"EHLO", "EHLO NAME: says who you are, and lists what is offered here."},
    {"MAIL", "MAIL FROM:<ADDRESS>: the sender, who hears of failures; <> is nobody."},
    {"RCPT", "RCPT TO:<ADDRESS>: one recipient; say it again for each."},
    {"DATA", "DATA: the message follows, and ends with a line that is a period."},
    {"BDAT", "BDAT OCTETS [LAST]: so many octets of the message follow at once."},
    {"RSET", "RSET: forgets sender, recipients and message."},
    {"NOOP", "NOOP: does nothing."},
    {"QUIT", "QUIT: ends the session."},
    {"VRFY", "VRFY ADDRESS: nobody learns here who exists; send the mail."},
    {"EXPN", "EXPN LIST: not offered; nobody learns here who is on a list."},
    {"ETRN", "ETRN NAME: asks for the mail that waits for a host; none is kept that way here."},
    {"HELP", "HELP [COMMAND]: this."},
}};

}  // namespace

Reply help_text(std::string_view about) {
  for (const auto& [name, text] : texts) {
    if (same_text(about, name)) return reply(214, "2.0.0", text);
  }
  return {214,
          "2.0.0",
          {"HELO EHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP",
           "A mail goes like this: HELO, MAIL, RCPT, DATA, QUIT (RFC 5321).",
           "HELP and a command tells of that command."}};
}

}  // namespace malleposte::smtp
