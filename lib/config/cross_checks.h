// SPDX-License-Identifier: Apache-2.0
// Rules that no single value can break: duplicates, names that must exist, order of limits, days
// that are over.
#pragma once

#include <vector>

#include "base/time.h"
#include "config/report.h"
#include "config/tables.h"

namespace config {

// A value that is bad by itself is left out, so that one mistake is reported once.
void cross_check(const std::vector<Table>& tables, base::WallTime now, Report& report);

}  // namespace config
