#include "deliver/file_mailboxes.h"

#include <array>
#include <atomic>
#include <utility>

#include "deliver/maildir.h"
#include "net/work_lane.h"

namespace malleposte::deliver {
namespace {

bool is_accepted(const smtp::Ruling& ruling) {
  return ruling.verdict == smtp::Verdict::accepted;
}

// Who comes first: the volume to the point from which a mail may be in its mailbox, or we to the
// end of our patience. One of them alone gets its will.
class CommitPoint {
 public:
  bool pass() { return become(passed); }       // any thread
  bool give_up() { return become(given_up); }  // any thread

 private:
  enum State : int { open, passed, given_up };
  bool become(State state) {
    int before = open;
    return state_.compare_exchange_strong(before, state);
  }
  std::atomic<int> state_ = open;
};

}  // namespace

// One thread, and whether it answers.
class FileMailboxes::Worker {
 public:
  Worker(Loop& loop, const Options& options)
      : loop_(loop),
        options_(options),
        lane_("mailboxes", [&loop](Loop::Callback done) { loop.post(std::move(done)); }) {}

  bool silent() const { return state_->silent; }
  std::size_t waiting() const { return state_->waiting; }

  // Does it, and waits for it at most so long, unless it is past its point then. What it uses
  // belongs to it.
  Task<smtp::Ruling> ask(std::function<smtp::Ruling()> work, Duration patience,
                         std::shared_ptr<CommitPoint> point) {
    if (silent()) co_return no_answer();
    auto answer = std::make_shared<OneShot<smtp::Ruling>>();
    auto ruling = std::make_shared<smtp::Ruling>();
    ++state_->waiting;
    lane_.push(
        [work = std::move(work), ruling, before = options_.before_work] {
          if (before) before();
          *ruling = work();
        },
        [answer, ruling, state = state_] {
          --state->waiting;
          state->silent = false;
          if (!answer->ready()) answer->set(std::move(*ruling));
        });
    const auto timer = loop_.call_at(loop_.steady() + patience,
                                     [answer, state = state_, point = std::move(point)] {
                                       if (answer->ready()) return;
                                       state->silent = true;
                                       if (point->give_up()) answer->set(no_answer());
                                     });
    auto result = co_await *answer;
    loop_.cancel(timer);
    co_return result;
  }
  // Nobody waits for it.
  void tell(std::function<void()> work) {
    lane_.push(std::move(work), [] {});
  }

 private:
  struct State {  // answers may come behind our end
    bool silent = false;
    std::size_t waiting = 0;
  };
  Loop& loop_;
  const Options& options_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
  net::WorkLane lane_;
};

// The threads of a root.
struct FileMailboxes::Volume {
  std::unique_ptr<Worker> looker;  // who asks at RCPT does not wait for syncs
  std::array<std::unique_ptr<Worker>, limits::mailbox_writers> writers;
};

// The Maildir is in the hands of one thread, which is the same for all mails of this name: what is
// given up is gone before it is tried again.
class FileMailboxes::Delivery final : public MailboxDelivery {
 public:
  Delivery(Worker& worker, Duration patience, MailboxPath mailbox, std::string name)
      : worker_(worker),
        patience_(patience),
        maildir_(std::make_shared<Maildir>(std::move(mailbox))),
        name_(std::move(name)) {}
  ~Delivery() override {
    if (begun_) worker_.tell([maildir = maildir_] { maildir->give_up(); });
  }

  Task<smtp::Ruling> write(std::string octets, bool last) override {
    if (worker_.silent()) co_return no_answer();
    const bool first = !std::exchange(begun_, true);
    auto point = std::make_shared<CommitPoint>();
    auto ruling = co_await worker_.ask(
        [maildir = maildir_, name = name_, octets = std::move(octets), first, last, point] {
          smtp::Ruling ruling{smtp::Verdict::accepted, 0, "2.0.0", ""};
          if (first) ruling = maildir->open();
          if (first && is_accepted(ruling)) ruling = maildir->begin(name);
          if (is_accepted(ruling)) ruling = maildir->write(octets);
          if (last && is_accepted(ruling))
            ruling = maildir->commit([&point] { return point->pass(); });
          if (!is_accepted(ruling)) maildir->give_up();
          return ruling;
        },
        patience_, point);
    // Then nothing is left of it, unless it is still under way.
    if (last || !is_accepted(ruling)) begun_ = worker_.silent();
    co_return ruling;
  }

 private:
  Worker& worker_;
  const Duration patience_;
  std::shared_ptr<Maildir> maildir_;
  std::string name_;
  bool begun_ = false;
};

FileMailboxes::FileMailboxes(Loop& loop, Options options)
    : loop_(loop), options_(std::move(options)) {}
FileMailboxes::~FileMailboxes() = default;

FileMailboxes::Volume& FileMailboxes::volume(const std::string& root) {
  auto& known = by_root_[root];
  if (known == nullptr) {
    if (volumes_.size() < limits::mailbox_volumes)
      known = volumes_.emplace_back(std::make_unique<Volume>()).get();
    else
      known = volumes_[std::hash<std::string>()(root) % volumes_.size()].get();
  }
  return *known;
}

Task<smtp::Ruling> FileMailboxes::look(MailboxPath mailbox) {
  auto& worker = volume(mailbox.root).looker;
  if (!worker) worker = std::make_unique<Worker>(loop_, options_);
  if (worker->waiting() >= limits::mailbox_looks) co_return no_answer();
  co_return co_await worker->ask([mailbox = std::move(mailbox)] { return Maildir(mailbox).open(); },
                                 options_.look_timeout, std::make_shared<CommitPoint>());
}

std::unique_ptr<MailboxDelivery> FileMailboxes::begin(MailboxPath mailbox, std::string name) {
  auto& writers = volume(mailbox.root).writers;
  auto& worker = writers[std::hash<std::string>()(name) % writers.size()];
  if (!worker) worker = std::make_unique<Worker>(loop_, options_);
  return std::make_unique<Delivery>(*worker, options_.write_timeout, std::move(mailbox),
                                    std::move(name));
}

}  // namespace malleposte::deliver
