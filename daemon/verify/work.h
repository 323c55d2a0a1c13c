// SPDX-License-Identifier: Apache-2.0
// What a process of this kind does with a job: postern-verify judges it, postern-opinion reviews
// what it was judged.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "auth/verify.h"
#include "base/result.h"
#include "daemon/verify/message_body.h"
#include "dns/answer_table.h"
#include "ipc/channel.h"

namespace verify_role {

struct Job {
  std::uint64_t number = 0;  // smtp's; the answer repeats it
  auth::Facts facts;
  dns::AnswerTable answers;
  auth::Asked asked;
  auth::Verdicts verdicts;            // for opinion
  std::optional<std::string> header;  // of the message, as much as has come
  std::optional<MessageBody> body;
};

// Answers a job over its channel; an error ends the channel. It keeps nothing between two jobs.
using Work = std::function<base::Status(Job& job, ipc::Channel& channel)>;

// Opens files. Permanent error: a library cannot be used.
base::Result<Work> make_judge();

}  // namespace verify_role
