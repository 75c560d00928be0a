#include "admin/dns_resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/fake_names.h"
#include "admin/fake_sites.h"
#include "admin/fake_store.h"

namespace malleposte::admin {
namespace {

class DnsResourceTest : public testing::Test {
 protected:
  net::HttpResponse lookup(std::multimap<std::string, std::string> query) {
    net::HttpRequest request;
    request.query = std::move(query);
    return run(resource_.lookup(request));
  }
  net::HttpResponse flush(std::string body) {
    net::HttpRequest request;
    request.body = std::move(body);
    request.peer = "local";
    return resource_.flush(request);
  }

  FakeNames names_;
  FakeSites sites_;
  DnsResource resource_{names_, sites_, nullptr};
};

TEST_F(DnsResourceTest, AWayIsShownInTheOrderOfTrial) {
  auto response = lookup({{"domain", "Example.ORG"}});
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(names_.asked, std::vector<std::string>{"example.org"});
  EXPECT_EQ(
      response.body,
      "{\"domain\":\"example.org\",\"rule\":\"MX\",\"next_hops\":["
      "{\"next_hop\":\"example.org\",\"tried\":[{\"preference\":10,\"host\":\"a.example.org\","
      "\"address\":\"192.0.2.1:25\"}],\"skipped\":[{\"preference\":20,\"host\":"
      "\"b.example.org\",\"address\":\"\",\"why\":\"does not exist\"}],\"failure\":null},"
      "{\"next_hop\":\"[gone.example]\",\"tried\":[],\"skipped\":[],\"failure\":{\"status\":"
      "\"5.4.4\",\"text\":\"no "
      "\\\"host\\\"\",\"permanent\":false}}],\"mailboxes\":\"\",\"failure\":null}\n");
  lookup({{"domain", "[192.0.2.1]"}});
  EXPECT_EQ(names_.asked.back(), "[192.0.2.1]");
  EXPECT_EQ(names_.flushes, 0);
}

TEST_F(DnsResourceTest, WhatIsNoDomainIsNotLookedUp) {
  for (const char* text : {"", "a b", "a@b.example", "a..b", ".", "[x]"})
    EXPECT_EQ(lookup({{"domain", text}}).status, 400U) << text;
  EXPECT_EQ(lookup({}).status, 400U);
  EXPECT_EQ(lookup({{"domain", "a.example"}, {"x", "y"}}).status, 400U);
  EXPECT_TRUE(names_.asked.empty());
}

TEST_F(DnsResourceTest, FlushForgetsAllOrSaysWhyNot) {
  EXPECT_EQ(flush("{}").body, "{\"flushed\":true}\n");
  EXPECT_EQ(names_.flushes, 1);
  EXPECT_EQ(flush("{\"domain\":\"a.example\"}").status, 400U);
  EXPECT_EQ(names_.flushes, 1);
  names_.busy = true;
  EXPECT_EQ(flush("").status, 409U);
}

}  // namespace
}  // namespace malleposte::admin
