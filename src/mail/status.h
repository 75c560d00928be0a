// Enhanced status codes (RFC 3463): "class.subject.detail".
#pragma once

#include <string>
#include <string_view>

namespace malleposte::mail {

// The enhanced code at the start of a text, followed by a blank or the end: "5.1.1" of "5.1.1 No
// such user". Empty when there is none. Class 2, 4 or 5; the other parts one to three digits
// without a leading zero.
std::string_view leading_status(std::string_view text);

// The general code for an SMTP reply that brought none: 2.0.0, 4.0.0 or 5.0.0.
std::string_view general_status(int reply_code);

}  // namespace malleposte::mail
