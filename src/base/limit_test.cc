#include "base/limit.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace malleposte {
namespace {

// The figures tell limits apart by what clients are answered.
TEST(Limit, EachHasANameAndAnAnswerOfItsOwn) {
  std::set<std::string_view> names;
  std::set<std::string_view> texts;
  for (const LimitRow& limit : limit_table()) {
    EXPECT_TRUE(names.insert(limit.name).second) << limit.name;
    EXPECT_TRUE(texts.insert(limit.text).second) << limit.text;
    EXPECT_EQ(limit_of(std::to_string(limit.code) + " " + std::string(limit.status) + " " +
                       std::string(limit.text)),
              limit.limit);
    EXPECT_EQ(limit.status.front() - '0', limit.code / 100) << limit.name;
  }
  EXPECT_EQ(names.size(), limit_count);
  EXPECT_FALSE(limit_of("250 2.0.0 Fine."));
  EXPECT_FALSE(limit_of(""));
}

}  // namespace
}  // namespace malleposte
