// SPDX-License-Identifier: Apache-2.0
// Names of message files: "<seconds>.M<usec>P<pid>Q<n>.<host>,S=<bytes>,W=<bytes with CRLF>".
//
// The part before the comma is unique as the Maildir specification asks
// (https://cr.yp.to/proto/maildir.html, "unique name"); S and W save Maildir++ quota and Dovecot
// a look into the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace spool {

// A host name may be as long as a whole file name may be; this much of it, escaped, is used.
constexpr std::size_t kMaxHostBytes = 120;

// '/' and ':' as \057 and \072, cut to kMaxHostBytes.
std::string host_for_file_name(std::string_view host);

// Never the same twice in one process; any thread. `host` comes from host_for_file_name().
std::string unique_file_name(base::WallTime now, std::string_view host);

std::string file_name_with_sizes(std::string_view unique_name, std::uint64_t stored_bytes,
                                 std::uint64_t crlf_bytes);

}  // namespace spool
