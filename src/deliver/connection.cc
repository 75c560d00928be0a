#include "deliver/connection.h"

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

Task<bool> Connection::read(SteadyTime until) {
  auto got = co_await stream_->read_some(buffer_, until);
  if (!got) {
    lost(got.error());
    co_return false;
  }
  if (*got == 0) {
    protocol_.lost("lost connection");
    co_return false;
  }
  protocol_.received({buffer_.data(), *got});
  co_return true;
}

Task<void> Connection::advance() {
  for (;;) {
    if (protocol_.has_finished()) co_return;
    switch (protocol_.need()) {
      case Need::write: {
        const std::string_view output[] = {protocol_.output()};
        replies_ = UINT64_MAX;  // a new command, a new deadline
        auto written = co_await stream_->write(output, deadline());
        // What the peer said before it went, "421 ...", is still to be read.
        protocol_.written();
        if (!written) {
          const bool heard = co_await read(loop_.steady() + limits::quit_timeout);
          if (heard && protocol_.need() != Need::closed) lost(written.error());
        }
        break;
      }
      case Need::read:
        co_await read(deadline());
        break;
      default:
        co_return;
    }
  }
}

Task<bool> Connection::write_content(std::span<const std::string_view> pieces) {
  auto written = co_await stream_->write(pieces, loop_.steady() + protocol_.timeout());
  replies_ = UINT64_MAX;
  if (written) co_return true;
  // A peer that ends the transfer says why before it closes.
  const bool heard = co_await read(loop_.steady() + limits::quit_timeout);
  if (heard && protocol_.need() != Need::closed) lost(written.error());
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
