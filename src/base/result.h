// Results and errors. What can go wrong in our environment (disk, network, configuration) is an
// Error in a Result<T>; what a mail peer is told is never an Error but a value (smtp::Reply, an
// Outcome). Exceptions do not leave the adapters of libraries that throw.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace malleposte {

// Whose fault an error is: it decides what the peer is told and who is called.
enum class Fault : std::uint8_t {
  peer,           // the other side broke the protocol or went away
  deadline,       // nobody answered in time
  disk,           // storage failed or is full
  damage,         // what is stored is not what was written
  configuration,  // the operator has to change something
  resource,       // one of our own limits was reached
};

struct Error {
  Fault fault;
  std::string text;  // one sentence for a person: what, where, what is allowed
};

template <class T, class E = Error>
using Result = tl::expected<T, E>;

inline tl::unexpected<Error> fail(Fault fault, std::string text) {
  return tl::make_unexpected(Error{fault, std::move(text)});
}

}  // namespace malleposte
