// The table of properties for people: `malleposte properties` and docs/manual/properties.md.
#pragma once

#include <span>
#include <string>

#include "config/load.h"

namespace malleposte::config {

// One paragraph a property: `name = value` with where the value comes from, what it is, what is
// allowed. `values` are those of load().
std::string properties_as_text(std::span<const Value> values);
// As it is shown: secrets as stars.
std::string shown(const Value& value);
// The manual's page; docs/manual/properties.md is this text, and a test says so.
std::string properties_as_markdown();

}  // namespace malleposte::config
