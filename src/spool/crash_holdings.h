// Everything a store holds, read back through its own interface. Test code.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "spool/store_test_kit.h"

namespace malleposte::spool {

struct Holdings {  // by id
  std::map<std::uint64_t, std::string> contents;
  std::map<std::uint64_t, std::vector<bool>> queued;
  std::map<std::uint64_t, ListedMessage> listed;
  std::map<std::uint64_t, bool> warned;  // of what is neither held nor being deleted
  std::string error;
};

inline Task<void> read_all(LogStore& store, Holdings& holdings, bool& done) {
  auto page = co_await store.query({}, "", SIZE_MAX);
  for (const auto& message : page->messages) {
    auto stored = co_await store.open(message.id);
    if (!stored) {
      holdings.error = stored.error().text;
      break;
    }
    std::string content;
    for (;;) {
      auto part = co_await (*stored)->read();
      if (!part) {
        holdings.error = part.error().text;
        break;
      }
      if (part->empty()) break;
      content += *part;
    }
    holdings.contents[message.id.value] = content;
    holdings.listed[message.id.value] = message;
    auto& queued = holdings.queued[message.id.value];
    for (const auto& recipient : message.recipients)
      queued.push_back(recipient.state == "active" || recipient.state == "deferred" ||
                       recipient.state == "held" || recipient.state == "deleting" ||
                       recipient.state == "scheduled");
  }
  done = true;
}

inline Holdings holdings_of(Instance& instance) {
  Holdings holdings;
  bool done = false;
  spawn(read_all(*instance.store, holdings, done));
  while (!done && instance.loop.step()) {
  }
  while (!done) instance.loop.run_for(1s);
  for (const auto& lease : instance.store->lease(instance.loop.wall() + 24h, SIZE_MAX)) {
    holdings.warned[lease.id.value] = lease.warned;
    instance.store->release(lease.id);
  }
  return holdings;
}

}  // namespace malleposte::spool
