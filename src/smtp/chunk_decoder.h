// Takes message content out of the chunks of BDAT (RFC 3030): the length of a chunk says where it
// ends, so nothing in it is a mark, and dots are only dots. Called by ContentIntake for every
// octet. Sans-I/O.
//
// Text has the line ends that DATA asks for, since it may have to go on by DATA: NUL and a CR
// without LF are faults, a LF without CR is one or is repaired. A line end may be cut by the end of
// a chunk. In binary content (BODY=BINARYMIME) every octet stands for itself. How the input is cut
// into pieces, or the content into chunks, makes no difference to what comes out.
#pragma once

#include <cstdint>
#include <string_view>

#include "smtp/line_octets.h"

namespace malleposte::smtp {

class ChunkDecoder {
 public:
  enum class Lines : std::uint8_t { strict, repair_bare_lf, binary };

  ChunkDecoder() = default;
  explicit ChunkDecoder(Lines lines) : lines_(lines) {}

  // The next piece of content, without a copy: a part of `input` or a constant. What was looked at
  // is taken from the front of `input`, at least one octet. After a fault all of it is, and nothing
  // comes out any more.
  std::string_view next(std::string_view& input);

  // There are no more octets in this message.
  void finish();

  LineFault fault() const { return fault_; }
  // Content handed out, in octets.
  std::uint64_t octets() const { return octets_; }

 private:
  std::string_view hand_out(std::string_view content);

  Lines lines_ = Lines::strict;
  LineFault fault_ = LineFault::none;
  bool after_cr_ = false;
  std::uint64_t octets_ = 0;
};

}  // namespace malleposte::smtp
