// SPDX-License-Identifier: Apache-2.0
#include "policy/bans.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>

#include "base/ascii.h"
#include "policy/state_text.h"

namespace policy {
namespace {

constexpr std::string_view kAdministrator = "administrator";
constexpr std::string_view kFirstLine = "postern bans 1";
constexpr char kSeparator = '\t';
constexpr unsigned kMostTimes = 1000;

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// One that has not begun is of a clock that was wrong: it must not last until that time comes.
bool in_force(const Ban& ban, base::WallTime now) { return ban.since <= now && now < ban.until; }

std::chrono::milliseconds length_of(unsigned times, const LimitSettings& settings) {
  std::chrono::milliseconds length = std::min(settings.ban_for, settings.ban_max);
  for (unsigned i = 1; i < times && length < settings.ban_max; ++i)
    length = std::min(2 * length, settings.ban_max);
  return length;
}

std::string line_of(const Ban& ban) {
  std::string line = ban.network.to_string();
  for (const std::string& field : {base::utc_text(ban.since), base::utc_text(ban.until),
                                   std::to_string(ban.times), ban.cause, ban.reason, ban.evidence})
    line += kSeparator + field;
  return line + '\n';
}

std::optional<unsigned> times_of(std::string_view text) {
  unsigned times = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), times);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (times == 0 || times > kMostTimes) return std::nullopt;
  return times;
}

std::optional<Ban> ban_of(std::string_view line) {
  std::array<std::string_view, 7> fields;
  if (std::count(line.begin(), line.end(), kSeparator) != fields.size() - 1) return std::nullopt;
  for (std::string_view& field : fields) field = base::take_until(line, kSeparator);
  const auto network = base::Network::parse(fields[0]);
  const auto since = base::parse_utc(fields[1]);
  const auto until = base::parse_utc(fields[2]);
  const auto times = times_of(fields[3]);
  if (!network || !since || !until || !times) return std::nullopt;
  for (std::size_t i = 4; i < fields.size(); ++i)
    if (!is_printable(fields[i]) || fields[i].size() > kMaxBanText) return std::nullopt;
  return Ban{*network,
             std::string(fields[4]),
             std::string(fields[5]),
             std::string(fields[6]),
             *since,
             *until,
             *times};
}

std::optional<std::string> objection(const base::Network& network,
                                     std::chrono::milliseconds duration, std::string_view reason) {
  const int least = network.address().is_v4() ? kLeastBanPrefixV4 : kLeastBanPrefixV6;
  if (network.prefix_bits() < least)
    return "a ban of " + network.to_string() + " holds too much; at least /" +
           std::to_string(least) + " is needed";
  if (duration <= std::chrono::milliseconds{0} || duration > kLongestAddedBan)
    return "a ban lasts for at most 365d";
  if (base::trim(reason).empty()) return "a ban needs a reason";
  if (reason.size() > kMaxBanText || !is_printable(reason))
    return "the reason is told to clients: at most " + std::to_string(kMaxBanText) +
           " printable ASCII characters";
  return std::nullopt;
}

}  // namespace

bool Ban::by_administrator() const { return cause == kAdministrator; }

std::optional<Ban> Bans::find(const base::IpAddress& client, base::WallTime now) const {
  if (empty_.load(std::memory_order_relaxed)) return std::nullopt;
  const std::shared_lock lock(mutex_);
  const Ban* last = nullptr;
  for (const auto& [length, count] : lengths_) {
    if (length.first != client.is_v4()) continue;
    const auto found = bans_.find(base::Network::around(client, length.second));
    if (found == bans_.end() || !in_force(found->second, now)) continue;
    if (last == nullptr || found->second.until > last->until) last = &found->second;
  }
  return last == nullptr ? std::nullopt : std::optional(*last);
}

