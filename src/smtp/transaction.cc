#include "smtp/transaction.h"

#include <algorithm>

namespace malleposte::smtp {
namespace {

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

}  // namespace

bool needs_smtputf8(const Transaction& transaction) {
  return transaction.requests.smtputf8 || !is_ascii(transaction.reverse_path) ||
         !std::all_of(transaction.recipients.begin(), transaction.recipients.end(),
                      [](const auto& recipient) { return is_ascii(recipient.path); });
}

}  // namespace malleposte::smtp
