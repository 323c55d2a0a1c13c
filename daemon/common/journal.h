// SPDX-License-Identifier: Apache-2.0
// The journal's native socket: connected by the supervisor, which the roles cannot do, and handed
// down to them.
#pragma once

#include <optional>
#include <string>

namespace common {

// The supervisor: where standard error is the journal, the log gets the journal's own socket.
// Without one it stays with standard error.
void connect_journal();

// The same: should another journal have taken the place of that one, the lines of all processes go
// to it from now on.
void reconnect_journal();

// For the child between fork and exec: makes the socket, if there is one, descriptor kJournalFd
// (role_start.h), and gives the variable that tells the role so; else empty.
std::string hand_down_journal();

// A role: takes what the supervisor handed down.
void adopt_journal();

// What restrict_calls() must know of it.
std::optional<int> journal_descriptor();

}  // namespace common
