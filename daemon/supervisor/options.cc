// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor/options.h"

#include <getopt.h>

#include <cstdio>

#include "daemon/common/build_id.h"
#include "daemon/common/exit_code.h"

namespace supervisor {
namespace {

constexpr const char* kHelp =
    "Usage: posternd [-c FILE] [-t]\n"
    "Inbound SMTP server; runs in the foreground.\n"
    "\n"
    "  -c, --config FILE  the configuration (default /etc/postern/postern.conf)\n"
    "  -t, --test         check the configuration and what it refers to, then end\n"
    "      --version      print the version\n"
    "      --help         print this text\n"
    "\n"
    "See posternd(8) and postern.conf(5).\n";

constexpr option kLongOptions[] = {
    {"config", required_argument, nullptr, 'c'},
    {"test", no_argument, nullptr, 't'},
    {"version", no_argument, nullptr, 'V'},
    {"help", no_argument, nullptr, 'h'},
    {nullptr, 0, nullptr, 0},
};

ParsedOptions end_with(int exit_code) { return {{}, exit_code}; }

ParsedOptions usage_error() {
  std::fputs("Try 'posternd --help'.\n", stderr);
  return end_with(common::kExitUsage);
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  ParsedOptions result;
  for (;;) {
    switch (getopt_long(argc, argv, "c:t", kLongOptions, nullptr)) {
      case 'c':
        result.options.config_file = optarg;
        break;
      case 't':
        result.options.check_only = true;
        break;
      case 'V':
        std::puts((std::string("posternd ") + common::version()).c_str());
        return end_with(common::kExitOk);
      case 'h':
        std::fputs(kHelp, stdout);
        return end_with(common::kExitOk);
      case -1:
        if (optind == argc) return result;
        std::fprintf(stderr, "posternd: unexpected argument '%s'\n", argv[optind]);
        return usage_error();
      default:
        return usage_error();  // getopt has said what is wrong
    }
  }
}

}  // namespace supervisor
