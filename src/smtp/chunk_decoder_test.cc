#include "smtp/chunk_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace malleposte::smtp {
namespace {

using Lines = ChunkDecoder::Lines;

struct Decoded {
  std::string content;
  LineFault fault;
  bool operator==(const Decoded&) const = default;
};

// The input in pieces of `step` octets.
Decoded decode(Lines lines, std::string_view text, std::size_t step) {
  ChunkDecoder decoder(lines);
  Decoded result;
  for (std::size_t at = 0; at < text.size(); at += step) {
    std::string_view piece = text.substr(at, step);
    while (!piece.empty()) {
      const std::size_t before = piece.size();
      result.content += decoder.next(piece);
      EXPECT_LT(piece.size(), before);
    }
  }
  decoder.finish();
  result.fault = decoder.fault();
  if (result.fault == LineFault::none) EXPECT_EQ(decoder.octets(), result.content.size());
  return result;
}

void expect(Lines lines, std::string_view text, std::string_view content) {
  for (std::size_t step = 1; step <= text.size() + 1; ++step) {
    EXPECT_EQ(decode(lines, text, step), (Decoded{std::string(content), LineFault::none})) << step;
  }
}

void expect(Lines lines, std::string_view text, LineFault fault) {
  for (std::size_t step = 1; step <= text.size() + 1; ++step) {
    EXPECT_EQ(decode(lines, text, step).fault, fault) << step;
  }
}

TEST(ChunkDecoder, DotsAreOnlyDots) {
  expect(Lines::strict, ".\r\n..\r\n.\r\n", ".\r\n..\r\n.\r\n");
}

TEST(ChunkDecoder, TheLastLineNeedsNoEnd) {
  expect(Lines::strict, "a\r\nb", "a\r\nb");
  expect(Lines::strict, "", "");
}

TEST(ChunkDecoder, TextHasTheLineEndsOfData) {
  expect(Lines::strict, "a long line, longer than a block\nb", LineFault::bare_lf);
  expect(Lines::strict, "a long line, longer than a block\rb\r\n", LineFault::bare_cr);
  expect(Lines::strict, "a\r", LineFault::bare_cr);
  expect(Lines::strict, "a\r\r\n", LineFault::bare_cr);
  expect(Lines::strict, std::string_view("a\0b", 3), LineFault::nul);
}

TEST(ChunkDecoder, BareLineFeedsAreRepairedForWhoMaySendThem) {
  expect(Lines::repair_bare_lf, "\na\n\n.\r\n\nb\n", "\r\na\r\n\r\n.\r\n\r\nb\r\n");
  expect(Lines::repair_bare_lf, "a\rb", LineFault::bare_cr);
  expect(Lines::repair_bare_lf, std::string_view("\n\0", 2), LineFault::nul);
}

// clause: 3030-3-a
TEST(ChunkDecoder, BinaryContentIsWhatItIs) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  expect(Lines::binary, all + "\r", all + "\r");
}

}  // namespace
}  // namespace malleposte::smtp
