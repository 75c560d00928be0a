// Every limit that is not a property, in one place: name, value, unit, and what happens at it.
// Limits an operator may change are properties (config/property_table.cc).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace malleposte::limits {

using namespace std::chrono_literals;

// --- SMTP, receiving -----------------------------------------------------------------------------
inline constexpr std::size_t command_line_octets = 2048;       // with CRLF; command_line_limit
inline constexpr std::size_t recipients_per_message = 1000;    // recipient_limit
inline constexpr std::size_t local_part_octets = 64;           // RFC 5321 4.5.3.1.1
inline constexpr std::size_t domain_octets = 255;              // RFC 5321 4.5.3.1.2
inline constexpr std::size_t path_octets = 256;                // RFC 5321 4.5.3.1.3
inline constexpr std::size_t errors_per_session = 20;          // mistake_limit
inline constexpr std::size_t junk_commands = 100;              // junk_command_limit
inline constexpr std::size_t header_fields = 1000;             // header_field_limit
inline constexpr std::uint64_t data_rate = 100;                // octets a second; data_rate_minimum
inline constexpr Duration data_rate_window = 5min;             // property of the same name
inline constexpr std::size_t sessions_per_stranger = 50;       // sessions_per_address
inline constexpr std::size_t new_sessions_per_stranger = 100;  // new_sessions_per_address
inline constexpr std::size_t sessions_in_all = 10'000;         // session_limit
inline constexpr std::size_t received_hops = 100;              // then 554 5.4.6, RFC 5321 6.3
inline constexpr std::size_t header_octets = 256 * 1024;       // looked through for hops
inline constexpr std::size_t field_name_octets = 998;          // RFC 5322 2.1.1; longer: no field
inline constexpr std::size_t trace_value_octets = 2000;  // of a trace field, looked at for loops
inline constexpr std::size_t delivered_to_fields = 100;  // of a message, looked at for loops
inline constexpr std::size_t header_mailboxes = 10'000;  // in one address field; more: an error
inline constexpr Duration command_timeout = 5min;        // RFC 5321 4.5.3.2.7
inline constexpr Duration ptr_timeout = 1s;
inline constexpr std::size_t attribute_octets = 255;      // of XCLIENT and XFORWARD
inline constexpr std::size_t proxy_header_octets = 4096;  // of version 2, with its fields
inline constexpr Duration proxy_header_timeout = 10s;     // then 421 4.7.0
inline constexpr unsigned network_prefix_ipv4 = 24;       // a network, for sessions_per_network
inline constexpr unsigned network_prefix_ipv6 = 56;
inline constexpr std::size_t envelope_id_octets = 100;         // ENVID=, RFC 3461 4.4
inline constexpr std::size_t original_recipient_octets = 500;  // ORCPT=, RFC 3461 4.2
inline constexpr Duration future_release = 30 * 24h;           // HOLDFOR=, HOLDUNTIL=; then 501

// --- Overload: then strangers get 421 4.3.2, later everybody (policy/overload.h) -----------------
inline constexpr Duration buffers_full = 2s;   // no read buffer free for so long
inline constexpr Duration commit_slow = 5s;    // a message waits for the disk so long: strangers
inline constexpr Duration commit_stuck = 30s;  // so long: everybody
inline constexpr Duration descriptors_short = 10s;    // so long after the system had none
inline constexpr Duration overload_remembered = 5s;   // after the last sign of it
inline constexpr std::size_t sessions_relieved = 20;  // idle strangers ended when none is left

// --- Spool ---------------------------------------------------------------------------------------
inline constexpr std::size_t inline_body_octets = 64 * 1024;  // more streams out as CHUNK records
inline constexpr std::size_t session_buffers_octets = 8
                                                      << 20;  // of all sessions; then reading waits
inline constexpr std::size_t reserve_segments = 2;  // kept for outcomes, DSNs and the cleaner
inline constexpr Duration outcome_delay = 10ms;     // an outcome waits at most so long for a batch
inline constexpr Duration group_wait = 1ms;  // a commit waits at most so long for its companions
inline constexpr std::size_t recent_octets = 4 << 20;  // of records that are not in the page cache
inline constexpr std::size_t batch_octets = 4 << 20;   // written and synced at once
inline constexpr unsigned commit_tries = 3;            // fresh segments tried after a failed sync
inline constexpr unsigned clean_below_percent = 25;   // live share under which a segment is cleaned
inline constexpr Duration summary_after = 30s;        // a segment was sealed, and still counts
inline constexpr Duration undo_time = 60s;            // a removal can be taken back so long
inline constexpr std::size_t standing_orders = 1000;  // then giving one more is refused
inline constexpr std::size_t order_text_octets = 500;  // of a reason given; then it is refused

