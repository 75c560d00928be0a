// The version of the program, as CMakeLists.txt has it (a test compares).
#pragma once

#include <string_view>

namespace malleposte::appliance {

inline constexpr std::string_view version = "0.1.0";

}  // namespace malleposte::appliance
