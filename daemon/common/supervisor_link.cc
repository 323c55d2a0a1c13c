// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/supervisor_link.h"

#include <unistd.h>

#include <cerrno>

#include "daemon/common/exit_code.h"
#include "obs/log.h"

namespace common {

void SupervisorLink::on_readable() {
  const auto open = channel_.receive();
  for (;;) {
    auto message = channel_.next();
    if (!message) end(message.error().reason);
    if (!*message) break;
    handle(**message);
  }
  if (!open) end(open.error().reason);
  if (!*open) end_in_peace();
}

void SupervisorLink::on_writable() { end_unless(channel_.flush()); }

void SupervisorLink::end_unless(const base::Status& status) {
  if (status) return;
  // It has closed our channel, which we have not seen yet: the same end as in on_readable().
  if (status.error().system_error == EPIPE) end_in_peace();
  end(status.error().reason);
}

// It has stopped, or died. What we have logged is still written.
void SupervisorLink::end_in_peace() {
  obs::stop();
  ::_exit(kExitOk);
}

void SupervisorLink::end(const std::string& reason) {
  obs::Line(obs::Event::ipc_violation).token("peer", "supervisor").text("reason", reason).write();
  obs::stop();
  ::_exit(kExitUnavailable);
}

void SupervisorLink::handle(ipc::Message& message) {
  const auto body = [&]<class T>(T) {
    auto value = ipc::unpack<T>(message.body);
    if (!value) end(std::string(ipc::name_of(message.type)) + ": damaged body");
    return *value;
  };
  switch (message.type) {
    case ipc::Type::Serve:
      return handler_.on_serve();
    case ipc::Type::Ping:
      return handler_.on_ping(body(ipc::Ping{}).number);
    case ipc::Type::Reload:
      return handler_.on_reload(body(ipc::Reload{}).generation, std::move(*message.fd));
    case ipc::Type::Drain:
      return handler_.on_drain(std::chrono::milliseconds(body(ipc::Drain{}).grace_ms));
    case ipc::Type::Peer:
      return handler_.on_peer(body(ipc::Peer{}).id, std::move(*message.fd));
    case ipc::Type::PeerCrashed:
      return handler_.on_peer_crashed(body(ipc::PeerCrashed{}).id);
    case ipc::Type::ListSessions:
      return handler_.on_list_sessions(body(ipc::ListSessions{}).request);
    case ipc::Type::ManageBans:
      return handler_.on_question(body(ipc::ManageBans{}));
    case ipc::Type::ShowLimits:
      return handler_.on_question(body(ipc::ShowLimits{}));
    case ipc::Type::ListBusiest:
      return handler_.on_question(body(ipc::ListBusiest{}));
    default:
      end(std::string(ipc::name_of(message.type)) + " is not for a role");
  }
}

}  // namespace common
