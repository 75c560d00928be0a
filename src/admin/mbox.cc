#include "admin/mbox.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace malleposte::admin {
namespace {

constexpr std::string_view from = "From ";
// A line with so many ">" is quoted whatever follows, so that no row of them is too long to look
// at.
constexpr std::size_t quotes_most = 998;
constexpr std::size_t line_most = 64 * 1024;  // of ours
constexpr std::size_t piece_octets = 64 * 1024;

// Whether a line that begins so has been quoted; empty: it takes more of it to say.
std::optional<bool> is_quoted(std::string_view start) {
  const auto quotes = std::min(start.find_first_not_of('>'), start.size());
  if (quotes > quotes_most) return true;
  const auto rest = start.substr(quotes, from.size());
  if (rest == from) return true;
  if (from.starts_with(rest)) return std::nullopt;
  return false;
}

}  // namespace

void LineEnds::add(std::string_view octets) {
  for (const char c : octets) {
    if (after_cr_ != (c == '\n')) good_ = false;
    after_cr_ = c == '\r';
  }
}

void MboxWriter::begin(std::string& out, const ExportedMessage& message) {
  crlf_ = message.crlf;
  line_begins_ = ended_ = true;
  quotes_ = matched_ = 0;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(message.arrived.time_since_epoch());
  out += fmt::format("From {} {:%a %b %e %H:%M:%S %Y}\n",
                     message.sender.empty() ? "MAILER-DAEMON" : message.sender,
                     fmt::gmtime(static_cast<std::time_t>(seconds.count())));
  append_envelope(out, message);
}

void MboxWriter::content(std::string& out, std::string_view octets) {
  for (const char c : octets) {
    if (crlf_ && c == '\r') continue;
    if (line_begins_) {
      const bool quote = matched_ == 0 && c == '>';
      if (quote || c == from[matched_]) {
        ++(quote ? quotes_ : matched_);
        if (quotes_ == quotes_most || matched_ == from.size()) begin_line(out, true);
        continue;
      }
      begin_line(out, false);
    }
    out += c;
    line_begins_ = c == '\n';
    ended_ = line_begins_;
  }
}

void MboxWriter::begin_line(std::string& out, bool quoted) {
  out.append(quotes_ + (quoted ? 1 : 0), '>');
  out += from.substr(0, matched_);
  ended_ &= quotes_ + matched_ == 0;
  quotes_ = matched_ = 0;
  line_begins_ = false;
}

void MboxWriter::end(std::string& out) {
  begin_line(out, false);
  out += ended_ ? "\n" : "\n\n";
}

MboxReader::Found MboxReader::wrong(std::string_view what) {
  state_ = State::failed;
  error_ = fmt::format("line {}: {}", line_, what);
  return Found::error;
}

// The line that begins at at_, without its line feed; empty when the rest of it has not come.
std::optional<std::string_view> MboxReader::line() {
  const auto end = left_.find('\n', at_);
  if (end == std::string::npos) return std::nullopt;
  auto found = std::string_view(left_).substr(at_, end - at_);
  if (found.ends_with('\r')) found.remove_suffix(1);
  return found;
}

void MboxReader::take(std::size_t octets) {
  at_ += octets;
  if (at_ < piece_octets && at_ < left_.size()) return;
  left_.erase(0, at_);
  at_ = 0;
}

MboxReader::Found MboxReader::next() {
  switch (state_) {
    case State::separator:
      return separator();
    case State::envelope:
      return envelope();
    case State::recipients:
      return recipients();
    case State::content:
      return content();
    case State::failed:
      break;
  }
  return Found::error;
}

MboxReader::Found MboxReader::separator() {
  for (;;) {
    const auto found = line();
    if (!found) {
      if (left_.size() - at_ > line_most) return wrong("this is no mbox of ours");
      if (finished_ && at_ < left_.size()) return wrong("a message is cut off here");
      return Found::nothing;
    }
    if (!found->empty() && !found->starts_with(from))
      return wrong(any_ ? "the message is longer than its envelope says"
                        : "an mbox begins with a line \"From ...\"");
    const bool begins = !found->empty();
    take(left_.find('\n', at_) + 1 - at_);
    ++line_;
    if (!begins) continue;
    any_ = true;
    state_ = State::envelope;
    return envelope();
  }
}

MboxReader::Found MboxReader::envelope() {
  const auto found = line();
  if (!found) {
    if (left_.size() - at_ > line_most) return wrong("the line is too long for an envelope");
    return finished_ ? wrong("a message is cut off here") : Found::nothing;
  }
  auto count = parse_envelope(*found, message_);
  if (!count) return wrong(count.error());
  recipients_ = *count;
  take(left_.find('\n', at_) + 1 - at_);
  ++line_;
  state_ = State::recipients;
  return recipients();
}

MboxReader::Found MboxReader::recipients() {
  for (; recipients_ > 0; --recipients_) {
    const auto found = line();
    if (!found) {
      if (left_.size() - at_ > line_most) return wrong("the line is too long for a recipient");
      return finished_ ? wrong("a message is cut off here") : Found::nothing;
    }
    if (auto good = parse_recipient(*found, message_); !good) return wrong(good.error());
    take(left_.find('\n', at_) + 1 - at_);
    ++line_;
  }
  state_ = State::content;
  size_ = 0;
  line_begins_ = true;
  return Found::message;
}

MboxReader::Found MboxReader::ended() {
  state_ = State::separator;
  // A last line without an end got one.
  if (!line_begins_) {
    if (at_ == left_.size() && !finished_) {
      state_ = State::content;
      return Found::nothing;
    }
    if (left_.compare(at_, 1, "\n") != 0)
      return wrong("the message is longer than its envelope says");
    take(1);
    ++line_;
  }
  return Found::end;
}

MboxReader::Found MboxReader::content() {
  octets_.clear();
  auto at = at_;
  while (size_ < message_.size && at < left_.size() && octets_.size() < piece_octets) {
    if (line_begins_) {
      const auto start = std::string_view(left_).substr(at, quotes_most + from.size() + 1);
      const auto quoted = is_quoted(start);
      if (!quoted && !finished_) break;  // more of the line is needed
      if (quoted.value_or(false)) {
        if (start.front() != '>') {
          take(at - at_);
          return wrong(fmt::format("the message before ends after {} of its {} octets", size_,
                                   message_.size));
        }
        ++at;
      }
      line_begins_ = false;
    }
    const char c = left_[at++];
    if (c == '\n') {
      ++line_;
      line_begins_ = true;
    }
    if (c == '\n' && message_.crlf) {
      octets_ += '\r';
      ++size_;
    }
    octets_ += c;
    ++size_;
  }
  take(at - at_);
  if (size_ > message_.size) return wrong("the message is longer than its envelope says");
  if (!octets_.empty()) return Found::content;
  if (size_ == message_.size) return ended();
  if (finished_)
    return wrong(fmt::format("the message ends after {} of its {} octets", size_, message_.size));
  return Found::nothing;
}

}  // namespace malleposte::admin
