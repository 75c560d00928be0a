#include "smtp/reply_parser.h"

#include <cstring>

#include "base/limits.h"
#include "mail/plain_text.h"
#include "mail/status.h"

namespace malleposte::smtp {
namespace {

// Of one reply; an EHLO answer has to fit. What is beyond is read and dropped.
constexpr std::size_t text_octets = 16 * 1024;

bool digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

ReplyParser::State ReplyParser::broken(std::string_view why) {
  broken_ = true;
  complaint_ = why;
  line_.clear();
  return State::broken;
}

// A line whole or not at all: half of "SIZE 100000" would be another offer.
void ReplyParser::add_text(std::string_view text) {
  if (reply_.text.size() + text.size() + 1 > text_octets) return;
  if (lines_ > 0) reply_.text += '\n';
  reply_.text += text;
}

ReplyParser::State ReplyParser::end_of_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (std::memchr(line.data(), 0, line.size()) != nullptr)
    return broken("a reply with a NUL character");
  // RFC 5321 4.2: three digits, then a blank, a hyphen, or (to be accepted) nothing at all.
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !digit(line[1]) || !digit(line[2]) ||
      (line.size() > 3 && line[3] != ' ' && line[3] != '-'))
    return broken("not an SMTP reply: \"" + mail::one_line(line, 60) + "\"");
  int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  bool last = line.size() == 3 || line[3] == ' ';
  line.remove_prefix(line.size() == 3 ? 3 : 4);

  if (lines_ == 0) {
    reply_.code = code;
    reply_.status.clear();
    reply_.text.clear();
  } else if (code != reply_.code) {
    return broken("a reply whose lines carry different codes");
  }
  // A status of another class than the code's contradicts it; the code is what counts.
  auto status = mail::leading_status(line);
  if (!status.empty() && status[0] - '0' == code / 100) {
    if (lines_ == 0) reply_.status = status;
    line.remove_prefix(status.size());
    if (!line.empty()) line.remove_prefix(1);
  }
  add_text(line);
  ++lines_;
  if (!last)
    return lines_ == limits::reply_lines ? broken("a reply of too many lines") : State::more;
  lines_ = 0;
  return State::reply;
}

ReplyParser::State ReplyParser::feed(std::string_view& bytes) {
  if (broken_) return State::broken;
  while (!bytes.empty()) {
    auto end = bytes.find('\n');
    auto length = end == std::string_view::npos ? bytes.size() : end;
    if (line_.size() + length >= limits::reply_line_octets)
      return broken("a reply line without an end");
    if (end == std::string_view::npos) {
      line_ += bytes;
      bytes = {};
      return State::more;
    }
    State state;
    if (line_.empty()) {
      state = end_of_line(bytes.substr(0, end));
    } else {
      line_ += bytes.substr(0, end);
      state = end_of_line(line_);
      line_.clear();
    }
    bytes.remove_prefix(end + 1);
    if (state != State::more) return state;
  }
  return State::more;
}

}  // namespace malleposte::smtp
