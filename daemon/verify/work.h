// SPDX-License-Identifier: Apache-2.0
// What a process of this kind does with a job: postern-verify judges it, postern-opinion reviews
// what it was judged.
#pragma once

#include <cstdint>
#include <functional>

#include "auth/verify.h"
#include "base/result.h"
#include "dns/answer_table.h"
#include "ipc/channel.h"

namespace verify_role {

struct Job {
  std::uint64_t number = 0;  // smtp's; the answer repeats it
  auth::Facts facts;
  dns::AnswerTable answers;
  auth::Asked asked;
};

// Answers a job over its channel; an error ends the channel. It keeps nothing between two jobs.
using Work = std::function<base::Status(const Job& job, ipc::Channel& channel)>;

base::Status judge(const Job& job, ipc::Channel& channel);

}  // namespace verify_role
