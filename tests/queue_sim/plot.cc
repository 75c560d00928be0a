#include <fmt/format.h>

#include <algorithm>
#include <array>
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

std::string drawn(const std::vector<Costs>& lines) {
  double highest = 100;
  for (const auto& line : lines)
    for (const auto& cost : line.all) highest = std::max(highest, cost.nanoseconds);
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
  constexpr std::array colours{"#1b5e9e", "#b3541e"};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto* colour = colours[i % colours.size()];
    std::string points;
    for (const auto& cost : lines[i].all) {
      const auto at = x(std::log10(static_cast<double>(cost.waiting)));
      points += fmt::format("{:.1f},{:.1f} ", at, y(cost.nanoseconds));
      svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/>\n", at,
                         y(cost.nanoseconds), colour);
    }
    svg += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n",
                       points, colour);
    svg += fmt::format("<g fill=\"{}\">{}</g>\n", colour,
                       text(right, y(lines[i].all.back().nanoseconds) - 10, "end", lines[i].name));
  }
  return svg + "</svg>\n";
}

}  // namespace malleposte::queue_sim
