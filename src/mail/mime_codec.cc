#include "mail/mime_codec.h"

#include <gmime/gmime.h>

#include <cassert>
#include <mutex>
#include <vector>

#include "base/ascii.h"

namespace malleposte::mail {
namespace {

void start_library() {
  static std::once_flag started;
  std::call_once(started, g_mime_init);
}

std::string lowered_or_empty(const char* text) {
  return lowered(text != nullptr ? text : "");
}

GMimeContentEncoding to_library(TransferEncoding encoding) {
  assert(!identity(encoding) && encoding != TransferEncoding::unknown);
  return encoding == TransferEncoding::base64 ? GMIME_CONTENT_ENCODING_BASE64
                                              : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
}

}  // namespace

ContentType parse_content_type(std::string_view value) {
  start_library();
  const std::string text(value.substr(0, value.find('\0')));
  GMimeContentType* parsed = g_mime_content_type_parse(nullptr, text.c_str());
  ContentType type{lowered_or_empty(g_mime_content_type_get_media_type(parsed)),
                   lowered_or_empty(g_mime_content_type_get_media_subtype(parsed)),
                   {}};
  if (const char* boundary = g_mime_content_type_get_parameter(parsed, "boundary"))
    type.boundary = boundary;
  g_object_unref(parsed);
  return type;
}

TransferEncoding parse_transfer_encoding(std::string_view value) {
  start_library();
  const auto begins = value.find_first_not_of(" \t\r\n");
  if (begins == std::string_view::npos) return TransferEncoding::none;
  const std::string text(value.substr(begins));
  switch (g_mime_content_encoding_from_string(text.c_str())) {
    case GMIME_CONTENT_ENCODING_7BIT:
      return TransferEncoding::seven_bit;
    case GMIME_CONTENT_ENCODING_8BIT:
      return TransferEncoding::eight_bit;
    case GMIME_CONTENT_ENCODING_BINARY:
      return TransferEncoding::binary;
    case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
      return TransferEncoding::quoted_printable;
    case GMIME_CONTENT_ENCODING_BASE64:
      return TransferEncoding::base64;
    default:
      return TransferEncoding::unknown;
  }
}

struct TransferEncoder::State {
  GMimeEncoding encoding;
  bool base64;
  bool line_end_owed = false;  // the library ended a line
  std::vector<char> room;
};

TransferEncoder::TransferEncoder(TransferEncoding encoding) : state_(std::make_unique<State>()) {
  start_library();
  g_mime_encoding_init_encode(&state_->encoding, to_library(encoding));
  state_->base64 = encoding == TransferEncoding::base64;
}

TransferEncoder::~TransferEncoder() = default;
TransferEncoder::TransferEncoder(TransferEncoder&&) noexcept = default;
TransferEncoder& TransferEncoder::operator=(TransferEncoder&&) noexcept = default;

// The library ends lines with LF.
void TransferEncoder::append(std::size_t octets, std::string& out) {
  std::string_view encoded(state_->room.data(), octets);
  while (!encoded.empty()) {
    if (state_->line_end_owed) out += "\r\n";
    const auto line = encoded.substr(0, encoded.find('\n'));
    out += line;
    state_->line_end_owed = line.size() < encoded.size();
    encoded.remove_prefix(line.size() + (state_->line_end_owed ? 1 : 0));
  }
}

// It never shrinks: filling it with zeros anew would cost more than many a piece.
void TransferEncoder::make_room(std::size_t octets) {
  if (state_->room.size() < octets) state_->room.resize(octets);
}

void TransferEncoder::encode(std::string_view content, std::string& out) {
  make_room(g_mime_encoding_outlen(&state_->encoding, content.size()));
  append(
      g_mime_encoding_step(&state_->encoding, content.data(), content.size(), state_->room.data()),
      out);
}

void TransferEncoder::finish(std::string& out) {
  make_room(g_mime_encoding_outlen(&state_->encoding, 0));
  append(g_mime_encoding_flush(&state_->encoding, "", 0, state_->room.data()), out);
  if (state_->line_end_owed && !state_->base64) out += "\r\n";
  state_->line_end_owed = false;
}

}  // namespace malleposte::mail
