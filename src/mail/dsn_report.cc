#include "mail/dsn_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <initializer_list>
#include <vector>

#include "mail/code_points.h"
#include "mail/dsn_words.h"
#include "mail/message_fields.h"
#include "mail/plain_text.h"
#include "mail/plain_words.h"
#include "mail/typed_address.h"
#include "mail/wrapped_text.h"

namespace malleposte::mail {
namespace {

constexpr std::string_view indent = "    ";
constexpr std::size_t subject_octets = 200;  // of the original's, as it is shown
constexpr std::string_view ascii_status = "message/delivery-status";
constexpr std::string_view global_status = "message/global-delivery-status";

// "mx.example.org" of "dns; mx.example.org".
std::string_view behind_type(std::string_view text) {
  const auto at = text.find("; ");
  return at == std::string_view::npos ? text : text.substr(at + 2);
}

// The parts between the boundaries.
std::vector<std::string_view> parts_of(std::string_view content) {
  constexpr std::string_view mark = "boundary=\"";
  const auto header = content.substr(0, content.find("\r\n\r\n"));
  const auto at = header.find(mark);
  if (at == std::string_view::npos) return {};
  const auto from = at + mark.size();
  const auto line = fmt::format("\r\n--{}", header.substr(from, header.find('"', from) - from));
  std::vector<std::string_view> parts;
  for (auto next = content.find(line); next != std::string_view::npos;) {
    content.remove_prefix(next + line.size());
    next = content.find(line);
    if (next == std::string_view::npos) break;
    parts.push_back(content.substr(0, next));
  }
  return parts;
}

// What is behind the part's own fields; empty when it is of another type.
std::string_view body_of(std::string_view part, std::string_view type) {
  if (!part.starts_with(fmt::format("\r\nContent-Type: {}\r\n", type))) return {};
  const auto at = part.find("\r\n\r\n");
  return at == std::string_view::npos ? std::string_view{} : part.substr(at + 4);
}

std::string_view first_of(std::string_view part, std::initializer_list<std::string_view> types) {
  for (auto type : types)
    if (auto body = body_of(part, type); !body.empty()) return body;
  return {};
}

Language language_of(std::string_view part) {
  part.remove_prefix(std::min<std::size_t>(2, part.size()));  // the line end before its fields
  const auto named = header_value(part, "content-language", 10);
  for (auto language : all_languages)
    if (named == tag(language)) return language;
  return Language::english;
}

// A date of ours as people write it; what is none stays as it is.
std::string shown_date(std::string_view text, const DsnWords& words) {
  const std::string date(text);
  char month[4] = "";
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  if (std::sscanf(date.c_str(), "%*3s, %d %3s %d %d:%d:%d", &day, month, &year, &hour, &minute,
                  &second) != 6)
    return date;
  const auto& months = english_words.months;
  const auto number = std::find(months.begin(), months.end(), month) - months.begin() + 1;
  const auto on = std::chrono::year(year) / static_cast<int>(number) / day;
  if (!on.ok()) return date;
  return date_in(std::chrono::sys_days(on) + std::chrono::hours(hour) +
                     std::chrono::minutes(minute) + std::chrono::seconds(second),
                 words);
}

// Which message it is about, as its sender may know it.
std::string title(const Fields& message, const Fields& original, const DsnWords& words) {
  auto text =
      fmt::format(fmt::runtime(words.message_of),
                  fmt::arg("date", shown_date(field_value(message, "arrival-date"), words)));
  const auto subject = one_line_utf8(field_value(original, "subject"), subject_octets);
  if (!subject.empty() && subject.find("=?") == std::string::npos)
    text += fmt::format(", \"{}\"", subject);
  if (auto id = one_line_utf8(field_value(original, "message-id"), subject_octets); !id.empty())
    text += ", " + id;
  return wrap(fmt::format("{} ({})", text, field_value(message, "x-malleposte-queue-id")));
}

std::string line_of(const Fields& recipient, const DsnWords& words) {
  const auto action = field_value(recipient, "action");
  Answer answer;
  answer.status = field_value(recipient, "status");
  const auto said_of = action == "failed"      ? words.failed
                       : action == "relayed"   ? words.relayed
                       : action == "delivered" ? words.delivered_to
                                               : words.late;
  const auto address = shown_address(field_value(recipient, "final-recipient"));
  auto text = wrap(fmt::format(fmt::runtime(said_of), "<" + address + ">"), indent);
  auto said = std::string(behind_type(field_value(recipient, "diagnostic-code")));
  if (auto host = behind_type(field_value(recipient, "remote-mta")); !host.empty())
    said = fmt::format("{}: {}", host, said);
  constexpr std::string_view deeper = "        ";
  const bool no_trouble = action == "relayed" || action == "delivered";
  const auto what = no_trouble ? "" : plain_words(answer, action == "failed", words).what;
  return text + wrap(what, deeper) + wrap(said, deeper);
}

}  // namespace

std::optional<GatheredDsn> read_dsn(std::string_view content) {
  const auto parts = parts_of(content);
  if (parts.size() != 3) return std::nullopt;
  GatheredDsn gathered;
  auto status = body_of(parts[1], global_status);
  gathered.global = !status.empty();
  if (!gathered.global) status = body_of(parts[1], ascii_status);
  if (status.empty()) return std::nullopt;
  gathered.programs = status;
  gathered.language = language_of(parts[0]);
  const auto& words = words_in(gathered.language);
  auto returned = first_of(parts[2], {"text/rfc822-headers", "message/rfc822"});
  const auto message = take_fields(status);
  gathered.people = title(message, take_fields(returned), words);
  std::size_t recipients = 0;
  while (!status.empty()) {
    const auto recipient = take_fields(status);
    if (recipient.empty()) continue;
    if (field_value(recipient, "final-recipient").empty()) return std::nullopt;
    gathered.people += line_of(recipient, words);
    ++recipients;
  }
  if (recipients == 0) return std::nullopt;
  return gathered;
}

Dsn make_report(const ReportCase& about, std::span<const GatheredDsn> gathered) {
  assert(!gathered.empty());
  const auto language = gathered.front().language;
  const auto& words = words_in(language);
  auto text = wrap(fmt::format(fmt::runtime(words.greeting), fmt::arg("host", about.hostname))) +
              "\r\n" +
              wrap(fmt::format(fmt::runtime(words.report), fmt::arg("count", gathered.size())));
  std::vector<std::string> parts(1);
  parts.reserve(gathered.size() + 1);
  bool eight_bit = false;
  for (const auto& one : gathered) {
    text += "\r\n" + one.people;
    const bool ascii = is_ascii(one.programs);
    eight_bit |= !ascii;
    parts.push_back(fmt::format("Content-Type: {}\r\n{}\r\n{}",
                                one.global ? global_status : ascii_status,
                                ascii ? "" : "Content-Transfer-Encoding: 8bit\r\n", one.programs));
  }
  parts.front() = text_part(text, language);
  // RFC 3464 has one message in a multipart/report; these are several.
  return frame_notice(
      {about.to, fmt::format(fmt::runtime(words.report_subject), gathered.size()),
       "multipart/mixed", about.hostname, about.first, ".report", about.now, language},
      parts, eight_bit);
}

}  // namespace malleposte::mail
