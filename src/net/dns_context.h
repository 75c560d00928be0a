// One libunbound context: its cache, its own thread, and the questions on their way. Internal to
// net/, used by UnboundResolver; loop thread only. A context that is let go lives on until its last
// question is answered.
#pragma once

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

class DnsContext : public std::enable_shared_from_this<DnsContext> {
 public:
  // `servers`: "192.0.2.1", "192.0.2.1@5300", "2001:db8::1@53"; empty: those of `resolv_conf`.
  // Fault::configuration when one of them is no address.
  static Result<std::shared_ptr<DnsContext>> open(AsioLoop& loop,
                                                  const std::vector<std::string>& servers,
                                                  const std::string& resolv_conf);
  ~DnsContext();
  DnsContext(const DnsContext&) = delete;
  DnsContext& operator=(const DnsContext&) = delete;

  using Answer = std::shared_ptr<OneShot<DnsReply>>;
  // Asks; the answer comes by the deadline, never from inside this call's stack unless it is
  // already there. The name is canonical.
  Answer ask(const std::string& name, DnsType type, SteadyTime deadline);

  // Answers everything on its way with `failed`, from the loop.
  void abandon();

 private:
  struct Question {
    DnsContext* context;
    std::shared_ptr<DnsContext> alive;  // its context, as long as it is on its way
    int id = 0;
    Loop::TimerId timer = 0;
    Answer answer;
  };

  DnsContext(AsioLoop& loop, ub_ctx* context);
  void watch();
  void process();
  static void on_result(void* question, int error, ub_result* result);
  // Takes a question off its way. Nothing when it is not there any more.
  std::unique_ptr<Question> take(Question* question);
  void expire(Question* question);

  AsioLoop& loop_;
  ub_ctx* const context_;
  asio::posix::stream_descriptor descriptor_;
  std::unordered_map<Question*, std::unique_ptr<Question>> questions_;
  std::vector<std::pair<Question*, DnsReply>> ready_;  // filled inside the library's call
};

}  // namespace malleposte::net
