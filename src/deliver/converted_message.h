// The content of a stored message as it is converted for a peer, while it is read. Takes the place
// of the message where it is sent. Loop thread; the work is done on the reader lane, so that
// nobody waits for it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"
#include "mail/down_conversion.h"
#include "spool/store.h"

namespace malleposte::deliver {

// Does `work` on the reader lane, which reads and converts mail. What it uses must live as long.
Task<void> on_reader_lane(Loop& loop, Loop::Callback work);

class ConvertedMessage final : public spool::StoredMessage {
 public:
  // `source` is at its beginning; `size`: octets of the whole when converted, or 0 while that is
  // what is to be found out.
  ConvertedMessage(Loop& loop, std::unique_ptr<spool::StoredMessage> source,
                   std::vector<mail::EntityPlan> plan, std::uint64_t size)
      : loop_(loop), source_(std::move(source)), conversion_(std::move(plan)), size_(size) {}

  const mail::Envelope& envelope() const override { return source_->envelope(); }
  std::uint64_t size() const override { return size_; }
  Task<Result<std::string_view>> read() override;

 private:
  Loop& loop_;
  std::unique_ptr<spool::StoredMessage> source_;
  mail::DownConversion conversion_;
  std::uint64_t size_;
  std::string_view left_;  // of the present block of the source
  bool ended_ = false;
  std::string converted_;
};

}  // namespace malleposte::deliver
