// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/role_start.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>

#include "daemon/common/await_message.h"
#include "daemon/common/build_id.h"
#include "daemon/common/exit_code.h"
#include "daemon/common/journal.h"
#include "daemon/common/standard_descriptors.h"
#include "obs/log.h"
#include "policy/settings.h"
#include "sandbox/process.h"

namespace common {
namespace {

base::Error damaged(const ipc::Message& message) {
  return base::Error::permanent(std::string(ipc::name_of(message.type)) + ": damaged body");
}

base::Status check_welcome(const ipc::Message& message) {
  const auto welcome = ipc::unpack<ipc::Welcome>(message.body);
  if (!welcome) return damaged(message);
  if (welcome->build_id != build_id())
    return base::Error::permanent("the supervisor is of build " + welcome->build_id +
                                  ", this role of " + build_id());
  return base::ok();
}

base::Status take_listener(RoleParts& parts, ipc::Message& message) {
  const auto listener = ipc::unpack<ipc::Listener>(message.body);
  if (!listener || listener->index >= policy::kMaxListeners) return damaged(message);
  if (parts.listeners.size() <= listener->index) parts.listeners.resize(listener->index + 1);
  parts.listeners[listener->index] = std::move(*message.fd);
  return base::ok();
}

base::Status take_part(RoleParts& parts, ipc::Message& message) {
  switch (message.type) {
    case ipc::Type::Welcome:
      return check_welcome(message);
    case ipc::Type::Configure:
      parts.settings = std::move(*message.fd);
      return base::ok();
    case ipc::Type::Listener:
      return take_listener(parts, message);
    case ipc::Type::Directory: {
      const auto directory = ipc::unpack<ipc::Directory>(message.body);
      if (!directory) return damaged(message);
      parts.directories[directory->kind] = std::move(*message.fd);
      return base::ok();
    }
    case ipc::Type::Peer: {
      const auto peer = ipc::unpack<ipc::Peer>(message.body);
      if (!peer) return damaged(message);
      parts.peers[peer->id] = std::move(*message.fd);
      return base::ok();
    }
    default:
      return base::ok();  // Confine, the last one
  }
}

// An exception that nobody catches would end in SIGABRT, which says nothing. A verifier's would be
// held against the client whose message it had, though others may have taken the memory.
[[noreturn]] void end_without_memory() { ::_exit(kExitSoftware); }

base::Status prepare_process() {
  std::set_new_handler(end_without_memory);
  open_standard_descriptors();
  adopt_journal();
  // The end comes by the supervisor's channel: a signal to the process group must not cut a message
  // that the supervisor wants to see finished.
  for (const int number : {SIGPIPE, SIGXFSZ, SIGHUP, SIGINT, SIGTERM}) std::signal(number, SIG_IGN);
  ::fcntl(kSupervisorFd, F_SETFD, FD_CLOEXEC);
  sandbox::die_with_parent();
  if (auto forbidden = sandbox::forbid_dumps(); !forbidden) return forbidden;
  return base::ok();
}

}  // namespace

base::Result<RoleStart> begin_role(ipc::Role role) {
  if (auto prepared = prepare_process(); !prepared) return prepared.error();
  RoleStart start{ipc::Channel(base::UniqueFd(kSupervisorFd), ipc::State::AwaitWelcome), {}};
  if (auto sent = start.supervisor.send(ipc::Hello{role, build_id()}); !sent) return sent.error();
  while (start.supervisor.state() != ipc::State::AwaitServe) {
    auto message = await_message(start.supervisor);
    if (!message) return message.error();
    if (auto taken = take_part(start.parts, *message); !taken) return taken.error();
  }
  return start;
}

int fail_role(ipc::Role role, const base::Error& error) {
  if (error.system_error == EPIPE) return kExitUnavailable;
  obs::Line(obs::Event::fatal)
      .text("reason", std::string("postern-") + ipc::name_of(role) + ": " + error.reason)
      .write();
  return role == ipc::Role::Deliver ? kExitCannotCreate : kExitUnavailable;
}

}  // namespace common