std::optional<Ban> Bans::impose(const base::Network& network, Limit limit,
                                std::string_view evidence, const LimitSettings& settings,
                                base::WallTime now) {
  const std::lock_guard lock(mutex_);
  forget_old(settings, now);
  const auto before = bans_.find(network);
  unsigned times = 1;
  if (before != bans_.end()) {
    if (in_force(before->second, now)) return std::nullopt;
    times = std::min(before->second.times + 1, kMostTimes);
    forget(before);
  }
  if (!make_room(now)) return std::nullopt;
  const LimitRule& rule = rule_of(limit);
  Ban ban{network,
          std::string(rule.name),
          rule.reply().text,
          std::string(evidence.substr(0, kMaxBanText)),
          now,
          now + length_of(times, settings),
          times};
  put(ban);
  ++changes_;
  return ban;
}

base::Result<Ban> Bans::add(const base::Network& network, std::chrono::milliseconds duration,
                            std::string_view reason, base::WallTime now) {
  if (const auto wrong = objection(network, duration, reason))
    return base::Error::permanent(*wrong);
  const std::lock_guard lock(mutex_);
  if (const auto before = bans_.find(network); before != bans_.end()) forget(before);
  if (!make_room(now)) return base::Error::permanent("there are too many bans already");
  Ban ban{network, std::string(kAdministrator), std::string(reason), "", now, now + duration, 1};
  put(ban);
  ++changes_;
  return ban;
}

bool Bans::lift(const base::Network& network, base::WallTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = bans_.find(network);
  if (found == bans_.end()) return false;
  const bool was_in_force = in_force(found->second, now);
  forget(found);
  ++changes_;
  return was_in_force;
}

std::vector<Ban> Bans::list(base::WallTime now) const {
  const std::shared_lock lock(mutex_);
  std::vector<Ban> result;
  for (const auto& [network, ban] : bans_)
    if (in_force(ban, now)) result.push_back(ban);
  return result;
}

std::size_t Bans::count(base::WallTime now) const {
  const std::shared_lock lock(mutex_);
  return static_cast<std::size_t>(std::count_if(
      bans_.begin(), bans_.end(), [now](const auto& row) { return in_force(row.second, now); }));
}

std::string Bans::text() const {
  const std::shared_lock lock(mutex_);
  std::string result = std::string(kFirstLine) + '\n';
  for (const auto& [network, ban] : bans_) result += line_of(ban);
  return result;
}

std::size_t Bans::load(std::string_view text) {
  const std::lock_guard lock(mutex_);
  return read_state(text, kFirstLine, kMaxBanLine, [this](std::string_view line) {
    auto ban = ban_of(line);
    if (!ban || bans_.size() >= kMaxBans) return false;
    if (!bans_.contains(ban->network)) put(std::move(*ban));
    return true;
  });
}

void Bans::put(Ban ban) {
  const base::Network network = ban.network;
  ++lengths_[{network.address().is_v4(), network.prefix_bits()}];
  bans_.emplace(network, std::move(ban));
  empty_ = false;
}

// Those that no repetition would count.
void Bans::forget_old(const LimitSettings& settings, base::WallTime now) {
  for (auto ban = bans_.begin(); ban != bans_.end();) {
    const auto next = std::next(ban);
    if (now - settings.ban_max >= ban->second.until) forget(ban);
    ban = next;
  }
}

void Bans::forget(std::map<base::Network, Ban>::iterator ban) {
  const base::Network& network = ban->first;
  const auto length = lengths_.find({network.address().is_v4(), network.prefix_bits()});
  if (--length->second == 0) lengths_.erase(length);
  bans_.erase(ban);
  empty_ = bans_.empty();
}

// The first to end gives way; those that are over are among these, and those that administrators
// added are not as long as they last.
bool Bans::make_room(base::WallTime now) {
  if (bans_.size() < kMaxBans) return true;
  auto first = bans_.end();
  for (auto ban = bans_.begin(); ban != bans_.end(); ++ban) {
    if (ban->second.by_administrator() && in_force(ban->second, now)) continue;
    if (first == bans_.end() || ban->second.until < first->second.until) first = ban;
  }
  if (first == bans_.end()) return false;
  forget(first);
  return true;
}

}  // namespace policy
