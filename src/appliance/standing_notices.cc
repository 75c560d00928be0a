#include "appliance/standing_notices.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace malleposte::appliance {
namespace {

std::string notice_id(std::size_t number) {
  return fmt::format("configuration-{}", number + 1);
}

}  // namespace

void StandingNotices::show(const config::Loaded& loaded, WallTime now) {
  std::vector<std::string> texts = loaded.notices;
  if (::geteuid() == 0)
    texts.emplace_back(
        "this server stays root: set run_as to the user to become once its ports are bound");
  if (loaded.settings.root_address.empty())
    texts.emplace_back(
        "root_address is empty: mail to the postmaster is held in the queue; set root_address to "
        "whoever reads it");
  if (loaded.settings.username.empty())
    texts.emplace_back(
        "username is empty: the web UI asks for nothing and changes nothing; set username and "
        "password to change that");
  for (std::size_t i = 0; i < standing_.size(); ++i) notices_.clear(notice_id(i));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    notices_.raise({notice_id(i), monitor::Severity::warning, texts[i], "", "", now});
    if (std::ranges::find(standing_, texts[i]) == standing_.end())
      record_.event("log", monitor::Severity::warning, texts[i]);
  }
  standing_ = std::move(texts);
}

}  // namespace malleposte::appliance
