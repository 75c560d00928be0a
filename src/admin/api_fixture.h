// For unit tests: the whole API on a store in memory with three messages, asked as from the control
// socket or from the network.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <string>
#include <vector>

#include "admin/api.h"
#include "admin/fake_names.h"
#include "admin/fake_sites.h"
#include "admin/fake_store.h"
#include "monitor/fake_loop.h"
#include "monitor/fake_record.h"

namespace malleposte::admin {

class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    store_.now = monitor::FakeLoop::start;
    add(1, "a@example.org", "b@example.net", spool::QueueState::deferred, std::chrono::hours(5));
    add(2, "", "c@example.com", spool::QueueState::held, std::chrono::hours(2));
    add(3, "d@example.org", "c@example.com", spool::QueueState::active, std::chrono::seconds(1));
  }

  void add(std::uint64_t id, std::string sender, std::string recipient, spool::QueueState state,
           Duration age) {
    spool::ListedMessage message{};
    message.id = {id};
    message.sender = std::move(sender);
    message.size = 1000 + id;
    message.arrived = store_.now - age;
    message.state = state;
    message.attempts = static_cast<std::uint32_t>(id);
    if (state == spool::QueueState::deferred)
      message.next_attempt = store_.now + std::chrono::minutes(5);
    message.reason = "451 4.3.0 \"later\"";
    message.recipients.push_back(
        {std::move(recipient), std::string(to_string(state)), "451 x", mail::OutcomeClass::system});
    store_.messages.push_back(std::move(message));
  }

  static net::HttpRequest get(std::string path,
                              std::multimap<std::string, std::string> query = {}) {
    net::HttpRequest request;
    request.method = "GET";
    request.path = std::move(path);
    request.query = std::move(query);
    request.peer = "local";
    request.control_socket = true;
    return request;
  }
  static net::HttpRequest post(std::string path, std::string body) {
    auto request = get(std::move(path));
    request.method = "POST";
    request.body = std::move(body);
    return request;
  }
  // The same from the network, as a browser or curl sends it.
  static net::HttpRequest remote(net::HttpRequest request, std::string authorization = "") {
    request.control_socket = false;
    request.peer = "192.0.2.1:4711";
    if (request.method == "POST") request.headers.emplace("content-type", "application/json");
    if (!authorization.empty()) request.headers.emplace("authorization", authorization);
    return request;
  }
  net::HttpResponse ask(net::HttpRequest request) {
    auto listeners = [] { return std::vector<ListenerStatus>{{"smtp", "127.0.0.1:2525"}}; };
    Api api({{"0.1.0", "mail.example.org", 42, suspended_, std::chrono::hours(5 * 24)},
             username_,
             password_},
            {loop_, store_, metrics_, notices_, &events_, listeners, names_, sites_,
             [this](policy::Rehearsal::Question question) -> Task<policy::Rehearsal> {
               rehearsed_.push_back(std::move(question));
               co_return rehearsal_;
             },
             queue_times_});
    return run(api.handle(std::move(request)));
  }
  boost::json::object ask_json(net::HttpRequest request) {
    auto response = ask(std::move(request));
    EXPECT_EQ(response.status, 200U) << response.body;
    EXPECT_EQ(response.content_type, "application/json");
    return boost::json::parse(response.body).as_object();
  }
  static std::string header(const net::HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return value;
    return {};
  }

  monitor::FakeLoop loop_;
  FakeStore store_;
  monitor::Metrics metrics_;
  monitor::Notices notices_;
  monitor::FakeRecord events_;
  FakeNames names_;
  FakeSites sites_;
  monitor::QueueTimes queue_times_;
  policy::Rehearsal rehearsal_;
  std::vector<policy::Rehearsal::Question> rehearsed_;
  bool suspended_ = false;
  std::string username_, password_;
};

}  // namespace malleposte::admin
