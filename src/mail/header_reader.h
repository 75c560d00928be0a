// Reads the header of a message while it streams by (RFC 5322 2.2): which fields there are, piece
// by piece of their values, how much of it there is, and where it ends. No octet is changed and
// only the beginning of a line whose kind is not clear yet is remembered. receive/ has one for each
// message, and read_header() tells what it finds to all who want to know.
//
//   feed(content); while ((event = next()) != need_input) use it
//
// How the content is cut makes no difference, but to the pieces of a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/limits.h"

namespace malleposte::mail {

class HeaderReader {
 public:
  enum class Event : std::uint8_t {
    need_input,
    field,  // a field begins: name()
    value,  // a piece of its value: value(); folded lines as they came, with CRLF
    end,    // no further field: an empty line, one that is none of a header, or too much header
  };

  // `most`: octets of a header; one that is longer is too_long().
  explicit HeaderReader(std::uint64_t most = limits::header_octets) : most_(most) {}

  // The next content, cut anywhere. It must stay valid until next() has returned need_input or end.
  void feed(std::string_view content) { input_ = content; }
  Event next();

  // As written, without blanks before the colon (RFC 5322 4.5.3). Valid until next().
  std::string_view name() const { return name_; }
  std::string_view value() const { return value_; }

  // The header is over.
  bool ended() const { return state_ == State::ended; }
  // It was given up, as it has more octets than it may.
  bool too_long() const { return octets_ > most_; }
  std::uint64_t fields() const { return fields_; }

  // After need_input or end: the beginning of the last line, which may or may not be a field; the
  // octets fed last end with it and with rest(). At the end it belongs to what is no header.
  std::string_view undecided() const { return line_; }
  // After end: what was fed and not used.
  std::string_view rest() const { return input_; }

 private:
  enum class State : std::uint8_t { line_start, name, value, ended };

  Event start_line();
  Event read_name();
  Event read_value();
  Event finish();

  State state_ = State::line_start;
  bool in_field_ = false;  // a line that begins with a blank continues one
  bool blank_seen_ = false;
  std::uint64_t most_;
  std::uint64_t octets_ = 0;  // of what is known to be fields, line ends included
  std::uint64_t fields_ = 0;
  std::string_view input_;
  std::string line_;
  std::string name_;
  std::string_view value_;
};

// Feeds the reader, and tells each of the watchers what it finds: field(name), value(piece), and at
// its end, once, header_ended(). May be called for all of a message: behind the header it does
// nothing.
template <class... Watchers>
void read_header(HeaderReader& reader, std::string_view content, Watchers&... watchers) {
  if (reader.ended()) return;
  reader.feed(content);
  for (;;) {
    switch (reader.next()) {
      case HeaderReader::Event::need_input:
        return;
      case HeaderReader::Event::field:
        (watchers.field(reader.name()), ...);
        break;
      case HeaderReader::Event::value:
        (watchers.value(reader.value()), ...);
        break;
      case HeaderReader::Event::end:
        (watchers.header_ended(), ...);
        return;
    }
  }
}

// Equality of field names: ASCII without case (RFC 5322 1.2.2).
bool same_field(std::string_view a, std::string_view b);

}  // namespace malleposte::mail
