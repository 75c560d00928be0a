// When a site asks for less, and how long it is left alone then. Pure.
//
// Whether a reply is about the site or about the message stands in its codes and words: "421 4.7.0
// too many connections" and "451 4.7.650 rate limited" are about the site; that a mailbox is full,
// that a recipient gets too much mail, or greylisting are not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "smtp/ruling.h"

namespace malleposte::deliver {

// Where in the conversation a reply came.
enum class Stage : std::uint8_t {
  door,     // instead of the greeting, or to EHLO
  message,  // to MAIL, RCPT, DATA or the content
};

// Whether the reply asks us to send the whole site less. `phrases`: further words by which this
// site does, in lower case.
bool asks_for_less(const smtp::Ruling& ruling, Stage stage,
                   const std::vector<std::string>& phrases);

// A pause that doubles each time it was in vain.
class BackOff {
 public:
  BackOff(Duration first, Duration most) : first_(first), most_(most) {}

  // Once more in vain: the site is left alone until then. What comes while it is, from connections
  // that were open before, changes nothing.
  SteadyTime again(SteadyTime now);
  // It worked: the next pause is the first one again.
  void over() { last_ = Duration::zero(), until_ = SteadyTime{}; }
  // Whoever wants to may try now.
  void cut_short() { until_ = SteadyTime{}; }

  void set_times(Duration first, Duration most) { first_ = first, most_ = most; }

  SteadyTime until() const { return until_; }
  bool begun() const { return last_ > Duration::zero(); }

 private:
  Duration first_, most_, last_{};
  SteadyTime until_{};
};

}  // namespace malleposte::deliver
