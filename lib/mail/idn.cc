// SPDX-License-Identifier: Apache-2.0
#include "mail/idn.h"

#include <idn2.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/ascii.h"
#include "base/utf8.h"
#include "mail/address.h"

namespace mail {
namespace {

// Without IDN2_USE_STD3_ASCII_RULES: with it the library drops what those rules forbid, so that
// "a_b" and "a<fullwidth @>b" become "ab". Here they stay, and is_domain() sees them.
constexpr int kFlags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;

// The library reads up to a NUL, and maps no ASCII but capitals.
bool has_only_ldh(std::string_view domain) {
  return std::all_of(domain.begin(), domain.end(), [](char c) {
    return !base::is_ascii(c) || base::is_alnum(c) || c == '-' || c == '.';
  });
}

std::optional<std::string> looked_up(const std::string& domain) {
  std::uint8_t* found = nullptr;
  const auto* text = reinterpret_cast<const std::uint8_t*>(domain.c_str());
  if (idn2_lookup_u8(text, &found, kFlags) != IDN2_OK) return {};
  const std::unique_ptr<std::uint8_t, decltype(&idn2_free)> owned(found, idn2_free);
  return reinterpret_cast<const char*>(found);
}

}  // namespace

std::optional<std::string> to_a_labels(std::string_view domain) {
  if (domain.size() > kMaxDomain) return {};
  std::optional<std::string> name(domain);
  if (!base::is_ascii(domain)) {
    if (!has_only_ldh(domain) || !base::is_utf8(domain)) return {};
    name = looked_up(*name);
  }
  // Empty labels, and ASCII that something else was mapped to, are refused here.
  if (!name || !is_domain(*name)) return {};
  return base::lower(*name);
}

}  // namespace mail
