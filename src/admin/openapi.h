// The description of the HTTP API (OpenAPI 3.0), written by hand. A test checks it against the
// routes.
#pragma once

#include <string>

namespace malleposte::admin {

std::string openapi_document();

}  // namespace malleposte::admin
