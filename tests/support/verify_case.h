// SPDX-License-Identifier: Apache-2.0
// A case of a whole message: what a session knew of it, its bytes, a zone, and what is due: the
// verdicts, and what becomes of it. The form is that of tests/verify/README.md.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "auth/verify.h"
#include "dns/answer_table.h"
#include "policy/decide.h"

namespace support {

struct VerifyCase {
  std::string rule;    // in a sentence
  std::string source;  // where it is written
  auth::Facts facts;
  policy::AuthSettings settings;
  std::string message;  // as on the wire
  dns::AnswerTable zone;
  std::vector<std::string> expected;  // lines, as lines_of() has them

  std::vector<std::string> complaints;  // about what is not of the form
};

VerifyCase read_verify_case(const std::filesystem::path& directory);

// All that the verdicts say, but for what every verdict says that has nothing to say.
std::vector<std::string> lines_of(const auth::Verdicts& verdicts);

std::vector<std::string> lines_of(const policy::Disposition& disposition);

}  // namespace support
