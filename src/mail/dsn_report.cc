#include "mail/dsn_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "mail/plain_text.h"
#include "mail/plain_words.h"
#include "mail/wrapped_text.h"

namespace malleposte::mail {
namespace {

constexpr std::string_view indent = "    ";
constexpr std::size_t subject_octets = 200;  // of the original's, as it is shown

using Fields = std::vector<std::pair<std::string, std::string>>;  // unfolded

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lowered;
}

// The fields up to an empty line or the end; takes them off the text.
Fields take_fields(std::string_view& text) {
  Fields fields;
  while (!text.empty()) {
    const auto end = std::min(text.find("\r\n"), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t') {
      if (!fields.empty()) fields.back().second += line;
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    fields.emplace_back(lower(line.substr(0, colon)), value);
  }
  return fields;
}

std::string_view value(const Fields& fields, std::string_view name) {
  for (const auto& [known, text] : fields)
    if (known == name) return text;
  return {};
}

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

// Which message it is about, as its sender may know it.
std::string title(const Fields& message, const Fields& original) {
  auto text = fmt::format("Message of {}", value(message, "arrival-date"));
  const auto subject = one_line(value(original, "subject"), subject_octets);
  if (!subject.empty() && subject.find("=?") == std::string::npos)
    text += fmt::format(", \"{}\"", subject);
  if (auto id = one_line(value(original, "message-id"), subject_octets); !id.empty())
    text += ", " + id;
  return wrap(fmt::format("{} ({})", text, value(message, "x-malleposte-queue-id")));
}

std::string line_of(const Fields& recipient) {
  const auto status = value(recipient, "status");
  const bool final = value(recipient, "action") == "failed";
  Answer answer;
  answer.status = status;
  auto text = wrap(fmt::format("<{}> {}", behind_type(value(recipient, "final-recipient")),
                               final ? "failed:" : "is late:"),
                   indent);
  auto said = std::string(behind_type(value(recipient, "diagnostic-code")));
  if (auto host = behind_type(value(recipient, "remote-mta")); !host.empty())
    said = fmt::format("{}: {}", host, said);
  constexpr std::string_view deeper = "        ";
  text += wrap(plain_words(answer, final).what, deeper) + wrap(said, deeper);
  return text;
}

}  // namespace

std::optional<GatheredDsn> read_dsn(std::string_view content) {
  const auto parts = parts_of(content);
  if (parts.size() != 3) return std::nullopt;
  auto status = body_of(parts[1], "message/delivery-status");
  if (status.empty()) return std::nullopt;
  GatheredDsn gathered;
  gathered.programs = status;
  auto returned = body_of(parts[2], "text/rfc822-headers");
  if (returned.empty()) returned = body_of(parts[2], "message/rfc822");
  const auto message = take_fields(status);
  gathered.people = title(message, take_fields(returned));
  std::size_t recipients = 0;
  while (!status.empty()) {
    const auto recipient = take_fields(status);
    if (recipient.empty()) continue;
    if (value(recipient, "final-recipient").empty()) return std::nullopt;
    gathered.people += line_of(recipient);
    ++recipients;
  }
  if (recipients == 0) return std::nullopt;
  return gathered;
}

Dsn make_report(const ReportCase& about, std::span<const GatheredDsn> gathered) {
  auto text = fmt::format("This is the mail system at {}.\r\n\r\n", about.hostname) +
              wrap(fmt::format("So many messages from your address could not be delivered that "
                               "notices about them are gathered into reports. This report takes "
                               "the place of {} notices. What is named as failed will not be "
                               "tried again; what is late is kept here and still tried.",
                               gathered.size()));
  std::vector<std::string> parts(1);
  parts.reserve(gathered.size() + 1);
  for (const auto& one : gathered) {
    text += "\r\n" + one.people;
    parts.push_back("Content-Type: message/delivery-status\r\n\r\n" + one.programs);
  }
  parts.front() = "Content-Type: text/plain; charset=us-ascii\r\n\r\n" + text;
  // RFC 3464 has one message in a multipart/report; these are several.
  return frame_notice(
      {about.to, fmt::format("Undelivered mail: {} notices in one", gathered.size()),
       "multipart/mixed", about.hostname, about.first, ".report", about.now},
      parts, false);
}

}  // namespace malleposte::mail
