// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/confined_role.h"

#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "base/time.h"
#include "daemon/common/await_message.h"
#include "daemon/common/build_id.h"
#include "ipc/channel.h"

namespace ctl {
namespace {

constexpr std::chrono::minutes kStartLimit{1};
constexpr std::chrono::seconds kDeathPatience{1};
constexpr std::chrono::milliseconds kDeathPoll{2};

template <class Message>
base::Result<Message> await(ipc::Channel& channel, base::Instant deadline) {
  auto message = common::await_message(channel, deadline);
  if (!message) return message.error();
  auto body = ipc::unpack<Message>(message->body);
  if (!body) return base::Error::permanent(std::string(ipc::name_of(message->type)) + ": damaged");
  return std::move(*body);
}

}  // namespace

base::Result<std::unique_ptr<ConfinedRole>> ConfinedRole::start(
    ipc::Role role, const base::UniqueFd& program, base::UniqueFd settings,
    const std::optional<base::Account>& user) {
  auto ends = ipc::Channel::make_pair();
  if (!ends) return ends.error();
  auto process = common::RoleProcess::spawn({role}, program, user);
  if (!process) return process.error();
  std::unique_ptr<ConfinedRole> started(
      new ConfinedRole(role, std::move(*process), std::move(ends->first)));
  const auto prepared = started->prepare(std::move(settings), std::move(ends->second));
  if (prepared) return started;
  if (prepared.error().system_error == EPIPE)
    return base::Error::temporary(started->how_it_ended() + " at its start");
  return base::Error::temporary(std::string("postern-") + ipc::name_of(role) + ": " +
                                prepared.error().reason);
}

base::Status ConfinedRole::prepare(base::UniqueFd settings, base::UniqueFd its_end) {
  ipc::Channel& channel = process_.channel();
  const base::Instant deadline = base::now() + kStartLimit;
  const auto hello = await<ipc::Hello>(channel, deadline);
  if (!hello) return hello.error();
  if (auto ours = common::check_hello(*hello, role_); !ours) return ours;
  base::Status sent = base::ok();
  const auto send = [&](const auto& message, base::UniqueFd fd) {
    if (sent) sent = channel.send(message, fd ? base::share(std::move(fd)) : nullptr);
  };
  send(ipc::Welcome{common::build_id()}, {});
  send(ipc::Configure{1}, std::move(settings));
  send(ipc::Peer{{ipc::Role::Smtp}}, std::move(its_end));
  send(ipc::Confine{}, {});
  if (!sent) return sent;
  auto confined = await<ipc::Confined>(channel, deadline);
  if (!confined) return confined.error();
  warnings_ = std::move(confined->warnings);
  return channel.send(ipc::Serve{});
}

std::string ConfinedRole::how_it_ended() {
  const std::string name = std::string("postern-") + ipc::name_of(role_);
  const base::Instant patience = base::now() + kDeathPatience;
  do {
    int status = 0;
    if (::waitpid(process_.pid(), &status, WNOHANG) == process_.pid()) {
      reaped_ = true;
      return name + " ended: " + common::describe_death(status);
    }
    std::this_thread::sleep_for(kDeathPoll);
  } while (base::now() < patience);
  return name + " closed its channel";
}

ConfinedRole::~ConfinedRole() {
  if (reaped_) return;
  process_.channel().close();
  to_smtp_.reset();
  common::await_ends({process_.pid()});
}

}  // namespace ctl
