#include "mail/mime_structure.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/limits.h"

namespace malleposte::mail {
namespace {

using Kind = MimeEntity::Kind;
using Field = MimePiece::Field;

constexpr std::string_view blanks = " \t";

bool same_name(std::string_view name, std::string_view known) {
  return std::equal(name.begin(), name.end(), known.begin(), known.end(),
                    [](char a, char b) { return lower(a) == b; });
}

std::string_view without_blanks(std::string_view text) {
  const auto last = text.find_last_not_of(blanks);
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

bool is_composite(const MimeEntity& what) {
  return what.kind == Kind::multipart || what.kind == Kind::message;
}

// RFC 6532 3.7 and RFC 6533 let these be encoded; the other subtypes of message may not be
// (RFC 2046 5.2).
bool is_global(const ContentType& type) {
  return type.subtype.starts_with("global");
}

Kind kind_of(const MimeEntity& what) {
  if (what.type.type == "multipart") {
    const bool bounded = !what.type.boundary.empty() &&
                         what.type.boundary.size() <= limits::mime_boundary_octets &&
                         what.type.boundary == without_blanks(what.type.boundary);
    return bounded && identity(what.encoding) ? Kind::multipart : Kind::opaque;
  }
  if (what.type.type != "message" || is_global(what.type)) return Kind::leaf;
  return what.type.subtype == "rfc822" && identity(what.encoding) ? Kind::message : Kind::opaque;
}

// RFC 1847: what these hold was signed or encrypted as it is.
bool seals(const ContentType& type) {
  return type.subtype == "signed" || type.subtype == "encrypted";
}

}  // namespace

MimeStructure::MimeStructure(Reader& reader) : reader_(reader) {
  begin_entity(true, false, false);
}

void MimeStructure::found(MimeDefect defect) {
  if (defect_ == MimeDefect::none) defect_ = defect;
}

void MimeStructure::report(MimePlace place, std::uint32_t entity, std::string_view octets,
                           bool begins) {
  if (octets.empty()) return;
  reader_.piece({place, entity, place == MimePlace::field ? field_ : Field::other, octets, begins});
}

// --- Lines ---------------------------------------------------------------------------------------

void MimeStructure::add(std::string_view octets) {
  while (!octets.empty()) {
    if (held_.empty() && !in_line_ && place_ != MimePlace::field) {
      if (const auto plain = plain_lines(octets); plain > 0) {
        content(octets.substr(0, plain));
        octets.remove_prefix(plain);
        continue;
      }
    }
    const auto feed = octets.find('\n');
    const bool ends = feed != std::string_view::npos;
    auto taken = ends ? feed + 1 : octets.size();
    if (held_.empty() && ends && taken <= limits::mime_line_kept) {
      line(octets.substr(0, taken), !in_line_, true);
      in_line_ = false;
    } else {
      taken = std::min(taken, limits::mime_line_kept - held_.size());
      held_ += octets.substr(0, taken);
      const bool complete = held_.back() == '\n';
      if (complete || held_.size() == limits::mime_line_kept) {
        // A CR stays with what follows: the two may be a line break.
        const bool keeps = !complete && held_.back() == '\r';
        line(std::string_view(held_).substr(0, held_.size() - (keeps ? 1 : 0)), !in_line_,
             complete);
        held_ = keeps ? "\r" : "";
        in_line_ = !complete;
      }
    }
    octets.remove_prefix(taken);
  }
}

void MimeStructure::end() {
  if (!held_.empty()) line(held_, !in_line_, true);
  held_.clear();
  if (place_ == MimePlace::field && open_) end_header();
  pass_line_end();
  close_levels(0);
}

// How many octets of complete lines there are that are too short for a delimiter, or begin as none.
// Most content is such, and most bombs: it is passed on in one piece.
std::size_t MimeStructure::plain_lines(std::string_view octets) const {
  std::size_t end = 0;
  for (;;) {
    const auto feed = octets.find('\n', end);
    if (feed == std::string_view::npos) return end;
    if (!blind_ && octets.substr(end, 2) == "--" && feed - end - 2 >= shortest_boundary_)
      return end;
    end = feed + 1;
  }
}

void MimeStructure::content(std::string_view lines) {
  const std::string_view line_end = lines.ends_with("\r\n") ? "\r\n" : "\n";
  content_line(lines.substr(0, lines.size() - line_end.size()), line_end, true);
  after_line_feed_ = line_end == "\n";
}

// `ends`: with its line break, or with the message.
void MimeStructure::line(std::string_view octets, bool begins, bool ends) {
  std::string_view line_end;
  if (ends && octets.ends_with("\r\n"))
    line_end = "\r\n";
  else if (ends && octets.ends_with('\n'))
    line_end = "\n";
  const auto text = octets.substr(0, octets.size() - line_end.size());
  if (begins && text.starts_with("--") && !blind_ && delimiter(octets, text, line_end)) {
  } else if (place_ == MimePlace::field) {
    header_line(text, line_end, begins);
  } else {
    content_line(text, line_end, begins);
  }
  if (ends) after_line_feed_ = line_end == "\n";
}

void MimeStructure::pass_line_end() {
  report(place_, entity_, line_end_);
  line_end_ = {};
}

void MimeStructure::content_line(std::string_view text, std::string_view line_end, bool begins) {
  pass_line_end();
  report(place_, entity_, text, begins);
  line_end_ = line_end;
}

// --- Delimiters ----------------------------------------------------------------------------------

// RFC 2046 5.1.1: a line of two hyphens and the boundary, with two more hyphens if it is the last,
// and perhaps blanks. Software that goes by the beginning of the line alone sees more of them: such
// a line is a defect, unless it is the delimiter of another level.
bool MimeStructure::delimiter(std::string_view octets, std::string_view text,
                              std::string_view line_end) {
  // Most lines with two hyphens are short: a bomb of them is not compared with all levels.
  if (text.size() - 2 < shortest_boundary_) return false;
  bool doubtful = false;
  for (auto level = levels_.size(); level-- > 0;) {
    const auto& boundary = levels_[level].boundary;
    if (boundary.empty() || levels_[level].closed) continue;
    auto rest = text.substr(2);
    if (!rest.starts_with(boundary)) continue;
    rest = without_blanks(rest.substr(boundary.size()));
    if (!rest.empty() && rest != "--") {
      doubtful = true;
      continue;
    }
    if (line_end == "\n" || after_line_feed_) found(MimeDefect::delimiter);
    if (place_ == MimePlace::field && open_) end_header();
    const auto before = line_end_;
    line_end_ = {};
    close_levels(level + 1);
    auto& one = levels_.back();
    report(MimePlace::delimiter, one.entity, before);
    report(MimePlace::delimiter, one.entity, octets, true);
    one.parts = true;
    if (rest.empty()) {
      begin_entity(false, one.sealed, one.digest);
    } else {
      one.closed = true;
      place_ = MimePlace::epilogue;
      entity_ = one.entity;
    }
    return true;
  }
  if (doubtful) found(MimeDefect::delimiter);
  return false;
}

// Ends what is open inside of the first `left` levels.
void MimeStructure::close_levels(std::size_t left) {
  if (open_ && !is_composite(what_)) reader_.entity_ended(entity_);
  open_ = false;
  while (levels_.size() > left) {
    const auto& last = levels_.back();
    if (!last.boundary.empty() && !last.parts) found(MimeDefect::unclosed);
    reader_.entity_ended(last.entity);
    levels_.pop_back();
  }
  measure_boundaries();
}

void MimeStructure::measure_boundaries() {
  shortest_boundary_ = SIZE_MAX;
  for (const auto& level : levels_)
    if (!level.boundary.empty())
      shortest_boundary_ = std::min(shortest_boundary_, level.boundary.size());
}

// --- Headers -------------------------------------------------------------------------------------

void MimeStructure::begin_entity(bool whole, bool sealed, bool digest) {
  if (entities_ == limits::mime_entities || levels_.size() > limits::mime_depth) {
    found(MimeDefect::limit);
    blind_ = true;
    place_ = MimePlace::body;
    return;
  }
  entity_ = entities_++;
  open_ = true;
  what_ = {};
  what_.whole = whole;
  what_.sealed = sealed;
  digest_ = digest;
  place_ = MimePlace::field;
  field_ = Field::other;
  any_field_ = encoded_ = false;
  value_.clear();
}

void MimeStructure::header_line(std::string_view text, std::string_view line_end, bool begins) {
  if (begins && text.empty() && !line_end.empty()) {
    if (line_end == "\n") found(MimeDefect::header);
    end_header();
    const auto entity = entity_;
    const auto what = what_.kind;
    reader_.piece({MimePlace::separator, entity, Field::other, line_end, true});
    if (what == Kind::message) begin_entity(true, levels_.back().sealed, false);
    return;
  }
  if (begins && (text.empty() || blanks.find(text.front()) == std::string_view::npos)) {
    end_field();
    begin_field(text);
  } else {
    if (!any_field_) found(MimeDefect::header);
    if (field_ != Field::other) {
      if (value_.size() + text.size() > limits::mime_field_octets)
        found(MimeDefect::header);
      else
        value_ += text;
    }
  }
  if (line_end == "\n") found(MimeDefect::header);
  report(MimePlace::field, entity_, text, begins);
  report(MimePlace::field, entity_, line_end);
}

void MimeStructure::begin_field(std::string_view text) {
  any_field_ = true;
  const auto colon = text.find(':');
  const auto name = without_blanks(text.substr(0, std::min(colon, text.size())));
  const bool sound = colon != std::string_view::npos && !name.empty() &&
                     name.find_first_of(blanks) == std::string_view::npos;
  if (!sound) return found(MimeDefect::header);
  if (same_name(name, "content-type"))
    field_ = Field::content_type;
  else if (same_name(name, "content-transfer-encoding"))
    field_ = Field::transfer_encoding;
  else if (same_name(name, "mime-version"))
    field_ = Field::mime_version;
  if (field_ != Field::other) value_ = text.substr(colon + 1);
}

void MimeStructure::end_field() {
  switch (field_) {
    case Field::content_type:
      if (what_.typed) found(MimeDefect::header);
      what_.typed = true;
      what_.type = parse_content_type(value_);
      break;
    case Field::transfer_encoding:
      if (encoded_) found(MimeDefect::header);
      encoded_ = true;
      what_.encoding = parse_transfer_encoding(value_);
      break;
    case Field::mime_version:
      what_.versioned = true;
      break;
    case Field::other:
      break;
  }
  field_ = Field::other;
  value_.clear();
}

void MimeStructure::end_header() {
  end_field();
  // RFC 2046 5.1.5.
  if (!what_.typed && digest_) what_.type = {"message", "rfc822", {}};
  what_.kind = kind_of(what_);
  reader_.header_ended(entity_, what_);
  if (is_composite(what_)) {
    const bool multipart = what_.kind == Kind::multipart;
    levels_.push_back({entity_, multipart ? what_.type.boundary : "",
                       multipart && what_.type.subtype == "digest",
                       what_.sealed || (multipart && seals(what_.type))});
    measure_boundaries();
    place_ = multipart ? MimePlace::preamble : MimePlace::body;
  } else {
    place_ = MimePlace::body;
  }
}

}  // namespace malleposte::mail
