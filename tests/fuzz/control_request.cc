// SPDX-License-Identifier: Apache-2.0
// A line that comes over the control socket, and what the supervisor asks of smtp for it.
#include "daemon/supervisor/control_server.h"

#include <chrono>

#include "daemon/supervisor/network_report.h"
#include "fuzz/fuzz.h"
#include "ipc/frame.h"
#include "ipc/messages.h"

namespace {

using fuzz::require;

// What is sent on fits into its message; else the supervisor would fail by a request.
template <class Message>
void check_question(const base::Result<Message>& question) {
  if (!question) return require(!question.error().reason.empty(), "a refusal says why");
  const std::string body = ipc::pack(*question);
  const ipc::TypeInfo* row = ipc::find_type(static_cast<std::uint8_t>(Message::kType));
  require(body.size() <= row->max_bytes, "a question fits into its message");
  require(ipc::unpack<Message>(body).has_value(), "a question is understood");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto arguments = supervisor::ControlServer::parse_request(fuzz::Input(data, size).rest());
  if (!arguments) return 0;
  require(arguments->contains("command"), "a request has a command");
  const auto bans = supervisor::bans_question(*arguments);
  check_question(bans);
  require(!bans || bans->duration >= std::chrono::milliseconds(0), "a ban does not end before now");
  check_question(supervisor::limits_question(*arguments));
  return 0;
}
