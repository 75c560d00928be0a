// One libunbound context: its cache, its own thread, and the questions on their way. Internal to
// net/, used by UnboundResolver; loop thread only. A context that is let go lives on until its last
// question is answered.
//
// At most limits::dns_lookups questions are with the library at once. Further ones wait for one of
// these to end, in the order in which they came and no longer than their own deadline. A question
// whose deadline has passed is answered, but counts until the library is done with it, since it
// cannot be stopped there.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "net/asio_internal.h"
#include "net/asio_loop.h"
#include "net/resolver.h"

struct ub_ctx;
struct ub_result;

namespace malleposte::net {

enum class DnsType : std::uint8_t { a = 1, ptr = 12, mx = 15, aaaa = 28 };  // RFC 1035, 3596

struct DnsReply {
  Lookup lookup = Lookup::failed;
  std::vector<std::string> records;  // on the wire; when found
  std::string why;                   // when failed
};

// Of all contexts of a resolver.
struct DnsCounters {
  std::uint64_t asked = 0, failed = 0;
};

class DnsContext : public std::enable_shared_from_this<DnsContext> {
 public:
  // `servers`: "192.0.2.1", "192.0.2.1@5300", "2001:db8::1@53"; empty: those of `resolv_conf`.
  // Fault::configuration when one of them is no address.
  static Result<std::shared_ptr<DnsContext>> open(AsioLoop& loop,
                                                  const std::vector<std::string>& servers,
                                                  const std::string& resolv_conf,
                                                  std::shared_ptr<DnsCounters> counters);
  ~DnsContext();
  DnsContext(const DnsContext&) = delete;
  DnsContext& operator=(const DnsContext&) = delete;

  using Answer = std::shared_ptr<OneShot<DnsReply>>;
  // Asks; the answer comes by the deadline, never from inside this call's stack unless it is
  // already there. The name is canonical.
  Answer ask(const std::string& name, DnsType type, SteadyTime deadline);

  // Answers everything on its way with `failed`, from the loop.
  void abandon();

  // A setting as the library has it, in its words; "" when it knows none of that name.
  std::string option(const std::string& name) const;

  std::size_t on_their_way() const { return submitted_; }
  std::size_t waiting() const { return questions_.size() - submitted_; }

 private:
  struct Question {
    DnsContext* context;
    std::shared_ptr<DnsContext> alive;  // its context, as long as it is on its way
    std::string name;
    DnsType type;
    std::uint64_t number = 0;  // unlike its address never used twice
    bool submitted = false;    // with the library
    int id = 0;
    Loop::TimerId timer = 0;
    Answer answer;  // null once its deadline has passed
  };

  DnsContext(AsioLoop& loop, ub_ctx* context, std::shared_ptr<DnsCounters> counters);
  void watch();
  void answer(const Answer& answer, DnsReply reply);
  void process();
  static void on_result(void* question, int error, ub_result* result);
  // Gives it to the library, which may answer at once.
  void submit(Question* question);
  void submit_waiting();
  // Takes a question off its way. Nothing when it is not there any more.
  std::unique_ptr<Question> take(Question* question);
  void expire(Question* question);

  AsioLoop& loop_;
  ub_ctx* const context_;
  asio::posix::stream_descriptor descriptor_;
  const std::shared_ptr<DnsCounters> counters_;
  std::unordered_map<Question*, std::unique_ptr<Question>> questions_;
  std::size_t submitted_ = 0;
  std::uint64_t last_number_ = 0;
  // Those that wait their turn; one that was answered meanwhile is not in questions_ any more.
  std::deque<std::pair<Question*, std::uint64_t>> waiting_;
  std::vector<std::pair<Question*, DnsReply>> ready_;  // filled inside the library's call
};

}  // namespace malleposte::net
