// SPDX-License-Identifier: Apache-2.0
// What a reload cannot change.
#pragma once

#include <string>

#include "config/config.h"

namespace supervisor {

// The keys, comma-separated, that differ and need a restart; empty: none. They are those of design
// section 6: listener, spool.directory, state, control, workers.
std::string fixed_keys_changed(const config::Config& before, const config::Config& after);

}  // namespace supervisor
