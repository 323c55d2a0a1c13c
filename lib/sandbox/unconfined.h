// SPDX-License-Identifier: Apache-2.0
// The one switch that lets a role run unconfined, for builds with sanitizers only: these open
// files, trace threads and write reports, which no role may do. cmake/flags.cmake sets it.
#pragma once

namespace sandbox {

#ifdef POSTERN_UNCONFINED
inline constexpr bool kUnconfined = true;
// `used`: tests/sandbox/check_switches.py searches programs for it, and a compiler may turn a short
// text into numbers.
[[gnu::used]] inline constexpr char kUnconfinedWarning[] = "not confined: sanitizer build";
#else
inline constexpr bool kUnconfined = false;
inline constexpr char kUnconfinedWarning[] = "";
#endif

}  // namespace sandbox
