// Content on its way to a peer: a dot is added before every line that begins with one, and the
// whole is ended by CRLF.CRLF (RFC 5321 4.5.2). Content comes in blocks split anywhere. Lines end
// with CRLF only: that is what the spool holds.
#pragma once

#include <string>
#include <string_view>

namespace malleposte::smtp {

class DotStuffer {
 public:
  // The block as it goes over the wire: the block itself when no line of it begins with a dot (the
  // usual case, nothing is copied), else a copy that is valid until the next call.
  std::string_view encode(std::string_view block);
  // What ends the data after the last block.
  std::string_view end() const { return line_start() ? ".\r\n" : "\r\n.\r\n"; }

 private:
  bool line_start() const { return seen_ == Seen::crlf; }
  enum class Seen { other, cr, crlf };
  Seen seen_ = Seen::crlf;
  std::string stuffed_;
};

}  // namespace malleposte::smtp
