// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace base {

// How many the calling thread may run on, at least 1: fewer than the machine has where a service
// manager or a container allows it only some (sched_getaffinity(2)).
unsigned usable_processors();

}  // namespace base
