// Every way to cut the input gives the same, the end is the first CRLF.CRLF, and what comes out
// has no line end but CRLF and no NUL. The first byte chooses mode and cut.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "smtp/data_decoder.h"

namespace {

using malleposte::smtp::DataDecoder;

struct Decoded {
  DataDecoder decoder;
  std::string content;
  std::size_t used = 0;

  void feed(std::string_view input) {
    while (!decoder.ended()) {
      const std::size_t before = input.size();
      const std::string_view piece = decoder.next(input);
      used += before - input.size();
      if (piece.empty()) break;
      content += piece;
    }
    assert(decoder.ended() || input.empty());
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool repair = (data[0] & 1) != 0;
  const std::size_t step = static_cast<std::size_t>(data[0] >> 1) + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  Decoded whole{DataDecoder(repair), {}, 0};
  whole.feed(text);
  Decoded cut{DataDecoder(repair), {}, 0};
  for (std::size_t at = 0; at < text.size() && !cut.decoder.ended(); at += step) {
    cut.feed(text.substr(at, step));
  }
  assert(whole.decoder.ended() == cut.decoder.ended());
  assert(whole.decoder.fault() == cut.decoder.fault());
  assert(whole.used == cut.used);

  const std::size_t end = ("\r\n" + std::string(text)).find("\r\n.\r\n");
  assert(whole.decoder.ended() == (end != std::string::npos));
  if (whole.decoder.ended()) assert(whole.used == end + 3);

  if (whole.decoder.fault() != DataDecoder::Fault::none) return 0;
  assert(whole.content == cut.content);
  assert(whole.decoder.octets() == whole.content.size());
  for (std::size_t i = 0; i < whole.content.size(); ++i) {
    const char c = whole.content[i];
    assert(c != '\0');
    if (c == '\n') assert(i > 0 && whole.content[i - 1] == '\r');
    if (c == '\r') assert(i + 1 == whole.content.size() || whole.content[i + 1] == '\n');
  }
  return 0;
}
