#include "admin/site_domains.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace malleposte::admin {
namespace {

constexpr std::string_view no_domain = ".";
constexpr std::size_t slice = 100;  // domains looked at before others have their turn

}  // namespace

Task<Result<std::vector<std::string>>> site_domains(Loop& loop, const spool::Store& store,
                                                    Sites& sites, std::string name) {
  const auto all = sites.all();
  if (std::ranges::find(all, name, &SiteView::name) == all.end())
    co_return fail(Fault::peer,
                   fmt::format("There is no site \"{}\" just now; `malleposte sites` lists them.",
                               name.substr(0, 300)));
  std::vector<std::string> found;
  std::size_t looked_at = 0;
  for (auto& destination : co_await store.destinations(SIZE_MAX)) {
    if (++looked_at % slice == 0) co_await sleep_until(loop, loop.steady());
    const auto of = sites.of(destination.domain);
    if (of && of->name == name) found.push_back(std::move(destination.domain));
  }
  if (found.empty()) found.emplace_back(no_domain);
  co_return found;
}

Task<Result<void>> narrow_to_site(Loop& loop, const spool::Store& store, Sites& sites,
                                  std::string site, spool::Filter& filter) {
  if (site.empty()) co_return Result<void>{};
  auto domains = co_await site_domains(loop, store, sites, std::move(site));
  if (!domains) co_return tl::make_unexpected(domains.error());
  filter.domains = std::move(*domains);
  co_return Result<void>{};
}

}  // namespace malleposte::admin
