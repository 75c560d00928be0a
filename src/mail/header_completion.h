// Gives a message that is submitted to us the fields it must have and its author's program left out
// (RFC 6409 8.2, 8.3; RFC 5321 6.4): Date and Message-ID, behind its last field. A watcher of
// read_header(), through which the content passes as it streams in; nothing but the beginning of
// one line is ever held back, and every octet that came goes out again as it was, in its order.
// receive/ has one for each message of a trusted client; pure.
//
// Nothing is added to a message that has a Received field, since for that we are a relay, which may
// not (RFC 5321 6.4), nor to one that is signed (DKIM-Signature, RFC 6376 5.4: a signature may say
// that there is no such field), nor to one whose header is too long to be read to its end.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "mail/header_reader.h"

namespace malleposte::mail {

class HeaderCompletion {
 public:
  // The fields to add: with CRLF at their ends.
  HeaderCompletion(std::string date_field, std::string message_id_field)
      : date_(std::move(date_field)), message_id_(std::move(message_id_field)) {}

  void field(std::string_view name);
  void value(std::string_view) {}
  void header_ended() {}

  // The content that the reader has just read. What is to be kept of it now, in order: pieces that
  // are valid until the next call, and as long as `content` is.
  std::span<const std::string_view> pass(const HeaderReader& reader, std::string_view content);
  // The content is over. What is left, as from pass().
  std::span<const std::string_view> end();

  // Octets held back: at most limits::field_name_octets.
  std::size_t held() const { return held_.size(); }

 private:
  void keep(std::string_view piece);
  void keep_added();

  std::string date_, message_id_;
  bool has_date_ = false;
  bool has_message_id_ = false;
  bool hands_off_ = false;  // a relay's, or a signer's
  bool complete_ = false;   // the rest passes
  bool line_ended_ = true;  // the last octet of the header was a line feed
  std::string held_, let_go_;
  std::array<std::string_view, 6> pieces_;
  std::size_t count_ = 0;
};

}  // namespace malleposte::mail
