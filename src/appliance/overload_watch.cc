#include "appliance/overload_watch.h"

#include <string>

namespace malleposte::appliance {
namespace {

using monitor::Severity;
using Level = policy::Overload::Level;

constexpr Duration pause = std::chrono::seconds(1);
constexpr std::string_view id = "overload";

std::string_view reason(Limit cause) {
  switch (cause) {
    case Limit::read_buffers:
      return "Sessions wait for a free buffer to read into.";
    case Limit::commit_delay:
      return "Messages wait too long for the disk.";
    case Limit::descriptors:
      return "The system has no file descriptor left for a connection.";
    default:
      return "Nearly all sessions that session_limit allows are open.";
  }
}

std::string_view action(Limit cause) {
  switch (cause) {
    case Limit::read_buffers:
      return "If it stays so, look for clients that send much at once (`connected` events).";
    case Limit::commit_delay:
      return "Look for what else uses the disk of volume_data.";
    case Limit::descriptors:
      return "Raise the limit of open files (LimitNOFILE of the service).";
    default:
      return "If these are clients that should be served, raise session_limit.";
  }
}

}  // namespace

OverloadWatch::OverloadWatch(Loop& loop, Ask ask, monitor::Notices& notices,
                             monitor::Record& record)
    : loop_(loop), ask_(std::move(ask)), notices_(notices), record_(record) {
  look();
}

OverloadWatch::~OverloadWatch() {
  loop_.cancel(timer_);
}

void OverloadWatch::look() {
  const receive::FrontDoor::Crowd crowd = ask_();
  if (crowd.level == Level::none) {
    if (notices_.clear(id)) record_.event("log", Severity::info, "New clients are let in again");
  } else {
    const bool all = crowd.level == Level::everybody;
    const Severity severity = all ? Severity::alert : Severity::warning;
    const std::string text = all ? "Too much to do: all new clients are turned away (421)"
                                 : "Too much to do: strangers are turned away (421), trusted "
                                   "clients are let in";
    notices_.raise({std::string(id), severity, text, std::string(reason(crowd.cause)),
                    std::string(action(crowd.cause)), loop_.wall()});
    if (crowd.level > level_)
      record_.event("alert", severity, text + ": " + std::string(reason(crowd.cause)));
  }
  level_ = crowd.level;
  timer_ = loop_.call_at(loop_.steady() + pause, [this] { look(); });
}

}  // namespace malleposte::appliance
