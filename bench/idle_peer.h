// What the programs of bench/idle.py share: the end when something fails, and the clock of all
// processes.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>

inline void must(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(1);
}

inline long long now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
