// SPDX-License-Identifier: Apache-2.0
// The tag lists of DKIM signatures and key records (RFC 6376 section 3.2).
//
// Strict, but for folding white space, which is taken in its obsolete form too: header fields come
// with it. Views into the text, which the caller keeps. Linear in its length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace auth {

inline constexpr std::size_t kMaxDkimTags = 100;

struct DkimTag {
  std::string_view name;   // case counts
  std::string_view value;  // without white space around it
  bool tight = true;       // nothing stands between the name and its '='
};

enum class DkimTagFault { Malformed, Duplicate, TooMany };

enum class DkimCharset {
  Ascii,  // of key records
  Utf8    // of signatures (RFC 8616 section 5); without controls
};

class DkimTagList {
 public:
  static std::variant<DkimTagList, DkimTagFault> parse(std::string_view text, DkimCharset charset);

  const std::vector<DkimTag>& all() const { return tags_; }
  const DkimTag* find(std::string_view name) const;

 private:
  std::vector<DkimTag> tags_;
};

// Without any white space.
std::string squeezed(std::string_view value);

// What stands between colons, without white space around it. Empty where a member is empty.
std::vector<std::string_view> split_by_colon(std::string_view value);

// Decimal digits, at most `most` of them. Nothing for what is none, or is too big.
std::optional<std::uint64_t> parse_digits(std::string_view value, std::size_t most);

// Section 2.11, decoded; nothing for what it is not.
std::optional<std::string> parse_dkim_quoted_printable(std::string_view value);
// The same, encoded: only what must be is.
std::string to_dkim_quoted_printable(std::string_view text);

// Base64 with white space anywhere (section 2.10), decoded. Nothing for what it is not, and for
// nothing.
std::optional<std::string> parse_dkim_base64(std::string_view value);

}  // namespace auth
