// The way of mail to a domain, as people read it: made from the API's JSON. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

namespace malleposte::appliance {

struct WayText {
  std::string text;  // a line for the rule, one for each host
  bool open;         // there is a host that can be tried
};
WayText way_text(const boost::json::object& way);

}  // namespace malleposte::appliance
