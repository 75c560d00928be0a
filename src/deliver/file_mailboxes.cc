#include "deliver/file_mailboxes.h"

#include <functional>

#include "base/limits.h"
#include "deliver/maildir.h"

namespace malleposte::deliver {
namespace {

// Does it on the lane. What it uses has to live as long.
Task<smtp::Ruling> on(net::WorkLane& lane, std::function<smtp::Ruling()> work) {
  auto done = std::make_shared<OneShot<smtp::Ruling>>();
  auto ruling = std::make_shared<smtp::Ruling>();
  lane.push([work = std::move(work), ruling] { *ruling = work(); },
            [done, ruling] { done->set(std::move(*ruling)); });
  co_return co_await *done;
}

// The Maildir is in the hands of the lane from the first write to the last: what gives up a mail
// goes to that lane too, behind what is under way.
class FileMailboxDelivery final : public MailboxDelivery {
 public:
  FileMailboxDelivery(net::WorkLane& lane, MailboxPath mailbox, std::string name)
      : lane_(lane),
        maildir_(std::make_shared<Maildir>(std::move(mailbox))),
        name_(std::move(name)) {}
  ~FileMailboxDelivery() override {
    if (begun_) lane_.push([maildir = maildir_] { maildir->give_up(); }, [] {});
  }

  Task<smtp::Ruling> write(std::string_view octets, bool last) override {
    const bool first = !std::exchange(begun_, true);
    auto ruling = co_await on(lane_, [maildir = maildir_, name = name_, octets, first, last] {
      smtp::Ruling ruling{smtp::Verdict::accepted, 0, "2.0.0", ""};
      const auto fine = [&] { return ruling.verdict == smtp::Verdict::accepted; };
      if (first) ruling = maildir->open();
      if (first && fine()) ruling = maildir->begin(name);
      if (fine()) ruling = maildir->write(octets);
      if (last && fine()) ruling = maildir->commit();
      if (!fine()) maildir->give_up();
      return ruling;
    });
    if (last || ruling.verdict != smtp::Verdict::accepted) begun_ = false;  // nothing is left of it
    co_return ruling;
  }

 private:
  net::WorkLane& lane_;
  std::shared_ptr<Maildir> maildir_;
  std::string name_;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<net::WorkLane> FileMailboxes::make_lane() {
  return std::make_unique<net::WorkLane>(
      "mailboxes", [this](Loop::Callback done) { loop_.post(std::move(done)); });
}

net::WorkLane& FileMailboxes::writer() {
  while (writers_.size() < limits::mailbox_threads) writers_.push_back(make_lane());
  turn_ = (turn_ + 1) % writers_.size();
  return *writers_[turn_];
}

Task<smtp::Ruling> FileMailboxes::look(MailboxPath mailbox) {
  if (!looker_) looker_ = make_lane();
  return on(*looker_, [mailbox = std::move(mailbox)] { return Maildir(mailbox).open(); });
}

std::unique_ptr<MailboxDelivery> FileMailboxes::begin(MailboxPath mailbox, std::string name) {
  return std::make_unique<FileMailboxDelivery>(writer(), std::move(mailbox), std::move(name));
}

}  // namespace malleposte::deliver
