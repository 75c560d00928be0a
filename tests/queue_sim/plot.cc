#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "figures.h"

namespace malleposte::queue_sim {
namespace {

constexpr double width = 640, height = 320, left = 64, right = 616, top = 40, bottom = 268;
constexpr double least = 3, most = 7;  // powers of ten

double x(double power) {
  return left + (power - least) / (most - least) * (right - left);
}

std::string text(double at_x, double at_y, const char* anchor, std::string_view words) {
  return fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"{}\">{}</text>\n", at_x, at_y,
                     anchor, words);
}

}  // namespace

std::string drawn(const std::vector<Cost>& costs) {
  double highest = 100;
  for (const auto& cost : costs) highest = std::max(highest, cost.nanoseconds);
  const double step = std::pow(10, std::floor(std::log10(highest)));
  highest = std::ceil(highest / step + 0.5) * step;
  const auto y = [&](double ns) { return bottom - ns / highest * (bottom - top); };
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"white\"/>\n",
      width, height);
  svg += text(left, 22, "start", "Scheduler: nanoseconds to add a message and give it out");
  for (double ns = 0; ns <= highest; ns += step) {
    svg += fmt::format(
        "<line x1=\"{:.0f}\" y1=\"{:.0f}\" x2=\"{:.0f}\" y2=\"{:.0f}\" stroke=\"#ccc\"/>\n", left,
        y(ns), right, y(ns));
    svg += text(left - 8, y(ns) + 4, "end", fmt::format("{:.0f}", ns));
  }
  for (double power = least; power <= most; ++power)
    svg += text(x(power), bottom + 20, "middle", fmt::format("{:.0f}", std::pow(10, power)));
  svg += text((left + right) / 2, bottom + 42, "middle", "messages waiting");
  std::string line;
  for (const auto& cost : costs) {
    const auto at = x(std::log10(static_cast<double>(cost.waiting)));
    line += fmt::format("{:.1f},{:.1f} ", at, y(cost.nanoseconds));
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"#1b5e9e\"/>\n", at,
                       y(cost.nanoseconds));
  }
  return svg + fmt::format(
                   "<polyline points=\"{}\" fill=\"none\" stroke=\"#1b5e9e\" "
                   "stroke-width=\"2\"/>\n</svg>\n",
                   line);
}

}  // namespace malleposte::queue_sim
