// For tests: the client's side, played line by line against the protocol alone.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/client_protocol.h"

namespace malleposte::smtp {

using Need = ClientProtocol::Need;

class Client : public testing::Test {
 protected:
  // What the client says now, all of it.
  std::string says() {
    if (p.need() != Need::write) return "";
    std::string text(p.output());
    p.written();
    return text;
  }
  void peer(std::string_view lines) { p.received(lines); }
  void greet(std::string_view ehlo) {
    peer("220 mx ESMTP\r\n");
    EXPECT_EQ(says(), "EHLO me.example\r\n");
    peer(ehlo);
    EXPECT_EQ(p.need(), Need::transaction);
  }
  void greet_pipelining() { greet("250-mx\r\n250 PIPELINING\r\n"); }
  void greet_plain() { greet("250 mx\r\n"); }

  static Transaction to(std::vector<std::string> recipients, std::uint64_t size = 3) {
    Transaction transaction;
    transaction.reverse_path = "s@example.org";
    for (auto& path : recipients) transaction.recipients.push_back({std::move(path)});
    transaction.size = size;
    return transaction;
  }
  // "accepted 250 2.0.0 text" for each recipient.
  static std::vector<std::string> words(const std::optional<Finished>& finished) {
    EXPECT_TRUE(finished);
    std::vector<std::string> all;
    if (finished)
      for (const auto& r : finished->results) {
        static const char* names[] = {"accepted", "temporary", "permanent"};
        all.push_back(std::string(names[static_cast<int>(r.verdict)]) + ' ' +
                      std::to_string(r.code) + ' ' + r.status + ' ' + r.text);
      }
    return all;
  }
  using Words = std::vector<std::string>;

  ClientProtocol p{"me.example"};
};

}  // namespace malleposte::smtp
