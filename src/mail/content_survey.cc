#include "mail/content_survey.h"

#include <algorithm>

#include "base/limits.h"

namespace malleposte::mail {
namespace {
using Kind = MimeEntity::Kind;
}  // namespace

std::string_view explain(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::none:
      return "it can be converted";
    case Obstacle::header:
      return "its header has 8-bit characters, which cannot be converted";
    case Obstacle::sealed:
      return "it is signed or encrypted, and converting it would break the signature";
    case Obstacle::unchanging:
      return "it has a part of a type that may not be converted";
    case Obstacle::encoded:
      return "it has a part that is encoded, but not as it says";
    case Obstacle::structure:
      return "its MIME structure is broken";
    case Obstacle::limit:
      return "it has too many parts, or parts too deep in each other";
  }
  return "";
}

void ContentSurvey::Facts::join(const Facts& other) {
  eight_bit |= other.eight_bit;
  bare |= other.bare;
  long_line |= other.long_line;
}

bool ContentSurvey::Facts::unfit(Transport transport) const {
  return (eight_bit && !transport.eight_bit) || bare || (long_line && !transport.long_lines);
}

void ContentSurvey::add(std::string_view octets) {
  structure_.add(octets);
}

void ContentSurvey::end() {
  structure_.end();
  for (const auto& one : entities_) {
    header_.join(one.header);
    all_.join(one.header);
    all_.join(one.body);
  }
}

ContentSurvey::Entity& ContentSurvey::entity(std::uint32_t number) {
  if (number >= entities_.size()) entities_.resize(number + 1);
  return entities_[number];
}

void ContentSurvey::piece(const MimePiece& piece) {
  auto& one = entity(piece.entity);
  // A delimiter can no more be encoded than the field that has the boundary.
  const bool in_header = piece.place == MimePlace::field || piece.place == MimePlace::separator ||
                         piece.place == MimePlace::delimiter;
  auto& facts = in_header ? one.header : one.body;
  const auto octets = piece.octets;
  std::size_t high = 0, unfit = 0, breaks = 0;
  for (const char c : octets) {
    high += static_cast<unsigned char>(c) >> 7;
    unfit += c == '\0' || c == '\r' || c == '\n';
  }
  for (std::size_t i = 1; i < octets.size(); ++i)
    breaks += octets[i - 1] == '\r' && octets[i] == '\n';
  facts.eight_bit |= high > 0;
  facts.bare |= unfit != 2 * breaks;
  if (piece.line_begins) column_ = 0;
  for (auto rest = octets;;) {
    const auto line = rest.substr(0, rest.find('\n'));
    const bool ends = line.size() < rest.size();
    column_ += line.size() - (ends && line.ends_with('\r') ? 1 : 0);
    facts.long_line |= column_ > limits::content_line_octets;
    if (!ends) break;
    column_ = 0;
    rest.remove_prefix(line.size() + 1);
  }
  if (piece.place != MimePlace::body) return;
  one.octets += piece.octets.size();
  one.high_octets += high;
  one.utf8.add(piece.octets);
}

void ContentSurvey::header_ended(std::uint32_t number, const MimeEntity& what) {
  auto& one = entity(number);
  one.kind = what.kind;
  one.encoding = what.encoding;
  one.text = what.type.type == "text" || what.type.type == "message";
  one.typed = what.typed;
  one.versioned = what.versioned;
  one.whole = what.whole;
  one.sealed = what.sealed;
}

bool ContentSurvey::fits(Transport transport) const {
  return !all_.unfit(transport);
}

bool ContentSurvey::eight_bit_header() const {
  return header_.eight_bit || (structure_.defect() == MimeDefect::limit && all_.eight_bit);
}

Obstacle ContentSurvey::obstacle(const Entity& one, Transport transport) const {
  // Lines of a header cannot be too long for anybody but in theory: they have always gone as they
  // are. What is wrong with them is told by the parts of it that hurt.
  if (one.header.unfit({transport.eight_bit, true}))
    return one.sealed ? Obstacle::sealed : Obstacle::header;
  if (!one.body.unfit(transport)) return Obstacle::none;
  if (one.sealed) return Obstacle::sealed;
  if (one.kind == Kind::opaque) return Obstacle::unchanging;
  if (one.kind == Kind::leaf && !identity(one.encoding)) return Obstacle::encoded;
  return Obstacle::none;
}

Obstacle ContentSurvey::obstacle(Transport transport) const {
  if (fits(transport)) return Obstacle::none;
  switch (structure_.defect()) {
    case MimeDefect::none:
      break;
    case MimeDefect::limit:
      return Obstacle::limit;
    default:
      return Obstacle::structure;
  }
  for (const auto& one : entities_)
    if (const auto found = obstacle(one, transport); found != Obstacle::none) return found;
  return Obstacle::none;
}

EntityPlan ContentSurvey::plan(const Entity& one, Transport transport) const {
  EntityPlan plan;
  if (one.sealed) return plan;
  // What must be encoded anyhow gets short lines too.
  const Transport strict{transport.eight_bit, false};
  const bool unfit = one.body.unfit(strict);
  if (one.kind == Kind::multipart) plan.edges = one.body.unfit(transport);
  if (unfit && one.kind == Kind::leaf && identity(one.encoding)) {
    // Quoted-printable spends two octets more on one, base64 a third on all.
    const bool readable = one.text && !one.body.bare && one.high_octets * 6 <= one.octets;
    plan.encoding = readable ? TransferEncoding::quoted_printable : TransferEncoding::base64;
    plan.label = plan.encoding;
    if (!one.typed)  // RFC 1428 2 has the name for what nobody told
      plan.add_charset = !one.body.eight_bit ? "us-ascii"
                         : one.utf8.valid()  ? "utf-8"
                                             : "unknown-8bit";
    plan.add_version = one.whole && !one.versioned;
    return plan;
  }
  const bool above = one.encoding == TransferEncoding::binary ||
                     (one.encoding == TransferEncoding::eight_bit && !transport.eight_bit);
  if (above)
    plan.label = transport.eight_bit ? TransferEncoding::eight_bit : TransferEncoding::seven_bit;
  return plan;
}

std::vector<EntityPlan> ContentSurvey::plan(Transport transport) const {
  std::vector<EntityPlan> plans;
  plans.reserve(entities_.size());
  for (const auto& one : entities_) plans.push_back(plan(one, transport));
  return plans;
}

}  // namespace malleposte::mail
