// SPDX-License-Identifier: Apache-2.0
// `postern check`: a configuration and everything that it refers to, without starting anything.
#pragma once

#include <string>

#include "config/load.h"

namespace ctl {

struct CheckOptions {
  std::string file = config::kDefaultPath;
  bool offline = false;  // leaves out what depends on what else runs now
  bool quiet = false;    // errors only
  bool json = false;
};

// The exit code. Mistakes go to standard error, the rest to standard output; JSON is one object on
// standard output.
int check(const CheckOptions& options);

}  // namespace ctl
