// Any octets, at any split, are a reply, a part of one or a broken peer; both sides of a split
// agree, and what is kept is bounded.
#include <cassert>
#include <cstdint>
#include <string>
#include <vector>

#include "base/limits.h"
#include "smtp/ehlo_answer.h"
#include "smtp/reply_parser.h"

using namespace malleposte;
using smtp::ReplyParser;

namespace {

struct Seen {
  std::vector<std::string> replies;
  bool broken = false;
  bool operator==(const Seen&) const = default;
};

void feed(ReplyParser& parser, std::string_view bytes, Seen& seen) {
  while (!bytes.empty()) {
    auto state = parser.feed(bytes);
    if (state == ReplyParser::State::more) continue;
    if (state == ReplyParser::State::broken) {
      assert(!parser.complaint().empty());
      seen.broken = true;
      return;
    }
    const auto& reply = parser.reply();
    assert(reply.code >= 200 && reply.code < 600);
    assert(reply.text.size() <= 16 * 1024);
    (void)smtp::parse_ehlo_answer(reply.text);
    seen.replies.push_back(std::to_string(reply.code) + reply.status + ' ' + reply.text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t at = size == 0 ? 0 : data[0] % (size + 1);
  Seen whole, split;
  ReplyParser one, two;
  feed(one, bytes, whole);
  feed(two, bytes.substr(0, at), split);
  if (!split.broken) feed(two, bytes.substr(at), split);
  assert(whole == split);
  return 0;
}
