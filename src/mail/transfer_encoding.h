// Text that is not ASCII made fit for any way mail may take (RFC 2045 6.7 and 6.8, RFC 2047). Pure.
#pragma once

#include <string>
#include <string_view>

namespace malleposte::mail {

struct EncodedText {
  std::string_view encoding;  // for Content-Transfer-Encoding; "7bit"
  std::string octets;         // lines of at most 76 with CRLF
};
// The encoding that is shorter, and with equal length readable. Nothing is done to ASCII, whose
// lines must be short enough already.
EncodedText encoded_text(std::string_view text);

// The value of a field of text: ASCII as it is, else encoded words, folded into lines of at
// most 76. `before`: octets that stand on its first line already, less than 60.
std::string encoded_words(std::string_view text, std::size_t before);

}  // namespace malleposte::mail
