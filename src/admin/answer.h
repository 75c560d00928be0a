// Answers of the API that every resource gives: JSON, plain text, and errors as {"error":"..."}.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace malleposte::admin {

net::HttpResponse json_answer(std::string body);
net::HttpResponse text_answer(std::string body);
// `text` is one sentence for a person.
net::HttpResponse error_answer(unsigned status, std::string_view text);
// By whose fault it is: 400 for what the client sent, 409 at a limit, 500 for disk and the rest.
net::HttpResponse error_answer(const Error& error);

}  // namespace malleposte::admin
