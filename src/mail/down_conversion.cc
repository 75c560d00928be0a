#include "mail/down_conversion.h"

#include <cassert>

#include "base/limits.h"

namespace malleposte::mail {
namespace {

std::string_view name_of(TransferEncoding encoding) {
  switch (encoding) {
    case TransferEncoding::eight_bit:
      return "8bit";
    case TransferEncoding::quoted_printable:
      return "quoted-printable";
    case TransferEncoding::base64:
      return "base64";
    default:
      return "7bit";
  }
}

}  // namespace

DownConversion::DownConversion(std::vector<EntityPlan> plan) : plan_(std::move(plan)) {}

void DownConversion::add(std::string_view octets, std::string& out) {
  out_ = &out;
  structure_.add(octets);
}

void DownConversion::end(std::string& out) {
  out_ = &out;
  structure_.end();
}

void DownConversion::piece(const MimePiece& piece) {
  assert(piece.entity < plan_.size() && "the message is the one the plan was made from");
  const auto& plan = plan_[piece.entity];
  switch (piece.place) {
    case MimePlace::field:
      return field(piece, plan);
    case MimePlace::body:
      if (plan.encoding != TransferEncoding::none) {
        if (!encoder_) encoder_.emplace(plan.encoding);
        return encoder_->encode(piece.octets, *out_);
      }
      break;
    case MimePlace::preamble:
    case MimePlace::epilogue:
      if (plan.edges) return replace_unfit(piece);
      break;
    default:
      break;
  }
  *out_ += piece.octets;
}

// The new label stands where the old one stood, else last.
void DownConversion::field(const MimePiece& piece, const EntityPlan& plan) {
  if (piece.field == MimePiece::Field::transfer_encoding && plan.label != TransferEncoding::none) {
    if (!labelled_) label(plan);
    return;
  }
  *out_ += piece.octets;
}

void DownConversion::label(const EntityPlan& plan) {
  labelled_ = true;
  *out_ += "Content-Transfer-Encoding: ";
  *out_ += name_of(plan.label);
  *out_ += "\r\n";
}

void DownConversion::header_ended(std::uint32_t entity, const MimeEntity&) {
  const auto& plan = plan_.at(entity);
  if (plan.add_version) *out_ += "MIME-Version: 1.0\r\n";
  if (!plan.add_charset.empty()) {
    *out_ += "Content-Type: text/plain; charset=";
    *out_ += plan.add_charset;
    *out_ += "\r\n";
  }
  if (!labelled_ && plan.label != TransferEncoding::none) label(plan);
  labelled_ = false;
}

void DownConversion::entity_ended(std::uint32_t) {
  if (encoder_) encoder_->finish(*out_);
  encoder_.reset();
}

void DownConversion::replace_unfit(const MimePiece& piece) {
  const auto octets = piece.octets;
  if (piece.line_begins) column_ = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const char c = octets[i];
    const bool breaks = octets.substr(i, 2) == "\r\n";
    if (breaks || column_ == limits::content_line_octets) {
      *out_ += "\r\n";
      column_ = 0;
    }
    if (breaks) {
      ++i;
      continue;
    }
    const bool fit = static_cast<unsigned char>(c) < 0x80 && c != '\0' && c != '\r' && c != '\n';
    *out_ += fit ? c : '?';
    ++column_;
  }
}

}  // namespace malleposte::mail
