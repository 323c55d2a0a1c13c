// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace common {

// Opens /dev/null where descriptor 0, 1 or 2 is closed: else the next socket would take the number,
// and what is meant for standard error would go to a stranger. Call it first in main().
void open_standard_descriptors();

}  // namespace common
