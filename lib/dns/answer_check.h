// SPDX-License-Identifier: Apache-2.0
// Whether an answer that came from another process can be one.
#pragma once

#include <cstddef>

#include "dns/answer.h"
#include "dns/question.h"

namespace dns {

inline constexpr std::size_t kMaxReason = 400;  // octets of Answer::reason

// As answer.h describes it, with records of the type asked and no others, and names that are
// normalized. Whether it is true nobody can tell.
bool can_answer(const Answer& answer, const Question& question);

}  // namespace dns
