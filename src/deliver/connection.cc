#include "deliver/connection.h"

#include <algorithm>

#include "base/limits.h"

namespace malleposte::deliver {

using Need = smtp::ClientProtocol::Need;

Connection::Connection(Loop& loop, std::unique_ptr<net::Stream> stream, Target target,
                       std::string hostname)
    : loop_(loop),
      stream_(std::move(stream)),
      target_(std::move(target)),
      protocol_(std::move(hostname)) {}

// Counted from the last complete reply, so that a peer cannot win time by single octets.
SteadyTime Connection::deadline() {
  if (protocol_.replies() != replies_) {
    replies_ = protocol_.replies();
    waiting_since_ = loop_.steady();
  }
  return waiting_since_ + protocol_.timeout();
}

void Connection::lost(const Error& error) {
  protocol_.lost(error.fault == Fault::deadline ? "timed out" : "lost connection");
}

Task<Result<void>> Connection::read(SteadyTime until) {
  auto got = co_await stream_->read_some(buffer_, until);
  if (!got) co_return tl::make_unexpected(std::move(got.error()));
  if (*got == 0) co_return fail(Fault::peer, "closed");
  protocol_.received({buffer_.data(), *got});
  co_return Result<void>{};
}

// A write failed. What the peer said before it went is still to be read: why ("421 ..."), or the
// 250 of the message whose dot it had got already.
Task<void> Connection::hear_out(Error error) {
  const auto until = loop_.steady() + limits::quit_timeout;
  while (protocol_.need() != Need::closed && !protocol_.has_finished()) {
    if (!co_await read(until)) co_return lost(error);
  }
}

Task<void> Connection::advance() {
  content_octets_ = 0;
  content_waited_ = {};
  for (;;) {
    if (protocol_.has_finished()) co_return;
    switch (protocol_.need()) {
      case Need::write: {
        const std::string_view output[] = {protocol_.output()};
        replies_ = UINT64_MAX;  // a new command, a new deadline
        auto written = co_await stream_->write(output, deadline());
        protocol_.written();
        if (!written) co_await hear_out(std::move(written.error()));
        break;
      }
      case Need::read:
        if (auto heard = co_await read(deadline()); !heard) lost(heard.error());
        break;
      case Need::closed:
        if (!protocol_.output().empty()) {
          const std::string_view good_bye[] = {protocol_.output()};
          co_await stream_->write(good_bye, loop_.steady() + limits::quit_timeout);
          protocol_.written();
        }
        co_return;
      default:
        co_return;
    }
  }
}

Task<bool> Connection::write_content(std::span<const std::string_view> pieces) {
  for (const auto piece : pieces) content_octets_ += piece.size();
  // A peer that takes each block just in time would have a connection for days.
  const auto for_all =
      limits::content_patience + std::chrono::seconds(content_octets_ / limits::content_rate);
  const auto began = loop_.steady();
  auto written = co_await stream_->write(
      pieces, began + std::min<Duration>(protocol_.timeout(), for_all - content_waited_));
  content_waited_ += loop_.steady() - began;  // only that is the peer's: not our disk's time
  replies_ = UINT64_MAX;
  if (written) co_return true;
  co_await hear_out(std::move(written.error()));
  co_return false;
}

Task<void> Connection::quit() {
  if (protocol_.need() == Need::transaction) {
    protocol_.quit();
    co_await advance();
  }
  close();
}

void Connection::close() {
  stream_->close();
}

}  // namespace malleposte::deliver
