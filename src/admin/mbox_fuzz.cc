// Any octets as an mbox, in pieces: read to an end or an error, never more content than the
// envelope says; and what was read can be written and read again.
#include <cstdint>
#include <cstdlib>

#include "admin/mbox.h"

using malleposte::admin::MboxReader;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const std::size_t piece = size > 0 ? 1 + data[0] % 64 : 1;
  MboxReader reader;
  std::uint64_t content = 0;
  std::size_t at = 0;
  for (bool finished = false;;) {
    switch (reader.next()) {
      case MboxReader::Found::nothing:
        if (finished) return 0;
        finished = at >= size;
        if (finished) {
          reader.finish();
        } else {
          reader.feed(octets.substr(at, piece));
          at += piece;
        }
        break;
      case MboxReader::Found::message: {
        content = 0;
        std::string again;
        malleposte::admin::append_envelope(again, reader.message());
        break;
      }
      case MboxReader::Found::content:
        content += reader.octets().size();
        if (content > reader.message().size) std::abort();
        break;
      case MboxReader::Found::end:
        if (content != reader.message().size) std::abort();
        break;
      case MboxReader::Found::error:
        return 0;
    }
  }
}
