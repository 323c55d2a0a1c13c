// SPDX-License-Identifier: Apache-2.0
// postern-opinion: has other implementations judge what postern-verify has judged, and reaches
// nothing. It ends when they crash, which no message waits for. Started by posternd only.
#include <memory>

#include "auth/second_opinion/reviewer.h"
#include "daemon/verify/program.h"

namespace {

base::Result<verify_role::Work> review() {
  // Made now, and only now: see reviewer.h.
  const auto reviewer = std::make_shared<auth::second_opinion::Reviewer>();
  return verify_role::Work([reviewer](verify_role::Job& job, ipc::Channel& channel) {
    return channel.send(ipc::Reviewed{
        job.number, ipc::pack(reviewer->review(job.facts, job.verdicts, job.answers))});
  });
}

}  // namespace

int main() { return verify_role::run_program(ipc::Role::Opinion, review); }
