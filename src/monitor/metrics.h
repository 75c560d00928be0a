// Figures for operators. Whoever counts keeps plain integers (a bump is one addition, no lock, no
// look-up) and registers a source that tells them when somebody asks; the engine pays nothing
// between two scrapes. Loop thread only.
//
// Names start with malleposte_; counters end in _total, times are in seconds, sizes in octets.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace malleposte::monitor {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Observations in buckets of at most `bound` (seconds); the last bucket has no bound.
class Histogram {
 public:
  static constexpr std::array<double, 12> bounds{0.01, 0.05, 0.1, 0.5,  1,     5,
                                                 30,   60,   600, 3600, 21600, 86400};
  void observe(double value);
  std::span<const std::uint64_t> counts() const { return counts_; }  // not cumulative
  double sum() const { return sum_; }

 private:
  std::array<std::uint64_t, bounds.size() + 1> counts_{};
  double sum_ = 0;
};

// What one scrape gathers: families of samples, in the order they were told.
class Figures {
 public:
  enum class Kind : std::uint8_t { counter, gauge, histogram };
  struct Sample {
    Labels labels;
    double value = 0;
    Histogram histogram;
  };
  struct Family {
    std::string name;
    std::string help;
    Kind kind;
    std::vector<Sample> samples;
  };

  // Starts a family, or goes on with the one of that name.
  void counter(std::string name, std::string help, double value, Labels labels = {});
  void gauge(std::string name, std::string help, double value, Labels labels = {});
  void histogram(std::string name, std::string help, const Histogram& value, Labels labels = {});

  const std::vector<Family>& families() const { return families_; }
  // The value of a sample, for tests and the status page; 0 when there is none.
  double value(const std::string& name, const Labels& labels = {}) const;

 private:
  Family& family(std::string name, std::string help, Kind kind);
  std::vector<Family> families_;
};

// Prometheus text format 0.0.4 (metrics.cc is the only file that sees the metrics library).
std::string to_prometheus(const Figures& figures);

// Every source of figures of the process.
class Metrics {
 public:
  using Source = std::function<void(Figures&)>;
  // What the source refers to must outlive the scrapes.
  void add(Source source) { sources_.push_back(std::move(source)); }
  Figures collect() const;

 private:
  std::vector<Source> sources_;
};

}  // namespace malleposte::monitor
