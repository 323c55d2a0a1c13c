// SPDX-License-Identifier: Apache-2.0
// What other implementations say of a message that was judged: by a postern-opinion of its own,
// confined as under posternd, which lives for that message alone.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "auth/second_opinion/opinion.h"
#include "auth/verify.h"
#include "base/account.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "dns/answer_table.h"

namespace ctl {

struct SecondOpinions {
  std::vector<auth::second_opinion::OpinionRow> rows;
  std::string trouble;  // why there are none, or empty: the program ended, or did not answer
};

// `facts` and `answers` are what the verdicts stand on; `user`: whom the program becomes. It takes
// some seconds at most. Only for a process with a single thread.
SecondOpinions second_opinions(const std::optional<base::Account>& user, const auth::Facts& facts,
                               const auth::Verdicts& verdicts, const dns::AnswerTable& answers);

// Asks who is at the other end of the channel. An error: EPIPE when it has ended, ETIMEDOUT
// when it has not answered in time.
base::Result<auth::second_opinion::Opinions> ask_opinions(base::UniqueFd channel,
                                                          const auth::Facts& facts,
                                                          const auth::Verdicts& verdicts,
                                                          const dns::AnswerTable& answers,
                                                          std::chrono::milliseconds patience);

// For the report. No byte of the text can steer a terminal.
std::string as_text(const SecondOpinions& opinions);
nlohmann::json to_json(const SecondOpinions& opinions);

}  // namespace ctl
