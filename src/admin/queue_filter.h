// Which messages a request means: read from the query of a GET or from the JSON body of a POST.
// Strict on purpose: a name that we do not know or a value that says nothing is an error, since
// leaving it out would hit more messages than was asked for. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spool/store.h"

namespace malleposte::admin {

// The filters, as they are named in requests: sender, recipient, domain, state, older_than,
// younger_than, larger_than, smaller_than, reply, class and id. Beside them stands `site`, which
// becomes domains once it is known whose they are (admin/site_domains.h).
struct ListQuery {
  spool::Filter filter;
  std::string site;
  std::uint64_t limit = 100;
  std::string cursor;
};

// Filters, limit and cursor. Errors: Fault::peer.
Result<ListQuery> parse_list_query(const std::multimap<std::string, std::string>& query);
// The same without limit and cursor.
Result<ListQuery> parse_filter_query(const std::multimap<std::string, std::string>& query);

struct Selection {
  spool::Filter filter;
  std::string site;
  std::vector<std::string> ids;  // each once; empty: the filter alone
  bool all = false;              // "all": true
  bool everything() const;       // nothing narrows it
  // Of operations that need more than messages: what was given beside the filters.
  std::string to;      // reroute: a next hop; lifetime: a duration; "" as configured
  bool now = false;    // delete: for good, at once
  std::string reason;  // for the record
};

// {"sender": ..., "id": ... or "ids": [...], "all": true}, and of `to`, `now` and `reason` those
// that the operation takes; an empty body is {}. Errors: Fault::peer.
Result<Selection> parse_selection(std::string_view body, spool::Operation operation);
// What is to be done: the operation with its `to` and `now`. Errors: Fault::peer.
Result<spool::Action> parse_action(spool::Operation operation, const Selection& selection);

// For the log: "sender=a@b state=deferred"; "all messages" for an empty one.
std::string describe(const Selection& selection);

std::optional<spool::QueueState> parse_state(std::string_view text);

}  // namespace malleposte::admin
