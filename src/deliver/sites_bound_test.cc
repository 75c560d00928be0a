// How much is remembered of sites and domains when there are very many of them.
#include <gmock/gmock.h>

#include <algorithm>

#include "deliver/sites_fixture.h"

namespace malleposte::deliver {
namespace {

using testing::IsEmpty;

class SitesRemembered : public SitesByMx {
 protected:
  static std::string domain(int i) { return "d" + std::to_string(i) + ".example"; }
  void put_one_to_each(int domains) {
    for (int i = 1; i <= domains; ++i) put("s@example.org", {"x@" + domain(i)});
  }
  int known(int domains) {
    int known = 0;
    for (int i = 1; i <= domains; ++i)
      if (site(domain(i))) ++known;
    return known;
  }
  double forgotten() {
    monitor::Figures figures;
    dispatcher->figures(figures);
    return figures.value("malleposte_sites_forgotten_total");
  }
};

// Anybody can have us send notices to domains that are dead: each is a site of its own.
TEST_F(SitesRemembered, DeadOnesWithMailThatWaitsAreForgottenPastTheBoundAndTheirMailGoesOn) {
  remembered.sites = 3;
  constexpr int domains = 12;
  for (int i = 1; i <= domains; ++i)
    provider({domain(i)}, std::to_string(i)).refuses_connections = true;
  start();
  for (int round = 0; round < 3; ++round) {
    put_one_to_each(domains);  // behind the first round they wait for a site that is closed
    pass(30s);
    EXPECT_LE(dispatcher->sites().size(), remembered.sites);
  }
  EXPECT_GE(forgotten(), domains - 3);
  for (int i = 1; i <= domains; ++i)
    host("192.0.2." + std::to_string(i)).refuses_connections = false;
  pass(3h);
  for (int i = 1; i <= domains; ++i)
    EXPECT_EQ(host("192.0.2." + std::to_string(i)).mails.size(), 3u) << i;
  EXPECT_THAT(world.store.paused, IsEmpty());
}

TEST_F(SitesRemembered, OfThoseThatWereUsedLastTheMostIsKept) {
  remembered.sites = 3;
  for (int i = 1; i <= 5; ++i) provider({domain(i)}, std::to_string(i)).refuses_connections = true;
  start();
  for (int i = 1; i <= 5; ++i) {
    put("s@example.org", {"x@" + domain(i)});
    pass(11s);
  }
  EXPECT_FALSE(site(domain(1)));
  EXPECT_FALSE(site(domain(2)));
  for (int i = 3; i <= 5; ++i) EXPECT_TRUE(site(domain(i))) << i;
}

// Parked domains share one dead host, and all that mail was ever sent to would be known for ever.
TEST_F(SitesRemembered, DomainsOfADeadSiteAreForgottenPastTheBoundUnlessTheirMailWaitsForIt) {
  remembered.domains = 5;
  constexpr int domains = 20;
  std::vector<std::string> names;
  for (int i = 1; i <= domains; ++i) names.push_back(domain(i));
  auto& parked = provider(names, "1");
  parked.refuses_connections = true;
  start();
  put_one_to_each(domains);
  pass(30s);
  EXPECT_LE(known(domains), 5);
  EXPECT_GE(known(domains), 1);
  put_one_to_each(10);
  pass(20s);
  EXPECT_GE(known(10), 10) << "they are paused";
  parked.refuses_connections = false;
  pass(3h);
  EXPECT_EQ(parked.mails.size(), domains + 10u);
  EXPECT_THAT(world.store.paused, IsEmpty());
}

}  // namespace
}  // namespace malleposte::deliver
