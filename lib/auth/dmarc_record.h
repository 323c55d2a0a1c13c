// SPDX-License-Identifier: Apache-2.0
// A DMARC policy record (RFC 9989 sections 4.7 and 4.8), as far as a receiver of mail needs it:
// what asks for reports is read only where the policy depends on it.
//
// Pure functions, for any thread. Time and memory are linear in the length of the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "auth/dmarc_verdict.h"

namespace auth {

// Octets. More does not fit into an answer of the DNS.
inline constexpr std::size_t kMaxDmarcRecord = 65535;
// Unknown ones too; the registry has a dozen.
inline constexpr std::size_t kMaxDmarcTags = 64;

enum class AlignmentMode : std::uint8_t { Relaxed, Strict };
enum class Psd : std::uint8_t { Unknown, Yes, No };  // whether it is a public suffix domain

struct DmarcRecord {
  DmarcPolicy p = DmarcPolicy::None;
  std::optional<DmarcPolicy> sp;  // of existing subdomains
  std::optional<DmarcPolicy> np;  // of those that do not exist
  AlignmentMode adkim = AlignmentMode::Relaxed;
  AlignmentMode aspf = AlignmentMode::Relaxed;
  Psd psd = Psd::Unknown;
  bool testing = false;  // t=y

  // Why p is "none" whatever the record says, or empty; printable ASCII.
  std::string flaw;
  // Section 4.10.1: with such a flaw, and nowhere to report it, the record is no policy at all. It
  // is a record for all else.
  bool is_policy = true;
};

struct DmarcSyntaxError {
  std::string reason;  // printable ASCII
};

// Section 4.10 step 2: whether a TXT record is one of DMARC. All others are none of our business.
bool is_dmarc_record(std::string_view text);

// `text` is a DMARC record by its version. Mistakes in it only cost the tag that they stand in;
// what makes a whole record invalid is a tag given twice (RFC 6376 section 3.2, whose tag lists
// these are), and a limit.
std::variant<DmarcRecord, DmarcSyntaxError> parse_dmarc_record(std::string_view text);

}  // namespace auth
