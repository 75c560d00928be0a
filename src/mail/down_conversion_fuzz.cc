// Whatever the message: every octet is reported once and in order, the pieces in which it comes do
// not matter, and what is converted fits.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "mail/converted.h"

namespace {

using namespace malleposte::mail;

struct Copy final : MimeStructure::Reader {
  std::string content;
  void piece(const MimePiece& piece) override { content += piece.octets; }
  void header_ended(std::uint32_t, const MimeEntity&) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0];
  const std::string_view content(reinterpret_cast<const char*>(data) + 1, size - 1);
  Copy copy;
  MimeStructure structure(copy);
  for (std::size_t at = 0; at < content.size(); at += step) structure.add(content.substr(at, step));
  structure.end();
  assert(copy.content == content);
  for (const auto transport : {to_seven_bit, to_lines, to_seven_bit_lines}) {
    const auto converted = convert(content, transport);
    assert(convert(content, transport, step).content == converted.content);
    if (converted.obstacle == Obstacle::none) assert(convert(converted.content, transport).fits);
  }
  return 0;
}
