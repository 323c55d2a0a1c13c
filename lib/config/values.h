// SPDX-License-Identifier: Apache-2.0
// The texts inside the configuration's strings: sizes, durations, rates and names.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/settings.h"

namespace config {

inline constexpr std::size_t kMaxMailboxName = 64;  // octets; RFC 5321 section 4.5.3.1.1
inline constexpr std::size_t kMaxHostName = 253;    // octets; RFC 1035 section 2.3.4 without dots
inline constexpr std::size_t kMaxLabel = 63;        // octets; RFC 1035 section 2.3.4
// Of a rate; times any limits.wide.factor a double still counts it exactly.
inline constexpr std::int64_t kMaxRateAmount = 1'000'000'000'000;

// "512", "1K", "25M", "2G": bytes, K, M and G times 1024.
std::optional<std::int64_t> parse_size(std::string_view text);
// "250ms", "90s", "1h30m", "7d": each unit at most once, the larger first.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
// "30/1m": so many in so long; neither is zero, and it is not over kMaxRateAmount.
std::optional<policy::Rate> parse_rate(std::string_view text);
// "500M/10m"
std::optional<policy::Rate> parse_byte_rate(std::string_view text);
// "2027-06-30", a day that exists.
bool is_date(std::string_view text);

// Each gives nothing when the text is fine, else what is wrong, as the end of "NAME ...".
using Complaint = std::optional<std::string>;
Complaint check_host_name(std::string_view text);  // in ASCII, or in UTF-8 (RFC 5890)
// A local part that can be reached, and the name of a directory.
Complaint check_mailbox_name(std::string_view text);
Complaint check_subaddress_delimiters(std::string_view text);
Complaint check_user_name(std::string_view text);

}  // namespace config
