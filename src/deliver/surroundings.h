// What delivery is given by the composition root. All of it outlives the dispatcher.
#pragma once

#include "base/loop.h"
#include "config/settings.h"
#include "deliver/mailboxes.h"
#include "deliver/own_addresses.h"
#include "deliver/route_table.h"
#include "monitor/record.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "spool/store.h"

namespace malleposte::deliver {

struct Surroundings {
  Loop& loop;
  spool::Store& store;
  net::Network& network;
  net::Resolver& resolver;
  monitor::Record& record;
  const config::Settings& settings;
  const OwnAddresses& own;
  const RouteTable& routes;
  Mailboxes& mailboxes;
};

}  // namespace malleposte::deliver
