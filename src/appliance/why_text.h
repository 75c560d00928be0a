// Why mail waits, what would happen to it, how sites and orders are, as people read it: made from
// the API's JSON. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "base/time.h"

namespace malleposte::appliance {

// The answer of GET why: the destination if it was asked for, then a line for each recipient.
std::string why_text(const boost::json::object& why);
// The same as facts at the end of the details of one message.
std::string why_details(const boost::json::object& why);
// The answer of GET route.
std::string route_text(const boost::json::object& route);
// The answer of GET test: each command with its answer and what decided.
std::string rehearsal_text(const boost::json::object& rehearsal);
// The answer of GET sites, a line a site.
std::string sites_text(const boost::json::object& sites);
// The answer of GET orders, a line an order.
std::string orders_text(const boost::json::object& orders, WallTime now);
// The answer of GET queue/destinations, a line a domain, a column for each class of age.
std::string ages_text(const boost::json::object& destinations);

}  // namespace malleposte::appliance
