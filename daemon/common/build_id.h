// SPDX-License-Identifier: Apache-2.0
// Which build this program is of. Made by cmake/build_id.cmake.
#pragma once

namespace common {

const char* build_id();  // "0.1.0-1f2e3d4c5b6a7988"; equal only for programs of one build
const char* version();   // "0.1.0"

}  // namespace common
