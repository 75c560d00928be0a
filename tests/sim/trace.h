// What happened in a run, line by line: hashed, so that two runs can be compared, and the last
// lines kept for whoever has to understand a failure. Findings are what the checkers say is wrong.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace malleposte::sim {

using namespace std::chrono_literals;

class Trace {
 public:
  explicit Trace(bool aloud) : aloud_(aloud) {}

  void note(SteadyTime at, std::string_view line) {
    const auto micros = at.time_since_epoch().count();
    auto text = fmt::format("{:>14.6f} {}", static_cast<double>(micros) / 1e6, line);
    for (const char c : text) {  // FNV-1a
      hash_ ^= static_cast<unsigned char>(c);
      hash_ *= 0x100000001b3;
    }
    ++lines_;
    if (aloud_) std::printf("%s\n", text.c_str());
    last_.push_back(std::move(text));
    if (last_.size() > kept) last_.pop_front();
  }

  std::uint64_t hash() const { return hash_; }
  std::uint64_t lines() const { return lines_; }
  const std::deque<std::string>& last() const { return last_; }

 private:
  static constexpr std::size_t kept = 60;
  bool aloud_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::uint64_t lines_ = 0;
  std::deque<std::string> last_;
};

struct Finding {
  std::string checker;
  std::string text;
};

class Findings {
 public:
  void add(std::string checker, std::string text) {
    if (all_.size() < most) all_.push_back({std::move(checker), std::move(text)});
  }
  bool empty() const { return all_.empty(); }
  const std::vector<Finding>& all() const { return all_; }

 private:
  static constexpr std::size_t most = 10;
  std::vector<Finding> all_;
};

}  // namespace malleposte::sim
