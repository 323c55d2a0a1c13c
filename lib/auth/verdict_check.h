// SPDX-License-Identifier: Apache-2.0
// Whether verdicts that came from another process can be verdicts.
#pragma once

#include <cstddef>

#include "auth/verdict.h"

namespace auth {

// Octets. Of a name, what a client may say or the DNS may hold; of a reason, some names as
// dns::presentation() writes them.
inline constexpr std::size_t kMaxVerdictName = 512;
inline constexpr std::size_t kMaxVerdictReason = 4096;
inline constexpr std::size_t kMaxVerdictSection = 64;

// As verdict.h describes them, of the sizes that evaluate_spf(), evaluate_iprev(), verify_dkim()
// and evaluate_dmarc() keep. Whether they are true nobody can tell.
bool can_be(const Verdicts& verdicts);

}  // namespace auth
