#include "mail/header_completion.h"

#include <algorithm>
#include <utility>

namespace malleposte::mail {

std::span<const std::string_view> HeaderCompletion::pass(const HeaderReader& reader,
                                                         std::string_view content) {
  count_ = 0;
  if (complete_) {
    keep(content);
    return {pieces_.data(), count_};
  }
  hands_off_ = hands_off_ || reader.too_long();
  // What came is what was held and the content; what is no header yet, or no more, is its end.
  const std::string_view undecided = reader.undecided();
  const std::size_t after = undecided.size() + (reader.ended() ? reader.rest().size() : 0);
  const std::size_t header = held_.size() + content.size() - after;
  let_go_ = std::exchange(held_, {});
  const std::string_view before = let_go_;
  const std::size_t of_before = std::min(header, before.size());
  keep(before.substr(0, of_before));
  keep(content.substr(0, header - of_before));
  if (header > 0) {
    line_ended_ = (header > of_before ? content[header - of_before - 1] : before.back()) == '\n';
  }
  if (reader.ended()) {
    keep_added();
    keep(before.substr(of_before));
    keep(content.substr(header - of_before));
  } else {
    held_ = undecided;
  }
  return {pieces_.data(), count_};
}

std::span<const std::string_view> HeaderCompletion::end() {
  count_ = 0;
  // A line without an end cannot be followed by a field.
  if (!complete_ && line_ended_) keep_added();
  let_go_ = std::exchange(held_, {});
  keep(let_go_);
  complete_ = true;
  return {pieces_.data(), count_};
}

void HeaderCompletion::field(std::string_view name) {
  has_date_ = has_date_ || same_field(name, "Date");
  has_message_id_ = has_message_id_ || same_field(name, "Message-ID");
  hands_off_ = hands_off_ || same_field(name, "Received") || same_field(name, "DKIM-Signature");
}

void HeaderCompletion::keep(std::string_view piece) {
  if (!piece.empty()) pieces_.at(count_++) = piece;
}

void HeaderCompletion::keep_added() {
  complete_ = true;
  if (hands_off_) return;
  if (!has_message_id_) keep(message_id_);
  if (!has_date_) keep(date_);
}

}  // namespace malleposte::mail
