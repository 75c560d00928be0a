// A header of any octets, cut anywhere: what is found in it does not depend on the cuts, and what
// goes through the completion comes out as it was, but for the fields that were added.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "mail/header_completion.h"
#include "mail/loop_detector.h"

namespace {

using namespace malleposte;

const std::string date = "Date: \x01\r\n";
const std::string id = "Message-ID: \x02\r\n";
const std::vector<mail::Recipient> recipients{{"anna", "example.org"}};

struct Found {
  std::string content;
  std::uint32_t hops;
  bool loop;
  bool operator==(const Found&) const = default;
};

Found find(std::string_view text, std::size_t piece) {
  mail::HeaderReader reader;
  mail::LoopDetector loops("mail.example.org");
  mail::HeaderCompletion completion(date, id);
  std::string out;
  const auto keep = [&](std::span<const std::string_view> pieces) {
    for (const std::string_view one : pieces) out += one;
    assert(completion.held() <= limits::field_name_octets);
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const std::string part(text.substr(at, piece));  // freed afterwards
    mail::read_header(reader, part, loops, completion);
    keep(completion.pass(reader, part));
  }
  if (!reader.ended()) loops.header_ended();
  keep(completion.end());
  return {std::move(out), loops.hops(), loops.delivered_before(recipients)};
}

void remove(std::string& text, const std::string& added) {
  if (const auto at = text.find(added); at != std::string::npos) text.erase(at, added.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (text.find_first_of("\x01\x02") != std::string_view::npos) return 0;  // ours, in this test
  const Found whole = find(text, SIZE_MAX / 2);
  assert(whole == find(text, 1));
  assert(whole == find(text, 2 + data[0]));
  std::string content = whole.content;
  remove(content, id);
  remove(content, date);
  assert(content == text);
  return 0;
}
