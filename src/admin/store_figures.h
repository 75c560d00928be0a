// The figures of the store, of the limits and of the process, for /metrics. Called at each scrape
// on the loop thread.
#pragma once

#include "base/time.h"
#include "monitor/metrics.h"
#include "spool/store.h"

namespace malleposte::admin {

void store_figures(const spool::Store& store, monitor::Figures& into);
// The values of base/limits.h that an operator compares with what is in use.
void limit_figures(monitor::Figures& into);
void process_figures(std::string_view version, Duration uptime, monitor::Figures& into);

}  // namespace malleposte::admin
