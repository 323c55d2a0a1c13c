// SPDX-License-Identifier: Apache-2.0
// `postern config describe`: the settings that exist, from the key table.
#pragma once

#include <string>

namespace ctl {

struct DescribeOptions {
  std::string key;              // "smtp.max_recipients", a section "smtp", or "": all
  std::string format = "text";  // "text", "man" or "sample"; the last two are about all keys
};

// The exit code.
int describe(const DescribeOptions& options);

}  // namespace ctl
