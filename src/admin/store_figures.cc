#include "admin/store_figures.h"

#include <unistd.h>

#include <cstdio>

#include "base/limits.h"

namespace malleposte::admin {
namespace {

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

// Octets of memory in use, 0 where the system does not tell.
double resident_octets() {
  auto* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long total = 0;
  unsigned long long resident = 0;
  int read = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  return read == 2 ? number(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

void store_figures(const spool::Store& store, monitor::Figures& into) {
  auto counters = store.counters();
  auto accounts = store.accounts();
  auto health = store.health();

  into.gauge("malleposte_queue_messages", "Messages in the queue", number(counters.messages));
  into.gauge("malleposte_queue_octets", "Octets of the messages in the queue",
             number(counters.message_octets));
  into.gauge("malleposte_queue_recipients", "Recipients in the queue", number(accounts.queued));

  auto account = [&](const char* fate, std::uint64_t value) {
    into.counter("malleposte_recipients_total",
                 "Recipients since the spool was made: accepted and generated ones, and what "
                 "became of them",
                 number(value), {{"fate", fate}});
  };
  account("accepted", accounts.accepted);
  account("generated", accounts.generated);
  account("delivered", accounts.delivered);
  account("bounced", accounts.bounced);
  account("expired", accounts.expired);
  account("deleted", accounts.deleted);
  account("discarded", accounts.discarded);
  account("replaced", accounts.replaced);

  into.gauge("malleposte_accepting", "1 while new mail is accepted, 0 while it gets 452",
             health.accepting ? 1 : 0);
  into.gauge("malleposte_volume_free_octets", "Free octets of the data volume",
             number(health.free_octets));
  into.gauge("malleposte_volume_octets", "Octets of the data volume", number(health.total_octets));

  into.counter("malleposte_spool_syncs_total", "Syncs of the spool", number(counters.syncs));
  into.counter("malleposte_spool_commits_total", "Commit records written",
               number(counters.commits));
  into.gauge("malleposte_spool_segments", "Segments of the spool", number(counters.segments));
  into.gauge("malleposte_spool_free_segments", "Segments of the spool that are free",
             number(counters.free_segments));
  into.counter("malleposte_spool_cleaned_segments_total", "Segments cleaned",
               number(counters.cleaned_segments));
  into.counter("malleposte_spool_damaged_records_total", "Damaged records set aside",
               number(counters.damaged_records));
  into.counter("malleposte_spool_sync_failures_total", "Syncs that failed",
               number(counters.sync_failures));
}

void limit_figures(monitor::Figures& into) {
  auto limit = [&](const char* name, std::size_t value) {
    into.gauge("malleposte_limit", "Limits that are in force", number(value), {{"name", name}});
  };
  limit("session_buffers_octets", limits::session_buffers_octets);
  limit("deliveries_in_all", limits::deliveries_in_all);
  limit("connections_per_next_hop", limits::connections_per_next_hop);
  limit("leased_messages", limits::leased_messages);
  limit("sites_remembered", limits::sites_remembered);
  limit("dns_lookups", limits::dns_lookups);
  limit("http_connections", limits::http_connections);
  limit("journal_octets", limits::journal_octets);
}

void process_figures(std::string_view version, Duration uptime, monitor::Figures& into) {
  into.gauge("malleposte_build_info", "1, with the version", 1,
             {{"version", std::string(version)}});
  into.gauge("malleposte_uptime_seconds", "Seconds since the start",
             std::chrono::duration<double>(uptime).count());
  into.gauge("malleposte_resident_memory_octets", "Memory in use", resident_octets());
}

}  // namespace malleposte::admin
