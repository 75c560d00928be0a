#include "mail/header_reader.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/limits.h"

namespace malleposte::mail {
namespace {

bool blank(char c) {
  return c == ' ' || c == '\t';
}
// RFC 5322 2.2 ftext.
bool in_name(char c) {
  return c > ' ' && c < 0x7f && c != ':';
}

}  // namespace

HeaderReader::Event HeaderReader::next() {
  if (state_ == State::value) return read_value();
  if (state_ == State::line_start) {
    const Event event = start_line();
    if (event != Event::need_input) return event;
  }
  if (state_ == State::name) return read_name();
  return state_ == State::ended ? Event::end : Event::need_input;
}

HeaderReader::Event HeaderReader::start_line() {
  if (input_.empty()) return Event::need_input;
  if (in_field_ && blank(input_.front())) {
    state_ = State::value;
    return read_value();
  }
  line_.clear();
  blank_seen_ = false;
  state_ = State::name;
  return Event::need_input;
}

HeaderReader::Event HeaderReader::read_name() {
  std::size_t at = 0;
  for (; at < input_.size(); ++at) {
    const char c = input_[at];
    if (c == ':' && !(line_.empty() && at == 0)) break;
    if (blank(c)) blank_seen_ = true;
    const bool good = blank(c) ? at + line_.size() > 0 : in_name(c) && !blank_seen_;
    if (!good || line_.size() + at == limits::field_name_octets) {
      line_.append(input_.substr(0, at));
      input_.remove_prefix(at);
      return finish();
    }
  }
  line_.append(input_.substr(0, at));
  input_.remove_prefix(at);
  if (input_.empty()) return Event::need_input;
  octets_ += line_.size() + 1;
  input_.remove_prefix(1);
  std::swap(name_, line_);
  line_.clear();
  if (too_long()) return finish();
  while (blank(name_.back())) name_.pop_back();
  ++fields_;
  in_field_ = true;
  state_ = State::value;
  return Event::field;
}

HeaderReader::Event HeaderReader::read_value() {
  if (input_.empty()) return Event::need_input;
  const std::size_t line_end = input_.find('\n');
  const std::size_t count = line_end == std::string_view::npos ? input_.size() : line_end + 1;
  value_ = input_.substr(0, count);
  input_.remove_prefix(count);
  octets_ += count;
  if (too_long()) return finish();
  if (line_end != std::string_view::npos) state_ = State::line_start;
  return Event::value;
}

HeaderReader::Event HeaderReader::finish() {
  state_ = State::ended;
  return Event::end;
}

bool same_field(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace malleposte::mail