// Of the attempts for a message; earlier ones are only counted.
inline constexpr std::size_t attempts_remembered = 20;     // of a recipient
inline constexpr std::size_t attempts_octets = 64 * 1024;  // of all its recipients, about
inline constexpr std::size_t attempt_records_read = 500;   // to gather them
inline constexpr std::size_t record_links = 8;             // from one record to earlier ones

// --- SMTP, delivering (RFC 5321 4.5.3.2) ---------------------------------------------------------
inline constexpr Duration connect_timeout = 30s;
inline constexpr Duration greeting_timeout = 5min;
inline constexpr Duration ehlo_timeout = 5min;
inline constexpr Duration mail_timeout = 5min;
inline constexpr Duration rcpt_timeout = 5min;
inline constexpr Duration data_timeout = 2min;
inline constexpr Duration data_block_timeout = 3min;
inline constexpr std::uint64_t content_rate = 1000;  // octets a second that a peer has to take;
inline constexpr Duration content_patience = 10min;  // beside that, for all of a message
inline constexpr Duration data_end_timeout = 10min;
inline constexpr Duration quit_timeout = 5s;
inline constexpr std::size_t reply_line_octets = 2048;  // RFC 5321 4.5.3.1.5 says 512
inline constexpr std::size_t reply_lines = 200;         // of one reply; more is a broken peer
inline constexpr std::size_t reply_text_kept = 1000;    // octets of a reply that we remember
inline constexpr std::size_t recipients_per_transaction = 100;  // RFC 5321 4.5.3.1.8: all take 100
// Of one message, written one after another: their outcomes are known to the disk when all are
// written, so few; and each is a DSN of its own to whom success is to be told, so not too few.
inline constexpr std::size_t mailboxes_together = 10;
inline constexpr std::size_t mailbox_writers = 4;   // threads that write, of a root
inline constexpr std::size_t mailbox_volumes = 16;  // roots with threads of their own
inline constexpr std::size_t mailbox_looks = 100;   // at once, of a root
inline constexpr Duration mailbox_look_timeout = 5s;
inline constexpr Duration mailbox_write_timeout = 60s;  // of 64 KB, or of the sync at the end
inline constexpr Duration site_memory = 60s;            // what is known of a next hop without mail
inline constexpr Duration back_off_first = 1min;   // what is not sent to a site that asks for less;
inline constexpr Duration back_off_most = 30min;   // it doubles while the site goes on asking
inline constexpr Duration back_off_longest = 24h;  // backoff_for of a destination; then an error
inline constexpr Duration dead_host_first = 1min;  // a host that just failed is tried last;
inline constexpr Duration dead_host_most = 10min;  // it doubles
inline constexpr std::size_t hosts_remembered = 10'000;  // for that; then the oldest is forgotten
// Beside those with mail in hand, however they are doing; those not used for longest go.
inline constexpr std::size_t sites_remembered = 10'000;
inline constexpr std::size_t domains_remembered = 50'000;  // whose site is known, the same
inline constexpr std::size_t domains_told = 100;           // of a site, to people
inline constexpr std::size_t site_lookups = 500;     // MX at once, for sites; more wait their turn
inline constexpr std::size_t jobs_per_lookup = 100;  // wait for it; then mail waits in the store
inline constexpr Duration mx_answer_kept = 5s;  // beside the resolver, which keeps it by its TTL
inline constexpr std::size_t leased_per_site = 1000;  // then its domains wait in the store
inline constexpr std::size_t overdue_at_once = 1000;  // messages looked at in one step of it
inline constexpr Duration overdue_round = 60s;        // how often the paused mail is gone through
inline constexpr Duration apart_wait = 30s;  // at most, of mail behind that which no pause holds up
inline constexpr std::size_t connections_per_next_hop = 20;
inline constexpr std::size_t deliveries_in_all = 500;   // connections at once
inline constexpr std::size_t leased_messages = 20'000;  // in the ready queues at once
inline constexpr double fail_cohorts = 1;         // windows full of failures; then a site is dead
inline constexpr Duration first_probe = 1min;     // of a dead site; doubling with each; not above
inline constexpr Duration longest_probe = 30min;  // retry_first and retry_max
inline constexpr Duration dead_site_memory = 1h;  // after its probe was due, without mail
inline constexpr Duration slow_delivery = 5s;     // a job holds its slot so long: its site is slow
inline constexpr unsigned newcomer_jobs = 5;      // of a sender, that may go before older senders'
inline constexpr Duration deadline_near = 10min;  // before the time of BY a job goes first
inline constexpr Duration cached_connection_idle = 5s;  // kept open for the next message
inline constexpr std::size_t messages_per_connection = 100;

