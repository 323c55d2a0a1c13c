// SPDX-License-Identifier: Apache-2.0
// What each side of a channel may say when. Whoever receives a message asks here first; a message
// that does not fit ends the channel, whatever it contains.
#pragma once

#include <optional>

#include "ipc/messages.h"

namespace ipc {

// A channel as one of its ends sees what comes in.
enum class State {
  // The supervisor, hearing a role.
  RoleStarting,   // Hello is awaited
  RolePreparing,  // it may report itself confined
  RoleServing,
  // A role, hearing the supervisor.
  AwaitWelcome,
  AwaitParts,  // settings, sockets, directories, until Confine
  AwaitServe,
  Serving,
  Draining,
  // smtp hearing deliver, deliver hearing smtp.
  FromDeliver,
  FromSmtp,
  // smtp hearing verify and opinion, each of these hearing smtp.
  FromVerify,
  FromOpinion,
  JobsFromSmtp,
  // smtp hearing resolve, resolve hearing smtp.
  FromResolve,
  ToResolve,
};

// The state after `type` has come in; nothing: it may not come in now.
std::optional<State> next_state(State state, Type type);

}  // namespace ipc
