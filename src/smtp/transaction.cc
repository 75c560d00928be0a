#include "smtp/transaction.h"

#include <algorithm>

#include "base/utf8.h"

namespace malleposte::smtp {

bool needs_smtputf8(const Transaction& transaction) {
  return transaction.requests.smtputf8 || !is_ascii(transaction.reverse_path) ||
         !std::all_of(transaction.recipients.begin(), transaction.recipients.end(),
                      [](const auto& recipient) { return is_ascii(recipient.path); });
}

}  // namespace malleposte::smtp
