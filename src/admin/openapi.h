// The description of the HTTP API (OpenAPI 3.0), written by hand. A test checks it against the
// routes.
#pragma once

#include <string_view>

namespace malleposte::admin {

std::string_view openapi_document();

}  // namespace malleposte::admin
