// SPDX-License-Identifier: Apache-2.0
#include "ipc/protocol.h"

#include <algorithm>

namespace ipc {
namespace {

struct Transition {
  State from;
  Type message;
  State to;
};

//   supervisor hears a role:  RoleStarting --Hello--> RolePreparing --Confined--> RoleServing
//   a role hears:             AwaitWelcome --Welcome--> AwaitParts --Confine--> AwaitServe
//   --Serve-->
//                             Serving --Drain--> Draining
constexpr Transition kTransitions[] = {
    {State::RoleStarting, Type::Hello, State::RolePreparing},
    {State::RolePreparing, Type::Confined, State::RoleServing},
    {State::RoleServing, Type::Pong, State::RoleServing},
    {State::RoleServing, Type::Reloaded, State::RoleServing},
    {State::RoleServing, Type::PeerLost, State::RoleServing},
    {State::RoleServing, Type::PeerStuck, State::RoleServing},
    {State::RoleServing, Type::Sessions, State::RoleServing},
    {State::RoleServing, Type::Bans, State::RoleServing},
    {State::RoleServing, Type::Limits, State::RoleServing},
    {State::RoleServing, Type::Busiest, State::RoleServing},
    {State::RoleServing, Type::Drained, State::RoleServing},

    {State::AwaitWelcome, Type::Welcome, State::AwaitParts},
    {State::AwaitParts, Type::Configure, State::AwaitParts},
    {State::AwaitParts, Type::Listener, State::AwaitParts},
    {State::AwaitParts, Type::Directory, State::AwaitParts},
    {State::AwaitParts, Type::Peer, State::AwaitParts},
    {State::AwaitParts, Type::Confine, State::AwaitServe},
    {State::AwaitServe, Type::Peer, State::AwaitServe},
    {State::AwaitServe, Type::Serve, State::Serving},
    {State::Serving, Type::Ping, State::Serving},
    {State::Serving, Type::Peer, State::Serving},
    {State::Serving, Type::PeerCrashed, State::Serving},
    {State::Serving, Type::Reload, State::Serving},
    {State::Serving, Type::ListSessions, State::Serving},
    {State::Serving, Type::ManageBans, State::Serving},
    {State::Serving, Type::ShowLimits, State::Serving},
    {State::Serving, Type::ListBusiest, State::Serving},
    {State::Serving, Type::Drain, State::Draining},
    {State::Draining, Type::Ping, State::Draining},
    {State::Draining, Type::Peer, State::Draining},
    {State::Draining, Type::PeerCrashed, State::Draining},
    {State::Draining, Type::ListSessions, State::Draining},
    {State::Draining, Type::ManageBans, State::Draining},
    {State::Draining, Type::ShowLimits, State::Draining},
    {State::Draining, Type::ListBusiest, State::Draining},
    {State::Draining, Type::Drain, State::Draining},  // with less grace

    {State::FromDeliver, Type::Delivered, State::FromDeliver},
    {State::FromDeliver, Type::Collecting, State::FromDeliver},
    {State::FromDeliver, Type::Appended, State::FromDeliver},
    {State::FromDeliver, Type::Space, State::FromDeliver},
    {State::FromDeliver, Type::KeptState, State::FromDeliver},
    {State::FromDeliver, Type::StateSaved, State::FromDeliver},
    {State::FromSmtp, Type::Deliver, State::FromSmtp},
    {State::FromSmtp, Type::Append, State::FromSmtp},
    {State::FromSmtp, Type::Discard, State::FromSmtp},
    {State::FromSmtp, Type::SaveState, State::FromSmtp},

    {State::FromVerify, Type::Need, State::FromVerify},
    {State::FromVerify, Type::Judged, State::FromVerify},
    {State::FromOpinion, Type::Reviewed, State::FromOpinion},
    {State::JobsFromSmtp, Type::Attach, State::JobsFromSmtp},
    {State::JobsFromSmtp, Type::Judge, State::JobsFromSmtp},
    {State::FromResolve, Type::Resolved, State::FromResolve},
    {State::ToResolve, Type::Resolve, State::ToResolve},
};

}  // namespace

std::optional<State> next_state(State state, Type type) {
  const auto* row =
      std::find_if(std::begin(kTransitions), std::end(kTransitions),
                   [&](const Transition& t) { return t.from == state && t.message == type; });
  if (row == std::end(kTransitions)) return std::nullopt;
  return row->to;
}

}  // namespace ipc
