// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace supervisor {

struct Options {
  std::string config_file = "/etc/postern/postern.conf";
  bool check_only = false;
};

// What to do, or how to end at once: --help, --version, or a mistake on the command line (said on
// standard error).
struct ParsedOptions {
  Options options;
  std::optional<int> exit_code;
};

ParsedOptions parse_options(int argc, char** argv);

}  // namespace supervisor
