// The API's JSON as commands read it, and tables for people. What a stranger sent comes out
// printable (appliance/console.h). Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace malleposte::appliance {

// The object that a body holds. Errors: Fault::peer.
Result<boost::json::object> parse_object(const std::string& body);

// A member as text; "" for null or none, "yes" and "no".
std::string text_of(const boost::json::object& object, std::string_view name);
// A member as a number; 0 for what is none.
std::uint64_t number_of(const boost::json::object& object, std::string_view name);
bool is_true(const boost::json::object& object, std::string_view name);
// The elements of a list, objects or texts; none for what is no list.
std::vector<boost::json::object> objects(const boost::json::object& object, std::string_view name);
std::vector<std::string> texts(const boost::json::object& object, std::string_view name);
// A member that is an object; null for null or none.
const boost::json::object* object_in(const boost::json::object& object, std::string_view name);

// Lines of cells, columns as wide as they must be, the last one as it is; each begins with two
// blanks.
std::string columns(const std::vector<std::vector<std::string>>& lines);

}  // namespace malleposte::appliance
