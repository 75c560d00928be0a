// What of MIME is left to the library (GMime): the values of the fields that say what a part is
// (RFC 2045 5 and 6, RFC 2231), and the transfer encodings. Nothing else includes its headers
// (docs/adr/0039). Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace malleposte::mail {

struct ContentType {
  std::string type, subtype;  // lower case; "text", "plain"
  std::string boundary;       // "" none
  bool operator==(const ContentType&) const = default;
};

// The value of a Content-Type field, folded or not. One that cannot be understood is
// application/octet-stream (RFC 2045 5.2 leaves it open; as bad is anything that claims to be
// text).
ContentType parse_content_type(std::string_view value);

enum class TransferEncoding : std::uint8_t {
  none,  // no such field: 7bit
  seven_bit,
  eight_bit,
  binary,
  quoted_printable,
  base64,
  unknown,  // anything else; the content is not what it looks like
};

// The value of a Content-Transfer-Encoding field (RFC 2045 6.1).
TransferEncoding parse_transfer_encoding(std::string_view value);

// Whether the octets are the content itself.
constexpr bool identity(TransferEncoding encoding) {
  return encoding <= TransferEncoding::binary;
}

// Encodes content as quoted-printable or base64 (RFC 2045 6.7, 6.8), piece after piece, in lines of
// at most 76 octets that end with CRLF. Quoted-printable is for text: CRLF in it stays a line
// break.
class TransferEncoder {
 public:
  explicit TransferEncoder(TransferEncoding encoding);
  ~TransferEncoder();
  TransferEncoder(TransferEncoder&&) noexcept;
  TransferEncoder& operator=(TransferEncoder&&) noexcept;

  // Appends to `out` what `content` becomes; some of it may wait for the next call.
  void encode(std::string_view content, std::string& out);
  // Appends the rest. A CRLF behind the last base64 line is left out: what follows brings its own.
  void finish(std::string& out);

 private:
  void append(std::size_t octets, std::string& out);
  void make_room(std::size_t octets);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace malleposte::mail
