#include "monitor/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <sstream>

namespace malleposte::monitor {
namespace {

prometheus::MetricType to_type(Figures::Kind kind) {
  switch (kind) {
    case Figures::Kind::counter:
      return prometheus::MetricType::Counter;
    case Figures::Kind::gauge:
      return prometheus::MetricType::Gauge;
    case Figures::Kind::histogram:
      return prometheus::MetricType::Histogram;
  }
  assert(false);
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric::Histogram to_histogram(const Histogram& histogram) {
  prometheus::ClientMetric::Histogram result;
  std::uint64_t cumulative = 0;
  auto counts = histogram.counts();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    double bound = i < Histogram::bounds.size() ? Histogram::bounds[i]
                                                : std::numeric_limits<double>::infinity();
    result.bucket.push_back({cumulative, bound});
  }
  result.sample_count = cumulative;
  result.sample_sum = histogram.sum();
  return result;
}

}  // namespace

void Histogram::observe(double value) {
  auto bucket = std::ranges::lower_bound(bounds, value) - bounds.begin();
  ++counts_[static_cast<std::size_t>(bucket)];
  sum_ += value;
}

Figures::Family& Figures::family(std::string name, std::string help, Kind kind) {
  auto same = std::ranges::find(families_, name, &Family::name);
  if (same == families_.end()) {
    families_.push_back({std::move(name), std::move(help), kind, {}});
    return families_.back();
  }
  assert(same->kind == kind);
  return *same;
}

void Figures::counter(std::string name, std::string help, double value, Labels labels) {
  assert(name.ends_with("_total"));
  family(std::move(name), std::move(help), Kind::counter)
      .samples.push_back({std::move(labels), value, {}});
}

void Figures::gauge(std::string name, std::string help, double value, Labels labels) {
  family(std::move(name), std::move(help), Kind::gauge)
      .samples.push_back({std::move(labels), value, {}});
}

void Figures::histogram(std::string name, std::string help, const Histogram& value, Labels labels) {
  family(std::move(name), std::move(help), Kind::histogram)
      .samples.push_back({std::move(labels), 0, value});
}

double Figures::value(const std::string& name, const Labels& labels) const {
  auto family = std::ranges::find(families_, name, &Family::name);
  if (family == families_.end()) return 0;
  auto sample = std::ranges::find(family->samples, labels, &Sample::labels);
  return sample == family->samples.end() ? 0 : sample->value;
}

std::string to_prometheus(const Figures& figures) {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& family : figures.families()) {
    prometheus::MetricFamily target{family.name, family.help, to_type(family.kind), {}};
    for (const auto& sample : family.samples) {
      prometheus::ClientMetric metric;
      for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
      if (family.kind == Figures::Kind::counter) metric.counter.value = sample.value;
      if (family.kind == Figures::Kind::gauge) metric.gauge.value = sample.value;
      if (family.kind == Figures::Kind::histogram)
        metric.histogram = to_histogram(sample.histogram);
      target.metric.push_back(std::move(metric));
    }
    families.push_back(std::move(target));
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

Figures Metrics::collect() const {
  Figures figures;
  for (const auto& source : sources_) source(figures);
  return figures;
}

}  // namespace malleposte::monitor
