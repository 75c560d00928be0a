// The languages in which senders are written to, and which of them somebody reads, as far as their
// own message tells. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace malleposte::mail {

enum class Language : std::uint8_t { english, french, japanese };
inline constexpr Language all_languages[] = {Language::english, Language::french,
                                             Language::japanese};

std::string_view tag(Language language);  // RFC 5646: "en"

// The language in which to answer the sender of the message that begins with `content`: what its
// Accept-Language prefers of ours, else the first of ours in Content-Language, else English (RFC
// 3282 2, 3; of a tag only the language counts: fr-CA is French). A quality of 0 means "not this
// one", what is no language range is skipped, and of a long field only the beginning is read.
Language language_for(std::string_view content);

}  // namespace malleposte::mail
