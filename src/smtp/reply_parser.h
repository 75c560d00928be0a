// Replies of the peer we deliver to, taken apart as they arrive (RFC 5321 4.2, enhanced codes:
// RFC 2034 and 3463). Sans-I/O and incremental: any split of the bytes gives the same replies.
// Nothing a peer sends makes it keep more than a few kilobytes or fail: what is no reply is the
// value `broken`, with a complaint for people, and the connection is then good only for closing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace malleposte::smtp {

struct PeerReply {
  int code = 0;        // 200..599
  std::string status;  // enhanced code of the first line, "5.1.1"; "" when there is none
  std::string text;    // without the codes, lines separated by '\n'; raw octets, no NUL

  bool positive() const { return code >= 200 && code < 300; }
  bool temporary() const { return code >= 400 && code < 500; }
  bool permanent() const { return code >= 500; }
  // The peer is about to close (RFC 5321 3.8).
  bool closing() const { return code == 421; }
};

class ReplyParser {
 public:
  enum class State { more, reply, broken };

  // Takes octets from the front of `bytes` (which is advanced) up to the end of one reply. `reply`:
  // reply() is complete and stays until the next call. `more`: all octets were taken. `broken`:
  // complaint() says why; every later call says the same.
  State feed(std::string_view& bytes);

  const PeerReply& reply() const { return reply_; }
  std::string_view complaint() const { return complaint_; }
  // Whether a part of a reply has come and its end has not.
  bool in_reply() const { return !line_.empty() || lines_ > 0; }

 private:
  State end_of_line(std::string_view line);
  State broken(std::string_view why);
  void add_text(std::string_view text);

  PeerReply reply_;
  std::string line_;  // begun, its end has not come
  std::size_t lines_ = 0;
  bool broken_ = false;
  std::string complaint_;
};

}  // namespace malleposte::smtp
