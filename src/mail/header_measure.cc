#include "mail/header_measure.h"

namespace malleposte::mail {

std::optional<Limit> HeaderMeasure::feed(std::string_view content) {
  while (!content.empty() && !met_ && (at_ != At::body || lines_count())) {
    const std::size_t end = content.find('\n');
    const std::string_view part = content.substr(0, end == std::string_view::npos ? end : end + 1);
    content.remove_prefix(part.size());
    if (at_ != At::body) take_header(part);
    if (lines_count()) take_line(part);
    if (end == std::string_view::npos) continue;
    line_octets_ = 0;
    if (at_ == At::line) at_ = At::line_start;
  }
  return met_;
}

// A line of the header, or a part of one.
void HeaderMeasure::take_header(std::string_view part) {
  unknown_octets_ += part.size();
  for (std::size_t i = 0; i < part.size() && at_ != At::line && at_ != At::body; ++i) {
    at_ = after(part[i]);
  }
  // What may be a field and is none belongs to the body.
  if (at_ == At::line) octets_ += unknown_octets_;
  if (at_ == At::line || at_ == At::body) unknown_octets_ = 0;
  if (options_.octets != 0 && octets_ > options_.octets) met_ = Limit::header_size;
  if (options_.fields != 0 && fields_ > options_.fields) met_ = Limit::header_fields;
}

HeaderMeasure::At HeaderMeasure::after(char c) {
  const bool blank = c == ' ' || c == '\t';
  const bool of_name = c > ' ' && c < 0x7f && c != ':';
  switch (at_) {
    case At::line_start:
      if (blank) return fields_ == 0 ? At::body : At::line;
      return of_name ? At::name : At::body;
    case At::name:
    case At::name_blank:
      if (c == ':') {
        ++fields_;
        return At::line;
      }
      if (blank) return At::name_blank;
      return of_name && at_ == At::name ? At::name : At::body;
    case At::line:
    case At::body:
      break;
  }
  return at_;
}

// CR stands nowhere but in front of LF (binary bodies are not looked at).
void HeaderMeasure::take_line(std::string_view part) {
  if (!part.empty() && part.back() == '\n') part.remove_suffix(1);
  if (!part.empty() && part.back() == '\r') part.remove_suffix(1);
  line_octets_ += part.size();
  if (line_octets_ > options_.line_octets) met_ = Limit::line_length;
}

}  // namespace malleposte::mail
