// Takes message content out of the DATA stream of SMTP: removes the dots that were stuffed and
// finds the end. Called by ServerProtocol for every byte of mail; the hot path. Sans-I/O.
//
// Only CRLF.CRLF ends the data (RFC 5321 4.1.1.4, 4.5.2); nothing else that some server takes for
// it does, so no message can hide another (SMTP smuggling). NUL and a CR without LF are faults; a
// LF without CR is one too, or is repaired to CRLF where the client is trusted. After a fault no
// more content comes out, but the end is still found at the same place, so that the session stays
// in step. How the input is cut into pieces makes no difference to what comes out.
#pragma once

#include <cstdint>
#include <string_view>

#include "smtp/line_octets.h"

namespace malleposte::smtp {

class DataDecoder {
 public:
  using Fault = LineFault;

  DataDecoder() = default;
  explicit DataDecoder(bool repair_bare_lf) : repair_(repair_bare_lf) {}

  // The next piece of content, without a copy: a part of `input` or a constant. What was looked
  // at is taken from the front of `input`. Empty when the input is used up, or at the end of the
  // data; what is left of the input then are commands.
  std::string_view next(std::string_view& input);

  bool ended() const { return state_ == State::ended; }
  // The first thing that was wrong; then all content is void.
  Fault fault() const { return fault_; }
  // Content handed out, in octets.
  std::uint64_t octets() const { return octets_; }

 private:
  enum class State : std::uint8_t {
    line_start,     // behind CRLF, or at the very start: a dot here may be the end
    repaired_line,  // behind a repaired LF: a dot here is only a stuffed one
    dot,            // behind the dot of a line_start
    dot_cr,         // behind the CR of a line that is a dot so far
    text,
    cr,  // behind a CR, which was handed out
    ended,
  };

  std::string_view hand_out(const char* from, const char* to);
  void fail(Fault fault);

  State state_ = State::line_start;
  Fault fault_ = Fault::none;
  bool repair_ = false;
  std::uint64_t octets_ = 0;
};

}  // namespace malleposte::smtp
