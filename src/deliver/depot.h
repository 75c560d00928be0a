// What carriers share, and what each does alike with a job: take it in hand, conclude it, put it
// back. Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "deliver/connection_cache.h"
#include "deliver/consignments.h"
#include "deliver/host_memory.h"
#include "deliver/sites.h"
#include "queue/scheduler.h"
#include "smtp/transaction.h"

namespace malleposte::deliver {

// A job with its message opened.
struct Parcel {
  queue::Assignment assignment;
  std::unique_ptr<spool::StoredMessage> message;
  smtp::Transaction transaction;
  WallTime began{};  // when it was taken in hand: before the connection is made for it
  const queue::Job& job() const { return assignment.job; }
};

struct Depot {
  Surroundings with;
  queue::Scheduler& scheduler;
  Consignments& consignments;
  ConnectionCache& cache;
  Sites& sites;
  HostMemory& hosts;
  const bool& stopping;
  std::function<void(std::unique_ptr<Connection>)> say_good_bye;
  std::function<void()> no_room;  // the store has no room for outcomes: try again later

  // Room first, then the message. Empty: the job is dealt with, for one because its time is over;
  // or the store has no room for its outcome, then `full` is set, and nothing more is to be taken.
  Task<std::optional<Parcel>> take_in_hand(Site& site, queue::Assignment assignment, bool& full);
  void conclude(const Parcel& parcel, const std::vector<smtp::Ruling>& rulings,
                const Target* target);
  // Another may take it; not at a site that is to be left alone.
  void put_back(Site& site, const queue::Assignment& assignment);
  // Without a slot: for a job whose time was over before its turn came (mode R of BY), or that
  // waits for a closed site and is too old or late: that is told what the site has said last.
  Task<void> end(Site& site, queue::Assignment assignment);
};

}  // namespace malleposte::deliver
