// A store with a planted fault: now and then it says that an outcome is durable and has not written
// it. The checkers must find that (main.cc, --planted). Between the watched store and the real one
// it is a store that lies, above the watched one an engine that keeps an outcome to itself.
// Everything but settle() is handed on.
#pragma once

#include <utility>

#include "forwarding_store.h"

namespace malleposte::sim {

class ForgetfulStore final : public ForwardingStore {
 public:
  // Forgets every `every`th settlement.
  ForgetfulStore(spool::Store& store, unsigned every) : ForwardingStore(store), every_(every) {}

  Task<Result<void>> settle(spool::Settlement settlement) override {
    if (++settled_ % every_ == 0) co_return Result<void>{};
    co_return co_await store_.settle(std::move(settlement));
  }

 private:
  const unsigned every_;
  unsigned settled_ = 0;
};

}  // namespace malleposte::sim
