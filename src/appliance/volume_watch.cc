#include "appliance/volume_watch.h"

#include <fmt/format.h>

namespace malleposte::appliance {
namespace {

using monitor::Severity;

constexpr Duration pause = std::chrono::seconds(10);
constexpr double slack = 0.1;  // of the limit: 5 % clears at 5.5 %

constexpr std::string_view low = "volume-low";
constexpr std::string_view out = "volume-out";
constexpr std::string_view refusing = "store-refusing";
constexpr std::string_view damaged = "spool-damaged";

}  // namespace

VolumeWatch::VolumeWatch(Loop& loop, Ask ask, monitor::Notices& notices, monitor::Record& record)
    : loop_(loop), ask_(std::move(ask)), notices_(notices), record_(record) {
  look();
}

VolumeWatch::~VolumeWatch() {
  loop_.cancel(timer_);
}

void VolumeWatch::look() {
  const spool::Health health = ask_();
  if (health.total_octets != 0) {
    const double free =
        100.0 * static_cast<double>(health.free_octets) / static_cast<double>(health.total_octets);
    const std::string reason =
        fmt::format("{} of {} MB are free.", health.free_octets >> 20, health.total_octets >> 20);
    if (free < 1)
      raise({std::string(out), Severity::alert, "Data volume has less than 1% of free disk space",
             reason,
             "Immediate attention required: new mail is refused for now (452); what was accepted "
             "stays and is delivered. Make the volume larger.",
             loop_.wall()});
    else if (free >= 1 + slack)
      clear(out, "Data volume has 1% of free disk space again");
    if (free < 5)
      raise({std::string(low), Severity::warning, "Data volume has less than 5% of free disk space",
             reason, "It is advised to increase the size of the volume.", loop_.wall()});
    else if (free >= 5 * (1 + slack))
      clear(low, "Data volume has 5% of free disk space again");
  }
  if (health.accepting)
    clear(refusing, "New mail is accepted again");
  else
    raise({std::string(refusing), Severity::alert, "New mail is refused for now (452)", health.why,
           "", loop_.wall()});
  if (health.damaged != 0)
    raise(
        {std::string(damaged), Severity::alert, "Mail in the spool was found damaged",
         fmt::format("{} since the start; what is left of it is in spool/corrupt.", health.damaged),
         "Look at the disk. `malleposte queue list --state held` shows what is held for it, "
         "`malleposte spool verify` reads everything.",
         loop_.wall()});
  timer_ = loop_.call_at(loop_.steady() + pause, [this] { look(); });
}

void VolumeWatch::raise(monitor::Notice notice) {
  const Severity severity = notice.severity;
  const std::string text = notice.text;
  if (notices_.raise(std::move(notice))) record_.event("alert", severity, text);
}

void VolumeWatch::clear(std::string_view id, std::string_view text) {
  if (notices_.clear(id)) record_.event("log", Severity::info, text);
}

}  // namespace malleposte::appliance
