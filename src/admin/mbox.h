// The queue as an mbox (RFC 4155; quoted as "mboxrd"), which any mail reader opens: in front of
// each message's own header stand fields of ours with its envelope (admin/mbox_envelope.h). Written
// with plain line feeds where the message's lines all end in CRLF, else octet for octet, so that
// reading gives back what was written. A piece at a time, whatever the size of a message. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "admin/mbox_envelope.h"
#include "base/result.h"

namespace malleposte::admin {

// Whether all lines of a content end in CRLF and no other CR or LF is in it. Fed piece by piece.
class LineEnds {
 public:
  void add(std::string_view octets);
  bool all_crlf() const { return good_ && !after_cr_; }

 private:
  bool good_ = true, after_cr_ = false;
};

class MboxWriter {
 public:
  // The separator, our fields; then the content, then the end. `out` is appended to.
  void begin(std::string& out, const ExportedMessage& message);
  void content(std::string& out, std::string_view octets);
  void end(std::string& out);

 private:
  void begin_line(std::string& out, bool quoted);

  bool crlf_ = true;
  // While it is open whether the line has to be quoted: what has come of it, some ">" and then some
  // of "From ".
  bool line_begins_ = true;
  std::size_t quotes_ = 0, matched_ = 0;
  bool ended_ = true;  // with a line feed
};

class MboxReader {
 public:
  enum class Found : std::uint8_t {
    nothing,  // feed more, or at the end: that was all
    message,  // message(): its envelope
    content,  // octets(): the next piece of its content
    end,      // of the message
    error,    // error(): with the number of the line
  };
  void feed(std::string_view octets) { left_ += octets; }
  void finish() { finished_ = true; }
  // What comes next in what was fed.
  Found next();

  const ExportedMessage& message() const { return message_; }
  std::string_view octets() const { return octets_; }
  const std::string& error() const { return error_; }

 private:
  enum class State : std::uint8_t { separator, envelope, recipients, content, failed };
  Found wrong(std::string_view what);
  std::optional<std::string_view> line();
  Found separator();
  Found envelope();
  Found recipients();
  Found content();
  Found ended();
  void take(std::size_t octets);

  State state_ = State::separator;
  bool finished_ = false;
  bool any_ = false;  // a message has been found
  std::string left_;
  std::size_t at_ = 0;  // what of left_ has been dealt with
  std::uint64_t line_ = 1;
  ExportedMessage message_;
  std::size_t recipients_ = 0;  // still to come
  std::uint64_t size_ = 0;      // of the content so far
  bool line_begins_ = true;
  std::string octets_, error_;
};

}  // namespace malleposte::admin
