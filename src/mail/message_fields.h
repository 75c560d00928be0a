// The header fields of a message or of a delivery status, as values to look something up in. What
// they say is foreign text: whoever shows it makes it harmless first (plain_text.h). Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace malleposte::mail {

using Fields = std::vector<std::pair<std::string, std::string>>;  // name in lower case, unfolded

// The fields up to an empty line or the end; takes them off the text.
Fields take_fields(std::string_view& text);

// Of the first of that name (in lower case); "" when there is none.
std::string_view field_value(const Fields& fields, std::string_view name);

// The value of one field of the header at the beginning of `content`, unfolded; of a longer one the
// first `octets_max`. Looks at each octet of the header once and keeps no other field.
std::string header_value(std::string_view content, std::string_view name, std::size_t octets_max);


}  // namespace malleposte::mail
