// SPDX-License-Identifier: Apache-2.0
#include "load/statistics.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace load {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMicrosecondsPerMillisecond = 1000;

constexpr std::array<const char*, static_cast<std::size_t>(Stage::Count)> kStageNames = {
    "connect", "handshake", "greeting", "mail_to_250", "session"};

constexpr struct {
  const char* name;
  double percent;
} kPercentiles[] = {{"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}};

double seconds(base::Duration elapsed) { return std::chrono::duration<double>(elapsed).count(); }

double rate(std::uint64_t count, base::Duration elapsed) {
  return elapsed > base::Duration::zero() ? static_cast<double>(count) / seconds(elapsed) : 0;
}

Json to_json(const Histogram& times) {
  Json result = {{"count", times.count()}};
  for (const auto& [name, percent] : kPercentiles) result[name] = times.percentile(percent);
  result["max"] = times.max();
  return result;
}

std::string fixed(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  return text.data();
}

std::string to_text(const char* name, const Histogram& times) {
  std::string line = std::string(name) + " ms:";
  for (const auto& [label, percent] : kPercentiles)
    line += std::string(" ") + label + ' ' + fixed(times.percentile(percent));
  return line + " max " + fixed(times.max()) + '\n';
}

}  // namespace

void Histogram::add(base::Duration time) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
  ++buckets_[bucket_of(value)];
  ++count_;
  max_microseconds_ = std::max(max_microseconds_, value);
}

std::size_t Histogram::bucket_of(std::uint64_t value) {
  const int extra_bits = std::max(0, static_cast<int>(std::bit_width(value)) - kFineBits - 1);
  return (static_cast<std::size_t>(extra_bits) << kFineBits) + (value >> extra_bits);
}

std::uint64_t Histogram::upper_end(std::size_t bucket) {
  const std::size_t extra_bits = std::max<std::size_t>(bucket >> kFineBits, 1) - 1;
  return ((bucket - (extra_bits << kFineBits) + 1) << extra_bits) - 1;
}

double Histogram::percentile(double percent) const {
  const auto wanted =
      static_cast<std::uint64_t>(std::ceil(static_cast<double>(count_) * percent / 100));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets && wanted > 0; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted)
      return static_cast<double>(std::min(upper_end(bucket), max_microseconds_)) /
             kMicrosecondsPerMillisecond;
  }
  return 0;
}

double Histogram::max() const {
  return static_cast<double>(max_microseconds_) / kMicrosecondsPerMillisecond;
}

std::string Statistics::json(base::Duration elapsed) const {
  Json report = {
      {"seconds", seconds(elapsed)},
      {"messages_per_second", rate(acknowledged, elapsed)},
      {"bytes_per_second", rate(acknowledged_bytes, elapsed)},
      {"connections", connections},
      {"messages", {{"acknowledged", acknowledged}, {"refused", refused}, {"lost", lost}}},
      {"latency_ms", Json::object()},
      {"replies", Json::object()},
      {"refusals", refusals_},
      {"errors", errors_}};
  for (std::size_t i = 0; i < times_.size(); ++i)
    report["latency_ms"][kStageNames[i]] = to_json(times_[i]);
  for (const auto& [code, count] : replies_) report["replies"][std::to_string(code)] = count;
  // A reason may hold bytes that are not UTF-8; they must not make dump() throw.
  return report.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string Statistics::text(base::Duration elapsed) const {
  std::string report = "acknowledged " + std::to_string(acknowledged) + ", refused " +
                       std::to_string(refused) + ", lost " + std::to_string(lost) + " in " +
                       fixed(seconds(elapsed)) + " s: " + fixed(rate(acknowledged, elapsed)) +
                       " messages a second\n";
  for (std::size_t i = 0; i < times_.size(); ++i)
    if (times_[i].count() > 0) report += to_text(kStageNames[i], times_[i]);
  for (const auto* counts : {&refusals_, &errors_})
    for (const auto& [what, count] : *counts) report += std::to_string(count) + " x " + what + '\n';
  return report;
}

}  // namespace load
