// The table of properties for people: `malleposte properties` and docs/manual/properties.md.
#pragma once

#include <string>

namespace malleposte::config {

// One paragraph a property, at most 100 columns.
std::string properties_as_text();
// The manual's page; docs/manual/properties.md is this text, and a test says so.
std::string properties_as_markdown();

}  // namespace malleposte::config
