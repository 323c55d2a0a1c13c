// SPDX-License-Identifier: Apache-2.0
// Rules that no single value can break: duplicates, names that must exist, order of limits.
#pragma once

#include <vector>

#include "config/report.h"
#include "config/tables.h"

namespace config {

// A value that is bad by itself is left out, so that one mistake is reported once.
void cross_check(const std::vector<Table>& tables, Report& report);

}  // namespace config
