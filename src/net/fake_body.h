// For tests: a body in two pieces.
#pragma once

#include "net/http.h"

namespace malleposte::net {

// "one", "two", and a trailer; or it breaks off after "one".
class Pieces final : public HttpBody {
 public:
  explicit Pieces(bool broken) : broken_(broken) {}
  Task<Result<std::string>> next() override {
    ++given_;
    if (given_ == 1) co_return "one";
    if (broken_) co_return fail(Fault::disk, "no more");
    co_return given_ == 2 ? "two" : "";
  }
  Fields trailers() override { return {{"X-Pieces", "2"}}; }

 private:
  bool broken_;
  int given_ = 0;
};

}  // namespace malleposte::net
