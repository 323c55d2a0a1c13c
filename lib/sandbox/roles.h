// SPDX-License-Identifier: Apache-2.0
// Which system calls each role may make once it is confined, and which end it: one table.
//
// How a role gives up all that its work does not need, in this order:
//   1  forbid_dumps()
//   2  restrict_files(), while there is one thread; before it, what libraries read from files
//   3  all threads, event loops, timers and sockets
//   4  restrict_calls(), which binds the threads of 3 too
//   5  it tells the supervisor, and only then reads what strangers send
// Afterwards nothing of 3 can be made any more.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sandbox/seccomp.h"

namespace sandbox {

enum class Role { Smtp, Deliver, Verify, Resolve };

struct ConfineParameters {
  // smtp: shutdown() is refused on these. A listener that is shut down could be made a connection
  // to anywhere.
  std::vector<int> listeners = {};
  // The log's datagram socket, if there is one: sendmsg() and connect() are refused on it, as the
  // address, which no filter sees, could be that of any other such socket of the machine.
  std::optional<int> journal = {};
};

// For all threads, and for good. After an error the process must end. Does nothing in a build with
// sanitizers, of which restrict_files() warns.
base::Status restrict_calls(Role role, const ConfineParameters& parameters = {});

// What restrict_calls() installs.
Filter filter_for(Role role, const ConfineParameters& parameters);

// The table for people, in its order: SECURITY.md shows it.
struct CallRow {
  std::string calls;      // separated by single spaces
  std::string condition;  // "" for none
  std::string reason;
};
std::vector<CallRow> describe(Role role);        // what it may call
std::vector<CallRow> describe_fatal(Role role);  // what ends it; all else is refused with EPERM

}  // namespace sandbox
