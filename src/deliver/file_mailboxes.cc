#include "deliver/file_mailboxes.h"

#include <array>
#include <utility>

#include "deliver/maildir.h"
#include "net/work_lane.h"

namespace malleposte::deliver {
namespace {

bool is_accepted(const smtp::Ruling& ruling) {
  return ruling.verdict == smtp::Verdict::accepted;
}

smtp::Ruling no_answer() {
  return {smtp::Verdict::temporary, 0, "4.3.0", "the volume of the mailboxes does not answer"};
}

}  // namespace

// The threads of a root, and whether it answers them.
class FileMailboxes::Volume {
 public:
  Volume(Loop& loop, const Options& options) : loop_(loop), options_(options) {}

  net::WorkLane& looker() { return lane(looker_); }
  net::WorkLane& writer() {
    turn_ = (turn_ + 1) % writers_.size();
    return lane(writers_[turn_]);
  }
  const Options& options() const { return options_; }
  bool hangs() const { return *hangs_; }

  // Does it on the lane, and waits for it at most so long. What it uses belongs to it.
  Task<smtp::Ruling> ask(net::WorkLane& lane, std::function<smtp::Ruling()> work,
                         Duration patience) {
    if (hangs()) co_return no_answer();
    auto answer = std::make_shared<OneShot<smtp::Ruling>>();
    auto ruling = std::make_shared<smtp::Ruling>();
    lane.push(
        [work = std::move(work), ruling, before = options_.before_work] {
          if (before) before();
          *ruling = work();
        },
        [answer, ruling, hangs = hangs_] {
          *hangs = false;
          if (!answer->ready()) answer->set(std::move(*ruling));
        });
    const auto timer = loop_.call_at(loop_.steady() + patience, [answer, hangs = hangs_] {
      if (answer->ready()) return;
      *hangs = true;
      answer->set(no_answer());
    });
    auto result = co_await *answer;
    loop_.cancel(timer);
    co_return result;
  }

 private:
  net::WorkLane& lane(std::unique_ptr<net::WorkLane>& one) {
    if (!one)
      one = std::make_unique<net::WorkLane>(
          "mailboxes", [this](Loop::Callback done) { loop_.post(std::move(done)); });
    return *one;
  }

  Loop& loop_;
  const Options& options_;
  std::shared_ptr<bool> hangs_ = std::make_shared<bool>(false);
  std::size_t turn_ = 0;
  std::unique_ptr<net::WorkLane> looker_;  // who asks at RCPT does not wait for syncs
  std::array<std::unique_ptr<net::WorkLane>, limits::mailbox_writers> writers_;
};

// The Maildir is in the hands of one lane: what gives up a mail goes to that lane too, behind what
// is under way.
class FileMailboxes::Delivery final : public MailboxDelivery {
 public:
  Delivery(Volume& volume, MailboxPath mailbox, std::string name)
      : volume_(volume),
        lane_(volume.writer()),
        maildir_(std::make_shared<Maildir>(std::move(mailbox))),
        name_(std::move(name)) {}
  ~Delivery() override {
    if (begun_) lane_.push([maildir = maildir_] { maildir->give_up(); }, [] {});
  }

  Task<smtp::Ruling> write(std::string octets, bool last) override {
    if (volume_.hangs()) co_return no_answer();
    const bool first = !std::exchange(begun_, true);
    auto ruling = co_await volume_.ask(
        lane_,
        [maildir = maildir_, name = name_, octets = std::move(octets), first, last] {
          smtp::Ruling ruling{smtp::Verdict::accepted, 0, "2.0.0", ""};
          if (first) ruling = maildir->open();
          if (first && is_accepted(ruling)) ruling = maildir->begin(name);
          if (is_accepted(ruling)) ruling = maildir->write(octets);
          if (last && is_accepted(ruling)) ruling = maildir->commit();
          if (!is_accepted(ruling)) maildir->give_up();
          return ruling;
        },
        volume_.options().write_timeout);
    // Then nothing is left of it, unless it is still under way.
    if (last || !is_accepted(ruling)) begun_ = volume_.hangs();
    co_return ruling;
  }

 private:
  Volume& volume_;
  net::WorkLane& lane_;
  std::shared_ptr<Maildir> maildir_;
  std::string name_;
  bool begun_ = false;
};

FileMailboxes::FileMailboxes(Loop& loop, Options options)
    : loop_(loop), options_(std::move(options)), volumes_(limits::mailbox_volumes) {}
FileMailboxes::~FileMailboxes() = default;

FileMailboxes::Volume& FileMailboxes::volume(const std::string& root) {
  auto& one = volumes_[std::hash<std::string>()(root) % volumes_.size()];
  if (!one) one = std::make_unique<Volume>(loop_, options_);
  return *one;
}

Task<smtp::Ruling> FileMailboxes::look(MailboxPath mailbox) {
  auto& where = volume(mailbox.root);
  return where.ask(
      where.looker(), [mailbox = std::move(mailbox)] { return Maildir(mailbox).open(); },
      options_.look_timeout);
}

std::unique_ptr<MailboxDelivery> FileMailboxes::begin(MailboxPath mailbox, std::string name) {
  auto& where = volume(mailbox.root);
  return std::make_unique<Delivery>(where, std::move(mailbox), std::move(name));
}

}  // namespace malleposte::deliver
