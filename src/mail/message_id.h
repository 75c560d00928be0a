// The name of a message in spool, log and protocol answers.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace malleposte::mail {

// Never used twice; a later message has a greater one. Written as 13 characters of [0-9a-z].
struct MessageId {
  std::uint64_t value = 0;
  auto operator<=>(const MessageId&) const = default;
};

std::string to_string(MessageId id);
// Empty when the text is not the written form of an id.
std::optional<MessageId> parse_message_id(std::string_view text);

}  // namespace malleposte::mail
