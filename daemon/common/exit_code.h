// SPDX-License-Identifier: Apache-2.0
// How our programs end: the codes of sysexits.h, which systemd prints by name.
#pragma once

#include <sysexits.h>

namespace common {

enum ExitCode : int {
  kExitOk = EX_OK,
  kExitUsage = EX_USAGE,              // 64 the command line
  kExitData = EX_DATAERR,             // 65 what a file contains
  kExitNoInput = EX_NOINPUT,          // 66 no such file
  kExitUnavailable = EX_UNAVAILABLE,  // 69
  kExitSoftware = EX_SOFTWARE,        // 70 out of memory, or a bug
  kExitOsError = EX_OSERR,            // 71 a port is busy
  kExitCannotCreate = EX_CANTCREAT,   // 73 the spool
  kExitNoPermission = EX_NOPERM,      // 77
  kExitConfig = EX_CONFIG,            // 78 the configuration or what it refers to
};

}  // namespace common
