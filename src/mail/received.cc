#include "mail/received.h"

#include <array>
#include <charconv>
#include <chrono>

#include "base/limits.h"

namespace malleposte::mail {
namespace {

bool harmless(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_' || c == '[' || c == ']' || c == ':';
}

void append_name(std::string& out, std::string_view name) {
  for (const char c : name.substr(0, limits::domain_octets)) out.push_back(harmless(c) ? c : '?');
}

void append_number(std::string& out, unsigned value, std::size_t width) {
  std::array<char, 10> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  const auto count = static_cast<std::size_t>(end - digits.begin());
  if (count < width) out.append(width - count, '0');
  out.append(digits.data(), count);
}

constexpr std::string_view day_names = "SunMonTueWedThuFriSat";
constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";

void append_date_time(std::string& out, WallTime when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(when - day));
  out.append(day_names.substr(std::chrono::weekday(day).c_encoding() * 3, 3));
  out.append(", ");
  append_number(out, static_cast<unsigned>(date.day()), 1);
  out.push_back(' ');
  out.append(month_names.substr((static_cast<unsigned>(date.month()) - 1) * 3, 3));
  out.push_back(' ');
  append_number(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out.push_back(' ');
  append_number(out, static_cast<unsigned>(time.hours().count()), 2);
  out.push_back(':');
  append_number(out, static_cast<unsigned>(time.minutes().count()), 2);
  out.push_back(':');
  append_number(out, static_cast<unsigned>(time.seconds().count()), 2);
  out.append(" +0000");
}

}  // namespace

std::string date_time(WallTime when) {
  std::string out;
  append_date_time(out, when);
  return out;
}

std::string protocol_keyword(const Protocol& protocol) {
  if (!protocol.esmtp) return "SMTP";
  std::string keyword = protocol.utf8 ? "UTF8SMTP" : "ESMTP";
  if (protocol.tls) keyword.push_back('S');
  if (protocol.authenticated) keyword.push_back('A');
  return keyword;
}

std::string received_field(const Trace& trace) {
  std::string out;
  out.reserve(320);
  out.append("Received: from ");
  append_name(out, trace.helo.empty() ? "unknown" : trace.helo);
  out.append(" (");
  append_name(out, trace.client_name.empty() ? "unknown" : trace.client_name);
  out.append(is_ipv4(trace.client_address) ? " [" : " [IPv6:");
  out.append(malleposte::to_string(trace.client_address));
  out.append("])\r\n\tby ");
  append_name(out, trace.hostname);
  out.append(" with ").append(protocol_keyword(trace.protocol)).append(" id ");
  out.append(to_string(trace.id));
  const Address* only = trace.only_recipient;
  if (only != nullptr && (only->ascii() || trace.protocol.utf8)) {
    out.append("\r\n\tfor <");
    out.append(to_string(*only));
    out.push_back('>');
  }
  if (trace.priority != 0) {
    out.append("\r\n\tpriority ").append(std::to_string(trace.priority));
  }
  out.append("; ");
  append_date_time(out, trace.when);
  out.append("\r\n");
  return out;
}

}  // namespace malleposte::mail
