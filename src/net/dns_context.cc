#include "net/dns_context.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unbound.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <numeric>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "net/file_descriptor.h"

namespace malleposte::net {
namespace {

constexpr int class_in = 1;

// Only a configuration file sets these: the library's set_option ignores local-zone.
//  - a server on this machine is a server like any other;
//  - test. and the private networks' reverse zones are asked like any other name: whoever sets
//    dns_servers knows them;
//  - a server has some 6 seconds for a name (three questions, the first waits a second), also when
//    it was quick before: it may have to ask others. No bound is set to what it is given after it
//    was silent about many names: with one the library takes it for dead (docs/adr/0020);
//  - the caches stay small, and nothing is believed for ever (base/limits.h).
constexpr std::string_view configuration = R"(server:
  do-not-query-localhost: no
  local-zone: "test." nodefault
  unblock-lan-zones: yes
  insecure-lan-zones: yes
  outbound-msg-retry: 2
  infra-keep-probing: yes
  infra-host-ttl: 1
  unknown-server-time-limit: 1000
  infra-cache-min-rtt: 1000
  edns-buffer-size: 1232
  outgoing-range: 256
  num-queries-per-thread: 2048
  msg-cache-size: {}
  rrset-cache-size: {}
  key-cache-size: {}
  neg-cache-size: {}
  infra-cache-numhosts: {}
  cache-max-ttl: {}
  cache-max-negative-ttl: {}
)";

std::string rcode_name(int rcode) {
  switch (rcode) {
    case 1:
      return "FORMERR";
    case 2:
      return "SERVFAIL";
    case 4:
      return "NOTIMP";
    case 5:
      return "REFUSED";
    default:
      return fmt::format("rcode {}", rcode);
  }
}

// Which records of an answer are kept. Of MX records the most preferred ones (they begin with the
// preference, RFC 1035 3.3.9): what is cut off is what would be tried last.
std::vector<std::size_t> records_to_keep(const ub_result& result) {
  std::size_t count = 0;
  while (result.data[count] != nullptr) ++count;
  std::vector<std::size_t> kept(count);
  std::iota(kept.begin(), kept.end(), std::size_t{0});
  if (count <= limits::mx_records_kept) return kept;
  const auto preference = [&](std::size_t record) {
    const auto* octets = reinterpret_cast<const unsigned char*>(result.data[record]);
    return result.len[record] < 2 ? UINT16_MAX + 1U : octets[0] * 256U + octets[1];
  };
  if (result.qtype == static_cast<int>(DnsType::mx))
    std::sort(kept.begin(), kept.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(preference(a), a) < std::pair(preference(b), b);
    });
  kept.resize(limits::mx_records_kept);
  return kept;
}

DnsReply reply_from(int error, const ub_result* result) {
  DnsReply reply;
  if (error != 0 || result == nullptr) {
    reply.why = ub_strerror(error);
    return reply;
  }
  // First of all: a bogus answer comes with rcode 0 and data.
  if (result->bogus != 0) {
    reply.why = fmt::format("bogus: {}", result->why_bogus != nullptr ? result->why_bogus : "");
    return reply;
  }
  if (result->havedata != 0) {
    reply.lookup = Lookup::found;
    for (const auto i : records_to_keep(*result))
      reply.records.emplace_back(result->data[i], static_cast<std::size_t>(result->len[i]));
    return reply;
  }
  if (result->nxdomain != 0)
    reply.lookup = Lookup::no_such_name;
  else if (result->rcode == 0)
    reply.lookup = Lookup::no_data;
  else
    reply.why = rcode_name(result->rcode);
  return reply;
}

int load_configuration(ub_ctx* context) {
  const FileDescriptor file(memfd_create("dns", MFD_CLOEXEC));
  if (!file) return UB_READFILE;
  const auto seconds = [](Duration time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time).count();
  };
  const auto text =
      fmt::format(configuration, limits::dns_message_cache_octets, limits::dns_record_cache_octets,
                  limits::dns_key_cache_octets, limits::dns_negative_cache_octets,
                  limits::dns_servers_remembered, seconds(limits::dns_answer_kept),
                  seconds(limits::dns_absence_kept));
  const auto written = ::write(file.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) return UB_READFILE;
  return ub_ctx_config(context, fmt::format("/proc/self/fd/{}", file.get()).c_str());
}

}  // namespace

