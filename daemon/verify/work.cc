// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/work.h"

#include <memory>
#include <utility>
#include <variant>

#include "obs/log.h"

namespace verify_role {
namespace {

base::Status judge(Job& job, ipc::Channel& channel, auth::Libraries& libraries) {
  std::optional<mail::HeaderFields> header;
  if (job.header) header.emplace(*job.header);
  const auth::MessageParts message{header ? &*header : nullptr, job.body ? &*job.body : nullptr};
  auto result = auth::verify(job.facts, message, job.answers, job.asked, libraries);
  // What could not be read may have been signed: no verdict is better than a wrong one.
  if (job.body && !job.body->trouble()) {
    const std::string& reason = job.body->trouble().error().reason;
    obs::log_trouble("verify", reason);
    return job.body->trouble();
  }
  if (auto* need = std::get_if<auth::Need>(&result)) {
    return channel.send(
        ipc::Need{job.number, std::move(need->questions), need->of_sender, need->of_message});
  }
  return channel.send(ipc::Judged{job.number, ipc::pack(std::get<auth::Verdicts>(result))});
}

}  // namespace

base::Result<Work> make_judge() {
  auto dkim = auth::DkimLibrary::create();
  if (!dkim) return dkim.error();
  // std::function wants something it could copy.
  const auto libraries =
      std::make_shared<auth::Libraries>(auth::Libraries{std::move(*dkim), auth::PublicSuffixes()});
  return Work(
      [libraries](Job& job, ipc::Channel& channel) { return judge(job, channel, *libraries); });
}

}  // namespace verify_role
