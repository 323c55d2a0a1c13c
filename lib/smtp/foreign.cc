// SPDX-License-Identifier: Apache-2.0
#include "smtp/foreign.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "smtp/replies.h"

namespace smtp {
namespace {

enum class Match { Start, Word };  // Word: in any case, with a blank behind it

struct Foreign {
  std::string_view text;
  Match match;
  Reply (*reply)();
};

constexpr std::array kForeign = std::to_array<Foreign>({
    {"\x16", Match::Start,
     replies::tls_bytes},  // the handshake's record type, RFC 8446 section 5.1
    {kProxySignature, Match::Start, replies::proxy_header},
    {"PROXY", Match::Word, replies::proxy_header},  // version 1
    // Methods: RFC 9110 section 9.3, RFC 5789; PRI begins HTTP/2, RFC 9113 section 3.4.
    {"GET", Match::Word, replies::http},
    {"HEAD", Match::Word, replies::http},
    {"POST", Match::Word, replies::http},
    {"PUT", Match::Word, replies::http},
    {"DELETE", Match::Word, replies::http},
    {"CONNECT", Match::Word, replies::http},
    {"OPTIONS", Match::Word, replies::http},
    {"TRACE", Match::Word, replies::http},
    {"PATCH", Match::Word, replies::http},
    {"PRI", Match::Word, replies::http},
});

bool matches(const Foreign& row, std::string_view bytes) {
  if (row.match == Match::Start) return bytes.starts_with(row.text);
  const std::size_t length = row.text.size();
  return bytes.size() > length && bytes[length] == ' ' && base::istarts_with(bytes, row.text);
}

}  // namespace

std::optional<Reply> foreign_protocol(std::string_view bytes) {
  const auto row = std::find_if(kForeign.begin(), kForeign.end(),
                                [&](const Foreign& foreign) { return matches(foreign, bytes); });
  if (row == kForeign.end()) return std::nullopt;
  return row->reply();
}

}  // namespace smtp
