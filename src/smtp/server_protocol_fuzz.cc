// A session of any octets: however they are cut, the same answers are given and the same messages
// come out; text never has a bare CR, a bare LF or a NUL. The first byte chooses client and cut.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/server_protocol.h"

namespace {

using namespace malleposte;
using Step = smtp::ServerProtocol::Step;

struct Message {
  mail::Body body;
  mail::Requests requests;
  std::vector<mail::Recipient> recipients;
  std::string content;
  bool operator==(const Message&) const = default;
};

struct Session {
  Session(const smtp::ServerOptions& options, bool trusted)
      : protocol(options, trusted, smtp::Offers::to_client(trusted)) {}

  // False when the session is over.
  bool feed(std::string_view octets) {
    protocol.feed(octets);
    for (;;) {
      switch (protocol.next()) {
        case Step::need_input:
          return true;
        case Step::flush:
          said += protocol.output();
          protocol.output().clear();
          break;
        case Step::mail:
          protocol.accept_mail(protocol.address());
          break;
        case Step::rcpt:
          if (protocol.address().local == "no") {
            protocol.refuse(smtp::reply(550, "5.1.1", "No."));
          } else {
            protocol.accept_recipient(protocol.address());
          }
          break;
        case Step::data:
          assert(!coming && !protocol.transaction().recipients.empty());
          if (protocol.transaction().reverse_path.local == "no") {
            protocol.refuse(smtp::reply(452, "4.3.1", "No."));
            break;
          }
          coming = true;
          content.clear();
          protocol.accept_data();
          break;
        case Step::content:
          assert(coming && !protocol.content().empty());
          content += protocol.content();
          break;
        case Step::content_refused:
          assert(coming);
          coming = false;
          break;
        case Step::end_of_data:
          assert(coming);
          coming = false;
          finish();
          break;
        case Step::refused:
          assert(!protocol.refusal().empty());
          break;
        case Step::close:
          return false;
      }
    }
  }

  void finish() {
    const smtp::ServerTransaction& transaction = protocol.transaction();
    assert(content.size() <= 1000);
    if (transaction.body != mail::Body::binary) {
      for (std::size_t i = 0; i < content.size(); ++i) {
        assert(content[i] != '\0');
        if (content[i] == '\n') assert(i > 0 && content[i - 1] == '\r');
        if (content[i] == '\r') assert(i + 1 < content.size() && content[i + 1] == '\n');
      }
    }
    messages.push_back({transaction.body, transaction.requests, transaction.recipients, content});
    protocol.accept_message(mail::MessageId{messages.size()});
  }

  smtp::ServerProtocol protocol;
  std::string said, content;
  std::vector<Message> messages;
  bool coming = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  smtp::ServerOptions options;
  options.hostname = "h";
  options.size_limit = 1000;
  const bool trusted = (data[0] & 1) != 0;
  const std::size_t step = static_cast<std::size_t>(data[0] >> 1) + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  Session whole(options, trusted), cut(options, trusted);
  const bool open = whole.feed(text);
  bool cut_open = true;
  for (std::size_t at = 0; at < text.size() && cut_open; at += step) {
    cut_open = cut.feed(text.substr(at, step));
  }
  assert(open == cut_open);
  assert(whole.said + whole.protocol.output() == cut.said + cut.protocol.output());
  assert(whole.messages == cut.messages);
  assert(whole.protocol.in_data() == cut.protocol.in_data());
  return 0;
}