Result<std::shared_ptr<DnsContext>> DnsContext::open(AsioLoop& loop,
                                                     const std::vector<std::string>& servers,
                                                     const std::string& resolv_conf,
                                                     std::shared_ptr<DnsCounters> counters) {
  ub_ctx* const context = ub_ctx_create();
  if (context == nullptr) return fail(Fault::resource, "the DNS resolver could not be started");
  auto give_up = [context](Fault fault, const std::string& what, int error) {
    ub_ctx_delete(context);
    return fail(fault, fmt::format("{}: {}", what, ub_strerror(error)));
  };
  ub_ctx_debugout(context, nullptr);
  if (const int error = load_configuration(context); error != 0)
    return give_up(Fault::resource, "the DNS resolver could not be set up", error);
  if (const int error = ub_ctx_async(context, 1); error != 0)  // a thread, not a process
    return give_up(Fault::resource, "the DNS resolver could not be set up", error);
  for (const auto& server : servers)
    if (const int error = ub_ctx_set_fwd(context, server.c_str()); error != 0)
      return give_up(Fault::configuration, "DNS server " + server, error);
  if (servers.empty())
    if (const int error = ub_ctx_resolvconf(context, resolv_conf.c_str()); error != 0)
      return give_up(Fault::configuration, resolv_conf, error);
  std::shared_ptr<DnsContext> result(new DnsContext(loop, context, std::move(counters)));
  // Asio closes what it is given, and this one is the library's.
  FileDescriptor fd(::dup(ub_fd(context)));
  if (!fd || !adopt(result->descriptor_, fd))
    return fail(Fault::resource, "the DNS resolver could not be watched: out of descriptors");
  result->watch();
  return result;
}

DnsContext::DnsContext(AsioLoop& loop, ub_ctx* context, std::shared_ptr<DnsCounters> counters)
    : loop_(loop), context_(context), descriptor_(loop.context()), counters_(std::move(counters)) {}

DnsContext::~DnsContext() {
  assert(questions_.empty());
  net::close(descriptor_);
  // Joins the library's thread, a millisecond or so. Not on a lane: contexts share some of the
  // library's own globals, so that only one thread may make and delete them.
  ub_ctx_delete(context_);
}

void DnsContext::watch() {
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [weak = weak_from_this()](const AsioError& error) {
                           const auto self = weak.lock();
                           if (error || !self) return;
                           self->process();
                           self->watch();
                         });
}

void DnsContext::answer(const Answer& answer, DnsReply reply) {
  if (reply.lookup == Lookup::failed) ++counters_->failed;
  answer->set(std::move(reply));
}

void DnsContext::process() {
  ub_process(context_);
  // Who waited may ask again, or let the context go: never inside the library's call.
  const auto arrived = std::exchange(ready_, {});
  for (const auto& [question, reply] : arrived)
    if (const auto taken = take(question); taken && taken->answer) answer(taken->answer, reply);
}

void DnsContext::on_result(void* question, int error, ub_result* result) {
  auto* const asked = static_cast<Question*>(question);
  asked->context->ready_.emplace_back(asked, reply_from(error, result));
  ub_resolve_free(result);
}

std::string DnsContext::option(const std::string& name) const {
  char* value = nullptr;
  if (ub_ctx_get_option(context_, name.c_str(), &value) != 0) return "";
  std::string text(value);
  std::free(value);  // the library's, from malloc
  return text;
}

DnsContext::Answer DnsContext::ask(const std::string& name, DnsType type, SteadyTime deadline) {
  auto shot = std::make_shared<OneShot<DnsReply>>();
  ++counters_->asked;
  if (deadline <= loop_.steady()) {
    answer(shot, {Lookup::failed, {}, "time-out"});
    return shot;
  }
  auto owned = std::make_unique<Question>();
  auto* const question = owned.get();
  question->context = this;
  question->alive = shared_from_this();
  question->name = name;
  question->type = type;
  question->number = ++last_number_;
  question->answer = shot;
  if (deadline != never)
    question->timer = loop_.call_at(deadline, [question] { question->context->expire(question); });
  questions_.emplace(question, std::move(owned));
  if (submitted_ < limits::dns_lookups)
    submit(question);
  else
    waiting_.emplace_back(question, question->number);
  return shot;
}

void DnsContext::submit(Question* question) {
  const int error =
      ub_resolve_async(context_, question->name.c_str(), static_cast<int>(question->type), class_in,
                       question, &DnsContext::on_result, &question->id);
  if (error == 0) {
    question->submitted = true;
    ++submitted_;
    return;
  }
  answer(take(question)->answer, {Lookup::failed, {}, ub_strerror(error)});
}

void DnsContext::submit_waiting() {
  while (submitted_ < limits::dns_lookups && !waiting_.empty()) {
    const auto [question, number] = waiting_.front();
    waiting_.pop_front();
    const auto found = questions_.find(question);
    if (found != questions_.end() && question->number == number) submit(question);
  }
}

std::unique_ptr<DnsContext::Question> DnsContext::take(Question* question) {
  const auto found = questions_.find(question);
  if (found == questions_.end()) return nullptr;
  auto owned = std::move(found->second);
  questions_.erase(found);
  loop_.cancel(owned->timer);
  if (owned->submitted) {
    --submitted_;
    submit_waiting();
  }
  return owned;
}

void DnsContext::expire(Question* question) {
  question->timer = 0;
  const auto shot = std::exchange(question->answer, nullptr);
  if (!question->submitted) take(question);
  answer(shot, {Lookup::failed, {}, "time-out"});
}

void DnsContext::abandon() {
  waiting_.clear();
  while (!questions_.empty()) {
    const auto taken = take(questions_.begin()->first);
    if (taken->submitted) ub_cancel(context_, taken->id);
    if (!taken->answer) continue;
    loop_.post(
        [answer = taken->answer] { answer->set({Lookup::failed, {}, "the resolver has ended"}); });
  }
}

}  // namespace malleposte::net
