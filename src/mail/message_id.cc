#include "mail/message_id.h"

namespace malleposte::mail {
namespace {
constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::size_t length = 13;  // 36^13 > 2^64
}  // namespace

std::string to_string(MessageId id) {
  std::string text(length, '0');
  for (std::size_t i = length; i-- > 0 && id.value != 0; id.value /= digits.size())
    text[i] = digits[id.value % digits.size()];
  return text;
}

std::optional<MessageId> parse_message_id(std::string_view text) {
  if (text.size() != length) return std::nullopt;
  MessageId id;
  for (char c : text) {
    auto digit = digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    if (id.value > (UINT64_MAX - digit) / digits.size()) return std::nullopt;
    id.value = id.value * digits.size() + digit;
  }
  return id;
}

}  // namespace malleposte::mail
