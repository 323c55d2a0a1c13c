// SPDX-License-Identifier: Apache-2.0
// libspf2 as a second implementation of check_host(), over the answers that are there. It never
// asks the DNS: its only way to it is our table, and what it may see of that spf_guard.h decides.
//
// Bounds: kMaxLookups questions and records in one run (its own count begins anew with each
// include), each record within the limits of spf_guard.h. It may still end the process: it calls
// abort() when it does not trust itself.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "auth/second_opinion/spf_guard.h"
#include "auth/spf_eval.h"
#include "auth/verdict.h"
#include "dns/answer_table.h"

namespace auth::second_opinion {

// One thread at a time.
class Spf2 {
 public:
  // Asks the kernel for the name of the host: make it before the process is confined.
  Spf2();
  ~Spf2();

  // `query` was not refused by the guard. A refusal: it wanted to see what it may not.
  std::variant<SpfResult, Refusal> ask(const SpfQuery& query, const dns::AnswerTable& answers);

 private:
  struct Library;
  std::unique_ptr<Library> library_;  // null: it cannot be used on this host
};

}  // namespace auth::second_opinion
