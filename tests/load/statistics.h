// SPDX-License-Identifier: Apache-2.0
// What a run came to: times, counts, and the report.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/time.h"

namespace load {

// Times of any number in fixed memory. Percentiles are exact to 1 %, the maximum is exact.
class Histogram {
 public:
  void add(base::Duration time);
  std::uint64_t count() const { return count_; }
  // The time, in milliseconds, that `percent` of the values do not exceed; 0 without values.
  double percentile(double percent) const;
  double max() const;

 private:
  // Values of 2^n microseconds and more share a bucket in groups of 2^(n-7).
  static constexpr int kFineBits = 7;
  static constexpr std::size_t kBuckets = (64 - kFineBits + 1) << kFineBits;
  static std::size_t bucket_of(std::uint64_t microseconds);
  static std::uint64_t upper_end(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_microseconds_ = 0;
};

enum class Stage {
  Connect,    // to an established TCP connection
  Handshake,  // from the server's consent to the end of the TLS handshake
  Greeting,   // from the established connection (implicit TLS: the handshake) to 220
  MailTo250,  // from MAIL to the acknowledgement; refused messages have none
  Session,    // from the attempt to connect to the answer to QUIT
  Count
};

class Statistics {
 public:
  void time(Stage stage, base::Duration time) { times_[static_cast<std::size_t>(stage)].add(time); }
  void reply(int code) { ++replies_[code]; }
  // `reply` as Reply::name() says it.
  void refusal(const std::string& where, const std::string& reply) {
    ++refusals_[where + ' ' + reply];
  }
  void error(const std::string& where, const std::string& reason) {
    ++errors_[where + ": " + reason];
  }

  std::uint64_t connections = 0;  // that were attempted
  std::uint64_t acknowledged = 0;
  std::uint64_t acknowledged_bytes = 0;
  std::uint64_t refused = 0;
  std::uint64_t lost = 0;  // begun, and the connection ended before the answer

  bool clean() const { return refused == 0 && lost == 0 && errors_.empty(); }
  std::string json(base::Duration elapsed) const;  // one line
  std::string text(base::Duration elapsed) const;

 private:
  std::array<Histogram, static_cast<std::size_t>(Stage::Count)> times_;
  std::map<int, std::uint64_t> replies_;
  std::map<std::string, std::uint64_t> refusals_;
  std::map<std::string, std::uint64_t> errors_;
};

}  // namespace load