// --- Mail for a next hop that takes less
// ---------------------------------------------------------- Beyond these a message is not
// converted: 5.6.3.
inline constexpr std::size_t mime_entities = 1000;          // of one message, all levels
inline constexpr std::size_t mime_depth = 30;               // multiparts and messages in each other
inline constexpr std::size_t mime_field_octets = 8 * 1024;  // of a field that is understood
inline constexpr std::size_t mime_boundary_octets = 256;    // RFC 2046 5.1.1 allows 70
inline constexpr std::size_t conversion_slice_octets = 16 * 1024;  // at once, on the helper thread
inline constexpr std::size_t mime_line_kept = 1024;      // octets of a line looked at as one
inline constexpr std::size_t content_line_octets = 998;  // RFC 5322 2.1.1, without CRLF

// --- Notices to senders --------------------------------------------------------------------------
inline constexpr std::size_t dsn_header_octets = 8 * 1024;    // of the original, returned in a DSN
inline constexpr std::size_t dsn_message_octets = 32 * 1024;  // of more only the header returns
inline constexpr std::size_t dsn_frame_octets = 6 * 1024;     // of a DSN beside that, a recipient
inline constexpr std::size_t recipients_per_dsn = 200;  // more failures are told in further ones
inline constexpr unsigned dsns_per_address = 50;        // in gather_time; further ones are gathered
inline constexpr Duration gather_time = 1h;
inline constexpr std::size_t addresses_counted = 10'000;  // for this; then the oldest is forgotten
inline constexpr std::size_t gathered_at_once = 500;      // DSNs that become reports together
inline constexpr std::size_t gathered_octets = 4 << 20;   // of those, in memory; then the rest
inline constexpr std::size_t report_octets = 128 * 1024;  // of one report; then there is another

// --- Names and next hops -------------------------------------------------------------------------
inline constexpr std::size_t mx_records_kept = 100;     // of one answer; the most preferred ones
inline constexpr std::size_t mx_hosts_per_domain = 20;  // looked up; the rest is not tried
inline constexpr std::size_t addresses_kept = 100;      // of one host, to find ourselves among them
inline constexpr std::size_t addresses_per_host = 8;
inline constexpr std::size_t addresses_per_preference = 8;  // of all hosts of one MX preference
inline constexpr std::size_t addresses_per_next_hop = 10;   // connections tried in one attempt
inline constexpr Duration next_hop_lookup_timeout = 30s;    // for all names of one next hop
inline constexpr Duration lookup_patience = 2s;   // for the other hosts once the best are known
inline constexpr std::size_t dns_lookups = 1000;  // on their way at once; more wait their turn
inline constexpr std::size_t dns_flushes = 4;     // at once, with look-ups from before each
// What the resolver keeps of answers, of signatures' keys and of servers, in octets or entries;
// then what was not asked for longest goes.
inline constexpr std::size_t dns_message_cache_octets = 2 << 20;
inline constexpr std::size_t dns_record_cache_octets = 4 << 20;
inline constexpr std::size_t dns_key_cache_octets = 1 << 20;
inline constexpr std::size_t dns_negative_cache_octets = 512 << 10;
inline constexpr std::size_t dns_servers_remembered = 2000;
inline constexpr Duration dns_answer_kept = 24h;    // at most, however long its TTL
inline constexpr Duration dns_absence_kept = 5min;  // the same, of what is not there

// --- Records -------------------------------------------------------------------------------------
inline constexpr std::size_t journal_octets = 8 << 20;    // buffered a log; then lines are counted
inline constexpr std::size_t journal_batch = 256 * 1024;  // handed to the helper thread at once
inline constexpr Duration journal_delay = 200ms;          // a line waits at most so long for it
inline constexpr Duration journal_retry = 1s;             // after a failed write
inline constexpr std::size_t log_file_octets = 64 << 20;  // then it becomes .1
inline constexpr std::size_t event_recipients = 100;      // listed in one event
inline constexpr std::size_t notices = 100;               // standing at once
inline constexpr std::size_t refusal_kinds = 64;          // counted apart; further ones together

// --- Administration ------------------------------------------------------------------------------
inline constexpr std::size_t http_body_octets = 1 << 20;
inline constexpr std::size_t http_connections = 100;
inline constexpr std::size_t recipients_restored = 100'000;  // of one message, from an export
inline constexpr std::size_t query_page = 1000;              // messages read from disk for one page
inline constexpr std::size_t answer_messages = 10'000;       // in one answer; `next` continues
inline constexpr std::size_t why_messages = 20;  // of an address or domain, explained one by one

// --- The end: 45 s in all, sessions and deliveries at the same time, then the disk ---------------
inline constexpr Duration shutdown_timeout = 45s;  // then the process ends whatever it does
inline constexpr Duration session_grace = 20s;     // for mail in its data; then it is cut off
inline constexpr Duration delivery_grace = 30s;    // for deliveries past their final dot
inline constexpr Duration outcome_grace = 10s;  // behind these, for outcomes on their way to disk

}  // namespace malleposte::limits
