// SPDX-License-Identifier: Apache-2.0
#include "policy/history.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>
#include <vector>

#include "policy/network_account.h"
#include "policy/state_text.h"

namespace policy {
namespace {

constexpr std::string_view kFirstLine = "postern history 1";
constexpr char kSeparator = ' ';
constexpr std::string_view kMidnight = "T00:00:00Z";

base::Network network_of(const base::IpAddress& client, const LimitSettings& settings) {
  return network_around(client, Width::Narrow, settings);
}

}  // namespace

// The last day that fits is in 2149.
History::Day History::day_of(base::WallTime time) {
  const auto days = std::chrono::floor<std::chrono::days>(time.time_since_epoch()).count();
  return static_cast<Day>(std::clamp<decltype(days)>(days, 1, std::numeric_limits<Day>::max()));
}

void History::add_pass(const base::IpAddress& client, const LimitSettings& settings,
                       base::WallTime now) {
  const base::Network network = network_of(client, settings);
  const Day today = day_of(now);
  {
    const std::shared_lock lock(mutex_);
    const auto found = networks_.find(network);
    if (found != networks_.end() && found->second.back() == today) return;
  }
  const std::lock_guard lock(mutex_);
  if (networks_.size() >= most_ && !networks_.contains(network)) make_room();
  Passes& passes = networks_[network];
  // Of a clock that was wrong.
  std::replace_if(
      passes.begin(), passes.end(), [today](Day day) { return day > today; }, today);
  std::shift_right(passes.begin(), passes.end(), 1);
  passes.front() = today;
  ++changes_;
}

bool History::is_good(const base::IpAddress& client, const LimitSettings& settings,
                      base::WallTime now) const {
  const base::Network network = network_of(client, settings);
  const Day today = day_of(now);
  const std::shared_lock lock(mutex_);
  const auto found = networks_.find(network);
  if (found == networks_.end()) return false;
  const Passes& passes = found->second;
  return passes.back() != 0 && passes.back() + kHistoryDays >= today && passes.front() <= today;
}

std::size_t History::networks() const {
  const std::shared_lock lock(mutex_);
  return networks_.size();
}

// In one sweep, so that it costs little for each network that comes.
void History::make_room() {
  std::vector<Networks::iterator> all;
  all.reserve(networks_.size());
  for (auto entry = networks_.begin(); entry != networks_.end(); ++entry) all.push_back(entry);
  const auto last = all.begin() + static_cast<std::ptrdiff_t>((all.size() + 3) / 4);
  std::nth_element(all.begin(), last - 1, all.end(), [](const auto& a, const auto& b) {
    return a->second.front() < b->second.front();
  });
  std::for_each(all.begin(), last, [this](const auto& entry) { networks_.erase(entry); });
}

std::string History::line_of(const Networks::value_type& entry) {
  std::string line = entry.first.to_string();
  for (const Day day : entry.second) {
    if (day == 0) break;
    line += kSeparator + base::UtcTime(base::WallTime(std::chrono::days(day))).date();
  }
  return line + '\n';
}

std::string History::text() const {
  const std::shared_lock lock(mutex_);
  std::string text = std::string(kFirstLine) + '\n';
  for (const auto& entry : networks_) text += line_of(entry);
  return text;
}

bool History::take(std::string_view line) {
  std::string_view rest = line;
  const auto network = base::Network::parse(base::take_until(rest, kSeparator));
  if (!network || networks_.size() >= most_) return false;
  Passes passes{};
  Day newer = std::numeric_limits<Day>::max();
  for (Day& pass : passes) {
    const std::string date(base::take_until(rest, kSeparator));
    const auto time = base::parse_utc(date + std::string(kMidnight));
    if (!time || day_of(*time) > newer) return false;
    newer = pass = day_of(*time);
    if (rest.empty()) break;
  }
  // What else could have been written the same way is not what we wrote.
  const Networks::value_type entry(*network, passes);
  if (line_of(entry) != std::string(line) + '\n') return false;
  networks_.insert(entry);
  return true;
}

std::size_t History::load(std::string_view text) {
  const std::lock_guard lock(mutex_);
  return read_state(text, kFirstLine, kMaxHistoryLine,
                    [this](std::string_view line) { return take(line); });
}

}  // namespace policy
