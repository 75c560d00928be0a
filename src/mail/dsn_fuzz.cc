// Whatever the message said about itself, and the hosts about it: the DSN is lines of lawful
// length, in the alphabet that its envelope says, and is read back as what it is. The input: five
// lines (ENVID, ORCPT, HELO, host, reply), and the beginning of the message behind them.
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mail/code_points.h"
#include "mail/dsn.h"
#include "mail/dsn_report.h"

namespace {

using namespace malleposte;
using namespace malleposte::mail;

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void check(const Dsn& dsn, bool utf8) {
  std::string_view text = dsn.content;
  while (!text.empty()) {
    const auto end = text.find("\r\n");
    assert(end != std::string_view::npos && end <= 998);
    const auto line = text.substr(0, end);
    assert(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    text.remove_prefix(end + 2);
  }
  assert(dsn.envelope.requests.smtputf8 == utf8);
  assert(is_ascii(dsn.content) || dsn.envelope.body == Body::eight_bit);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Envelope original;
  original.requests.envelope_id = take_line(input);
  original.recipients.push_back({"a", "x.example"});
  original.recipients[0].original = take_line(input);
  original.helo = take_line(input);
  original.client_address = "192.0.2.1";
  original.requests.smtputf8 = size % 2 == 1;
  std::vector<Outcome> outcomes(1);
  outcomes[0].answer.host = take_line(input);
  outcomes[0].answer.text = take_line(input);
  outcomes[0].answer.code = 550;
  outcomes[0].answer.status = "5.1.1";
  for (auto kind : {DsnKind::failure, DsnKind::delay, DsnKind::success, DsnKind::delivered,
                    DsnKind::double_bounce})
    for (bool utf8 : {false, true}) {
      outcomes[0].fate = kind == DsnKind::delay                                   ? Fate::queued
                         : kind == DsnKind::success || kind == DsnKind::delivered ? Fate::delivered
                                                                                  : Fate::bounced;
      const Address to{"s", utf8 ? "\xc3\xa9.example" : "example.org"};
      const auto dsn = make_dsn({kind, to, original, MessageId{7}, outcomes, input, true,
                                 "me.example", WallTime{}, WallTime{}});
      check(dsn, utf8);
      const auto read = read_dsn(dsn.content);
      assert(read && read->global == utf8);
      const std::vector gathered{*read, *read};
      check(make_report({to, MessageId{8}, "me.example", WallTime{}}, gathered), utf8);
    }
  (void)read_dsn(input);
  return 0;
}
