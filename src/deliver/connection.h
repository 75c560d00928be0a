// A connection to a peer: the client protocol over a stream, with its deadlines. deliver::Carrier
// drives it; it lives on between messages in the connection cache. Loop thread.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "base/task.h"
#include "deliver/candidates.h"
#include "net/stream.h"
#include "smtp/client_protocol.h"

namespace malleposte::deliver {

class Connection {
 public:
  Connection(Loop& loop, std::unique_ptr<net::Stream> stream, Target target, std::string hostname);

  // Writes and reads until the protocol wants content, has results, can begin a transaction or is
  // closed. Every failure of the stream becomes the protocol's `lost`, after what the peer had said
  // before it was heard.
  Task<void> advance();

  // Writes a piece of content. False: the connection failed, or the peer takes less of the content
  // than limits::content_rate; whatever it said last was heard and the protocol is closed.
  Task<bool> write_content(std::span<const std::string_view> pieces);

  // Says QUIT, waits shortly for the answer and closes.
  Task<void> quit();
  // Ends it now; who waits on it goes on with a lost connection.
  void close();

  smtp::ClientProtocol& protocol() { return protocol_; }
  const smtp::ClientProtocol& protocol() const { return protocol_; }
  const Target& target() const { return target_; }
  // Transactions finished with an answer; with at least one the peer may since have gone away.
  unsigned transactions() const { return transactions_; }
  void count_transaction() { ++transactions_; }

 private:
  Task<Result<void>> read(SteadyTime deadline);
  Task<void> hear_out(Error error);
  SteadyTime deadline();
  void lost(const Error& error);

  Loop& loop_;
  std::unique_ptr<net::Stream> stream_;
  Target target_;
  smtp::ClientProtocol protocol_;
  unsigned transactions_ = 0;
  std::uint64_t replies_ = UINT64_MAX;  // for which deadline_ holds
  SteadyTime waiting_since_{};
  std::uint64_t content_octets_ = 0;  // of the present message
  Duration content_waited_{};         // for the peer to take them
  std::array<char, 2048> buffer_;
};

}  // namespace malleposte::deliver
