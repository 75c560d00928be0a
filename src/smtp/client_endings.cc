// How a transaction and how a conversation end: the part of ClientProtocol that makes sure that
// every recipient gets one result.
#include <fmt/format.h>

#include <cassert>
#include <utility>

#include "smtp/client_protocol.h"

namespace malleposte::smtp {
namespace {

constexpr std::string_view in_doubt = "; it may have been delivered";

}  // namespace

// Every recipient without a result gets this one.
void ClientProtocol::decide_rest(const Ruling& result) {
  for (auto& known : current_->results)
    if (!known) known = result;
}

void ClientProtocol::finish(bool untouched, bool undecided) {
  Finished finished;
  finished.untouched = untouched;
  finished.in_doubt = undecided;
  finished.results.reserve(current_->results.size());
  for (auto& result : current_->results) {
    assert(result);
    finished.results.push_back(std::move(*result));
  }
  finished_ = std::move(finished);
  current_ = std::move(next_);
  next_.reset();
}

std::optional<Finished> ClientProtocol::take_finished() {
  if (!finished_) return std::nullopt;
  auto taken = std::exchange(finished_, std::nullopt);
  if (stage_ == Stage::closed) {
    if (current_) {  // begun behind the one that has just ended
      if (loss_.code == 0) loss_.text = "the connection ended before the message was sent";
      decide_rest(loss_);
      finish(loss_is_harmless_ || current_->sent == 0);
    }
  } else if (!pending_.empty()) {
    consume(std::exchange(pending_, {}));
  }
  return taken;
}

// The conversation is over. What was begun is decided: by the peer's own words when it said why,
// else as lost.
void ClientProtocol::close(const Ruling& why, bool peer_said_so) {
  const auto stage = std::exchange(stage_, Stage::closed);
  output_.clear();
  loss_ = why;
  loss_.verdict = Verdict::temporary;
  if (!current_ && !finished_) refusal_ = why;
  if (!current_) return;
  if (finished_) return;  // its turn comes in take_finished()
  const bool undecided = stage == Stage::dot && !peer_said_so;
  if (current_->mail_refused) decide_rest(Ruling(*current_->mail_refused));
  decide_rest(loss_);
  finish(stage == Stage::commands && loss_is_harmless_, undecided);
}

void ClientProtocol::lost(std::string_view how) {
  if (stage_ == Stage::closed) return;
  if (stage_ == Stage::quit) {
    stage_ = Stage::closed;
    return;
  }
  loss_is_harmless_ = true;
  auto text = fmt::format("{} while {}", how, doing());
  if (stage_ == Stage::dot) text += in_doubt;
  close({Verdict::temporary, 0, "4.4.2", std::move(text)}, false);
}

void ClientProtocol::broken(std::string_view complaint) {
  loss_is_harmless_ = false;
  // Behind DATA the 354 has shown that each command had its reply; before a chunk nothing has.
  if (stage_ == Stage::commands || (stage_ == Stage::content && sends_chunk())) {
    current_->mail_refused.reset();
    for (auto& result : current_->results) result.reset();
  }
  auto text = fmt::format("the peer breaks the protocol: {}", complaint);
  if (stage_ == Stage::dot) text += in_doubt;
  close({Verdict::temporary, 0, "4.5.0", std::move(text)}, false);
}

void ClientProtocol::quit() {
  assert(need() == Need::transaction);
  stage_ = Stage::quit;
  output_ = "QUIT\r\n";
}

std::string ClientProtocol::doing() const {
  switch (stage_) {
    case Stage::greeting:
      return "waiting for the greeting";
    case Stage::ehlo:
      return "saying EHLO";
    case Stage::helo:
      return "saying HELO";
    case Stage::content:
      return "sending the message";
    case Stage::dot:
      return sends_chunk() ? "waiting for the answer to the message"
                           : "waiting for the answer to the final dot";
    case Stage::lone_dot:
      return "ending DATA";
    case Stage::quit:
      return "saying QUIT";
    case Stage::commands:
      break;
    default:
      return "idle";
  }
  auto number = current_->answered;
  if (current_->rset && number-- == 0) return "saying RSET";
  if (number == 0) return "saying MAIL FROM";
  return number <= current_->transaction.recipients.size() ? "saying RCPT TO" : "saying DATA";
}

}  // namespace malleposte::smtp
