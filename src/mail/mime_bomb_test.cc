// Mail that is made to exhaust whoever looks into it costs what its octets cost, and no memory.
#include <gtest/gtest.h>
#include <malloc.h>

#include <chrono>
#include <iostream>

#include "base/limits.h"
#include "mail/converted.h"

namespace malleposte::mail {
namespace {

constexpr std::size_t block = 65536;           // what delivery reads at once
constexpr std::size_t memory_max = 4 << 20;    // beside that
constexpr std::size_t bomb_octets = 50 << 20;  // the default of message_size_limit

std::size_t in_use() {
  const auto info = mallinfo2();  // all zero with a sanitizer
  return info.uordblks + info.hblkhd;
}

struct Cost {
  Obstacle obstacle;
  std::size_t memory = 0, largest_answer = 0;
};

// A head, then `repeated` until there are bomb_octets, fed as it comes from the disk.
Cost explode(std::string_view name, const std::string& head, const std::string& repeated) {
  std::string piece = head;
  const auto feed = [&](const auto& take) {
    std::size_t fed = 0;
    while (fed < bomb_octets) {
      while (piece.size() < block) piece += repeated;
      take(std::string_view(piece).substr(0, block));
      fed += block;
      piece.erase(0, block);
    }
    piece = head;
  };
  piece.reserve(block + head.size() + repeated.size());
  const auto began = std::chrono::steady_clock::now();
  const auto before = in_use();
  Cost cost{};
  const auto measure = [&] { cost.memory = std::max(cost.memory, in_use() - before); };
  ContentSurvey survey;
  feed([&](std::string_view octets) {
    survey.add(octets);
    measure();
  });
  survey.end();
  cost.obstacle = survey.obstacle(to_seven_bit_lines);
  if (cost.obstacle == Obstacle::none) {
    DownConversion conversion(survey.plan(to_seven_bit_lines));
    std::string answer;
    feed([&](std::string_view octets) {
      answer.clear();
      conversion.add(octets, answer);
      cost.largest_answer = std::max(cost.largest_answer, answer.size());
      measure();
    });
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::cout << name << ": " << cost.memory / 1024 << " KB, " << took.count() << " s\n";
  EXPECT_LT(cost.memory, memory_max);
  EXPECT_LT(cost.largest_answer, 4 * block);
  return cost;
}

const std::string mixed = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";

TEST(MimeBomb, MillionsOfParts) {
  EXPECT_EQ(explode("empty parts", mixed, "--b\r\n\r\n\xFF\r\n").obstacle, Obstacle::limit);
  EXPECT_EQ(explode("digest", "Content-Type: multipart/digest; boundary=b\r\n\r\n",
                    "--b\r\n\r\n\r\n\xFF\r\n")
                .obstacle,
            Obstacle::limit);
}

TEST(MimeBomb, LevelsWithoutEnd) {
  EXPECT_EQ(explode("multiparts in multiparts", mixed,
                    "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\xFF\r\n")
                .obstacle,
            Obstacle::limit);
  EXPECT_EQ(explode("messages in messages", "X: \xFF\r\n", "Content-Type: message/rfc822\r\n\r\n")
                .obstacle,
            Obstacle::limit);
}

TEST(MimeBomb, LinesThatAreAlmostDelimiters) {
  std::string deepest = "MIME-Version: 1.0\r\n";
  for (std::size_t level = 0; level < limits::mime_depth; ++level) {
    const std::string boundary = std::string(200, 'b') + std::to_string(100 + level);
    deepest +=
        "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
  }
  EXPECT_EQ(explode("hyphens", deepest + "\r\n", "--\r\n").obstacle, Obstacle::none);
  EXPECT_EQ(explode("nearly", deepest + "\r\n", "--" + std::string(200, 'b') + "\xFF\r\n").obstacle,
            Obstacle::none);
}

TEST(MimeBomb, LinesAndFieldsWithoutEnd) {
  EXPECT_EQ(explode("a line", mixed + "--b\r\nContent-Type: a/b\r\n\r\n", "\xFF").obstacle,
            Obstacle::none);
  EXPECT_EQ(explode("a field", "Content-Type: text/plain", ";\r\n x=\xFF").obstacle,
            Obstacle::structure);
  EXPECT_EQ(explode("parameters", mixed,
                    "--b\r\nContent-Type: text/plain; x*0=" + std::string(8000, 'y') +
                        "\r\n\r\n\xFF" + std::string(60'000, 'z') + "\r\n")
                .obstacle,
            Obstacle::none);
  EXPECT_EQ(explode("fields", "", "X: \xFF\r\n").obstacle, Obstacle::header);
}

}  // namespace
}  // namespace malleposte::mail
