#include "net/simulated_resolver.h"

namespace malleposte::net {
namespace {

// Waits as long as the answer takes; says why there is none, "" when there is.
Task<std::string> wait_for(Loop& loop, const SimulatedNames& names, std::string name,
                           SteadyTime deadline) {
  using Kind = SimulatedNames::Trouble::Kind;
  const auto trouble = names.trouble ? names.trouble(name) : SimulatedNames::Trouble{};
  const auto answered = loop.steady() + trouble.delay;
  if (trouble.kind == Kind::time_out || answered > deadline) {
    co_await sleep_until(loop, deadline);
    co_return std::string("time-out");
  }
  co_await sleep_until(loop, answered);
  co_return std::string(trouble.kind == Kind::servfail ? "SERVFAIL" : "");
}

}  // namespace

Task<MxAnswer> SimulatedResolver::mx(std::string name, SteadyTime deadline) {
  auto why = co_await wait_for(loop_, names_, name, deadline);
  if (!why.empty()) co_return MxAnswer{Lookup::failed, {}, std::move(why)};
  const auto found = names_.names.find(name);
  if (found == names_.names.end()) co_return MxAnswer{Lookup::no_such_name, {}, ""};
  if (!found->second.mx) co_return MxAnswer{Lookup::no_data, {}, ""};
  co_return MxAnswer{Lookup::found, *found->second.mx, ""};
}

Task<AddressAnswer> SimulatedResolver::addresses(std::string name, SteadyTime deadline) {
  auto why = co_await wait_for(loop_, names_, name, deadline);
  if (!why.empty()) co_return AddressAnswer{Lookup::failed, {}, std::move(why)};
  const auto found = names_.names.find(name);
  if (found == names_.names.end()) co_return AddressAnswer{Lookup::no_such_name, {}, ""};
  if (found->second.addresses.empty()) co_return AddressAnswer{Lookup::no_data, {}, ""};
  co_return AddressAnswer{Lookup::found, found->second.addresses, ""};
}

Task<NameAnswer> SimulatedResolver::reverse(std::string address, SteadyTime deadline) {
  auto why = co_await wait_for(loop_, names_, address, deadline);
  if (!why.empty()) co_return NameAnswer{Lookup::failed, "", std::move(why)};
  const auto found = names_.reverse.find(address);
  if (found == names_.reverse.end()) co_return NameAnswer{Lookup::no_such_name, "", ""};
  co_return NameAnswer{Lookup::found, found->second, ""};
}

}  // namespace malleposte::net
