#include "mail/line_measure.h"

namespace malleposte::mail {

// CR stands nowhere but in front of LF, in all that has lines: a CR that came last is not counted
// until something else follows it.
bool LineMeasure::feed(std::string_view content) {
  if (most_ == 0) return true;
  while (!content.empty() && !met_) {
    const std::size_t end = content.find('\n');
    const std::string_view part = content.substr(0, end);
    octets_ += part.size();
    if (!part.empty()) cr_last_ = part.back() == '\r';
    met_ = octets_ - (cr_last_ ? 1 : 0) > most_;
    if (end == std::string_view::npos) break;
    octets_ = 0;
    cr_last_ = false;
    content.remove_prefix(end + 1);
  }
  return !met_;
}

}  // namespace malleposte::mail
