#include "mail/status.h"

namespace malleposte::mail {
namespace {

// Takes one number of one to three digits; 0 octets taken means there is none.
std::size_t number(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && n < 4 && text[n] >= '0' && text[n] <= '9') ++n;
  if (n > 3 || (n > 1 && text[0] == '0')) return 0;
  return n;
}

}  // namespace

std::string_view leading_status(std::string_view text) {
  if (text.size() < 5 || text[1] != '.') return {};
  if (text[0] != '2' && text[0] != '4' && text[0] != '5') return {};
  auto subject = number(text.substr(2));
  if (subject == 0 || 2 + subject >= text.size() || text[2 + subject] != '.') return {};
  auto detail = number(text.substr(3 + subject));
  if (detail == 0) return {};
  auto end = 3 + subject + detail;
  if (end < text.size() && text[end] != ' ' && text[end] != '\t') return {};
  return text.substr(0, end);
}

std::string_view general_status(int reply_code) {
  if (reply_code >= 500) return "5.0.0";
  if (reply_code >= 400) return "4.0.0";
  return "2.0.0";
}

}  // namespace malleposte::mail
