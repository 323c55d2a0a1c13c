// SPDX-License-Identifier: Apache-2.0
// A process that nothing confines, with what a role has: on it an act shows that it would work.
#pragma once

#include "base/unique_fd.h"
#include "sandbox/attack/scene.h"

namespace attack {

class StandIn {
 public:
  // `scene`: what does not depend on the process.
  explicit StandIn(const Scene& scene);
  ~StandIn();
  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;
  const Scene& scene() const { return scene_; }

 private:
  Scene scene_;
  base::UniqueFd listener_;
  base::UniqueFd channel_;
  base::UniqueFd far_end_;
  base::UniqueFd journal_;
  base::UniqueFd directory_;
};

}  // namespace attack
