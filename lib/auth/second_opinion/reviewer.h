// SPDX-License-Identifier: Apache-2.0
// Second opinions of what auth::verify() judged, on the same facts and the same answers.
#pragma once

#include "auth/public_suffixes.h"
#include "auth/second_opinion/opinion.h"
#include "auth/second_opinion/spf2.h"
#include "auth/spf_eval.h"
#include "auth/verify.h"
#include "dns/answer_table.h"

namespace auth::second_opinion {

// One thread at a time. It may end its process (spf2.h), so it has one of its own wherever that
// would matter. To be made before the process is confined: it opens files.
class Reviewer {
 public:
  // `answers` are those that the verdicts stand on; with fewer nobody is asked.
  Opinions review(const Facts& facts, const Verdicts& verdicts, const dns::AnswerTable& answers);
  SpfOpinion review_spf(const SpfQuery& query, const dns::AnswerTable& answers);
  DmarcOpinion review_dmarc(const Verdicts& verdicts, const dns::AnswerTable& answers) const;

 private:
  Spf2 spf2_;
  PublicSuffixes suffixes_;
};

}  // namespace auth::second_opinion
