// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/work.h"

#include <utility>
#include <variant>

namespace verify_role {

base::Status judge(const Job& job, ipc::Channel& channel) {
  auto result = auth::verify(job.facts, job.answers, job.asked);
  if (auto* need = std::get_if<auth::Need>(&result))
    return channel.send(ipc::Need{job.number, std::move(need->questions), need->of_sender});
  return channel.send(ipc::Judged{job.number, ipc::pack(std::get<auth::Verdicts>(result))});
}

}  // namespace verify_role
