// SPDX-License-Identifier: Apache-2.0
// What libopendmarc is asked about a message: the record by RFC 7489, and what has passed. It is
// not asked where that RFC and RFC 9989, which we follow, come to different things, nor where it is
// known to do neither.
#pragma once

#include <variant>

#include "auth/public_suffixes.h"
#include "auth/second_opinion/opendmarc.h"
#include "auth/second_opinion/refusal.h"
#include "auth/verdict.h"
#include "dns/answer_table.h"

namespace auth::second_opinion {

// `answers` are those that the verdicts stand on. Pure, for any thread.
std::variant<DmarcQuestion, Refusal> question_about(const Verdicts& verdicts,
                                                    const dns::AnswerTable& answers,
                                                    const PublicSuffixes& suffixes);

}  // namespace auth::second_opinion
