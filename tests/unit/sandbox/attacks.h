// SPDX-License-Identifier: Apache-2.0
// What a role that has been taken over would try, one act a row.
#pragma once

#include <span>

namespace sandbox_test {

// What an act may need is prepared before the role is confined.
struct Scene {
  int victim = -1;         // pid of a process of the same user
  int target_port = 0;     // a listener on 127.0.0.1 that is not ours
  int listener = -1;       // ours
  int listener_down = -1;  // ours, after shutdown()
  int datagrams = -1;      // a UDP socket
  int outside = -1;        // a directory that no role may use, with "file"
  int inside = -1;         // one that deliver may use
};

struct Act {
  const char* name;
  int (*attempt)(const Scene&);  // 0, or errno
  bool fatal;                    // killed in every role; else refused
  const char* possible_in = "";  // roles where neither the filter nor Landlock can help it
  bool needs_root = false;       // for the attempt to succeed where nothing is confined
  const char* refused_in = "";   // roles where it is refused although `fatal`
  const char* landlock_in = "";  // roles where Landlock alone refuses it, from ABI 4 on
};

std::span<const Act> acts();

}  // namespace sandbox_test
