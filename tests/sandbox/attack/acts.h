// SPDX-License-Identifier: Apache-2.0
// The acts of acts.def. Each gives what its last call gave, or -errno, and leaves nothing behind
// where it fails.
#pragma once

#include <span>

#include "sandbox/attack/puppet.h"
#include "sandbox/attack/scene.h"

namespace attack {

#define POSTERN_ACT(group, function, text, outcomes, why) \
  long function(Puppet& puppet, const Scene& scene);
#include "sandbox/attack/acts.def"
#undef POSTERN_ACT

struct Act {
  const char* name;
  long (*attempt)(Puppet& puppet, const Scene& scene);
};

inline constexpr Act kActs[] = {
#define POSTERN_ACT(group, function, text, outcomes, why) {#function, function},
#include "sandbox/attack/acts.def"
#undef POSTERN_ACT
};

}  // namespace attack
