#include "smtp/content_intake.h"

#include <algorithm>
#include <cassert>

namespace malleposte::smtp {
namespace {

Reply fault_reply(LineFault fault) {
  switch (fault) {
    case LineFault::bare_lf:
      return reply(550, "5.6.11", "The message has a line feed without carriage return.");
    case LineFault::bare_cr:
      return reply(550, "5.6.11", "The message has a carriage return without line feed.");
    case LineFault::nul:
      return reply(550, "5.6.11", "The message has a NUL character.");
    case LineFault::none:
      break;
  }
  assert(false && "content without fault is not refused");
  return {};
}

}  // namespace

const Reply& message_too_big() {
  static const Reply answer = reply(552, "5.3.4", "The message is bigger than I may take.");
  return answer;
}

void ContentIntake::begin_data(std::uint64_t size_limit, bool repair_bare_lf) {
  size_limit_ = size_limit;
  data_ = DataDecoder(repair_bare_lf);
  last_ = true;
  chunked_ = refused_ = false;
}

void ContentIntake::begin_chunks(std::uint64_t size_limit, ChunkDecoder::Lines lines) {
  size_limit_ = size_limit;
  chunks_ = ChunkDecoder(lines);
  chunked_ = true;
  refused_ = false;
}

void ContentIntake::chunk(std::uint64_t octets, bool last) {
  assert(chunked_ && left_ == 0);
  left_ = octets;
  last_ = last;
}

// One step through the input; false when there is none.
bool ContentIntake::advance(std::string_view& input) {
  content_ = {};
  if (!chunked_) {
    if (data_.ended()) return true;
    if (input.empty()) return false;
    content_ = data_.next(input);
    return true;
  }
  if (left_ == 0) {
    if (last_) chunks_.finish();
    return true;
  }
  if (input.empty()) return false;
  std::string_view part = input.substr(0, left_);
  const std::size_t all = part.size();
  if (refused_) {
    part = {};
  } else {
    content_ = chunks_.next(part);
  }
  input.remove_prefix(all - part.size());
  left_ -= all - part.size();
  return true;
}

ContentIntake::Event ContentIntake::next(std::string_view& input) {
  while (advance(input)) {
    if (!refused_) {
      if (fault() != LineFault::none) {
        refuse(fault_reply(fault()));
        return Event::refused;
      }
      if (size_limit_ != 0 && octets() > size_limit_) {
        refuse(message_too_big());
        return Event::refused;
      }
      if (!content_.empty()) return Event::content;
    }
    if (ended()) return chunked_ && !last_ ? Event::chunk_end : Event::end;
  }
  return Event::need_input;
}

void ContentIntake::refuse(const Reply& answer) {
  if (refused_) return;
  refused_ = true;
  answer_ = answer;
}

}  // namespace malleposte::smtp
