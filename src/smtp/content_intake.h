// The content of one message on its way in, by DATA or by BDAT: finds its pieces, its faults and
// its end. When the message is refused half way, the rest is dropped up to the same end, so that
// the session stays in step (RFC 5321 4.1.1.4, RFC 3030 2). Owned by ServerProtocol. Sans-I/O.
#pragma once

#include <cstdint>
#include <string_view>

#include "smtp/chunk_decoder.h"
#include "smtp/data_decoder.h"
#include "smtp/reply.h"

namespace malleposte::smtp {

// Of a message that is bigger than `message_size_limit`, however that shows (RFC 1870 6).
const Reply& message_too_big();

class ContentIntake {
 public:
  enum class Event : std::uint8_t {
    need_input,  // all input was used
    content,     // content() is the next piece
    refused,     // the message has failed, once: answer() is for its end, what follows is dropped
    chunk_end,   // of a chunk that is not the last
    end,         // of the message, or of a refused one
  };

  // Content that ends with CRLF.CRLF. `size_limit` in octets, 0 none.
  void begin_data(std::uint64_t size_limit, bool repair_bare_lf);
  // Content in chunks; chunk() follows for each of them.
  void begin_chunks(std::uint64_t size_limit, ChunkDecoder::Lines lines);
  // The next `octets` octets are a chunk, `last` the one that ends the message.
  void chunk(std::uint64_t octets, bool last);

  // Takes what it looks at from the front of `input`.
  Event next(std::string_view& input);
  std::string_view content() const { return content_; }

  // Drops the rest. The first refusal counts.
  void refuse(const Reply& answer);
  bool refused() const { return refused_; }
  const Reply& answer() const { return answer_; }
  // Whether the chunk at hand is the last.
  bool last() const { return last_; }
  // Content handed out, in octets.
  std::uint64_t octets() const { return chunked_ ? chunks_.octets() : data_.octets(); }

 private:
  bool advance(std::string_view& input);
  bool ended() const { return chunked_ ? left_ == 0 : data_.ended(); }
  LineFault fault() const { return chunked_ ? chunks_.fault() : data_.fault(); }

  std::string_view content_;
  std::uint64_t size_limit_ = 0;
  std::uint64_t left_ = 0;  // octets of this chunk
  DataDecoder data_;
  ChunkDecoder chunks_;
  bool chunked_ = false;
  bool last_ = false;
  bool refused_ = false;
  Reply answer_;
};

}  // namespace malleposte::smtp
