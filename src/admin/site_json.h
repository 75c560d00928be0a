// Sites and ways as the API shows them. Pure; any thread.
#pragma once

#include <boost/json/object.hpp>

#include "admin/names.h"
#include "admin/sites.h"

namespace malleposte::admin {

// Every field of SiteView; times as RFC 3339, `until` null without one.
boost::json::object site_json(const SiteView& site);
// null without a site.
boost::json::value site_json(const std::optional<SiteView>& site);
// Every field of Way.
boost::json::object way_json(const Way& way);

}  // namespace malleposte::admin
