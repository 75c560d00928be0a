#include "mail/received.h"

#include <algorithm>
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

constexpr std::string_view field_name = "received:";
constexpr std::uint8_t other_field = 0xff;

}  // namespace

std::string date_time(WallTime when) {
  std::string out;
  append_date_time(out, when);
  return out;
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
  out.append(trace.esmtp ? " with ESMTP id " : " with SMTP id ");
  out.append(to_string(trace.id));
  if (trace.only_recipient != nullptr) {
    out.append("\r\n\tfor <");
    out.append(to_string(*trace.only_recipient));
    out.push_back('>');
  }
  out.append("; ");
  append_date_time(out, trace.when);
  out.append("\r\n");
  return out;
}

void HopCounter::feed(std::string_view content) {
  std::size_t at = 0;
  while (at < content.size() && !done_) {
    if (octets_ >= limits::header_octets) {
      done_ = true;
      return;
    }
    if (matched_ == other_field) {  // to the end of the line
      const std::size_t line_end = content.find('\n', at);
      const std::size_t next = line_end == std::string_view::npos ? content.size() : line_end + 1;
      octets_ +=
          static_cast<std::uint32_t>(std::min<std::size_t>(next - at, limits::header_octets));
      at = next;
      if (line_end != std::string_view::npos) {
        matched_ = 0;
        at_start_ = true;
      }
      continue;
    }
    const char c = content[at++];
    ++octets_;
    if (at_start_ && c == '\r') continue;
    if (c == '\n') {
      done_ = at_start_;  // the empty line
      matched_ = 0;
      at_start_ = true;
      continue;
    }
    at_start_ = false;
    // A blank before the colon is obsolete syntax (RFC 5322 4.5), but loops are made of anything.
    if ((c == ' ' || c == '\t') && matched_ == field_name.size() - 1) continue;
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != field_name[matched_]) {
      matched_ = other_field;
    } else if (++matched_ == field_name.size()) {
      ++hops_;
      matched_ = other_field;
    }
  }
}

}  // namespace malleposte::mail
