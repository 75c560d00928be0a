#include "monitor/notices.h"

#include <algorithm>
#include <iterator>

namespace malleposte::monitor {

bool Notices::raise(Notice notice) {
  auto same = std::ranges::find(notices_, notice.id, &Notice::id);
  if (same != notices_.end()) {
    notice.since = same->since;
    *same = std::move(notice);
    return false;
  }
  if (notices_.size() >= capacity_) {
    ++left_out_;
    // From the back, so that of equally mild ones the newest goes.
    auto mildest =
        std::min_element(notices_.rbegin(), notices_.rend(),
                         [](const Notice& a, const Notice& b) { return a.severity < b.severity; });
    if (mildest == notices_.rend() || mildest->severity >= notice.severity) return false;
    notices_.erase(std::next(mildest).base());
  }
  notices_.push_back(std::move(notice));
  return true;
}

bool Notices::clear(std::string_view id) {
  return std::erase_if(notices_, [&](const Notice& notice) { return notice.id == id; }) != 0;
}

bool Notices::stands(std::string_view id) const {
  return std::ranges::find(notices_, id, &Notice::id) != notices_.end();
}

std::vector<Notice> Notices::all() const {
  std::vector<Notice> sorted;
  for (auto severity : {Severity::alert, Severity::warning, Severity::info})
    std::ranges::copy_if(notices_, std::back_inserter(sorted),
                         [&](const Notice& notice) { return notice.severity == severity; });
  return sorted;
}

}  // namespace malleposte::monitor
