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

struct ListQuery {
  spool::Filter filter;
  std::uint64_t limit = 100;
  std::string cursor;
};

// sender, recipient, domain, state, older_than, class, id; limit and cursor. Errors: Fault::peer.
Result<ListQuery> parse_list_query(const std::multimap<std::string, std::string>& query);
// The same without limit and cursor.
Result<spool::Filter> parse_filter_query(const std::multimap<std::string, std::string>& query);

struct Selection {
  spool::Filter filter;
  std::vector<std::string> ids;  // each once; empty: the filter alone
  bool all = false;              // "all": true
  bool everything() const;       // nothing narrows it
};

// {"sender": ..., "id": ... or "ids": [...], "all": true}; an empty body is {}. Errors:
// Fault::peer.
Result<Selection> parse_selection(std::string_view body);

// For the log: "sender=a@b state=deferred"; "all messages" for an empty one.
std::string describe(const Selection& selection);

std::optional<spool::QueueState> parse_state(std::string_view text);

}  // namespace malleposte::admin
