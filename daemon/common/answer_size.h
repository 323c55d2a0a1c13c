// SPDX-License-Identifier: Apache-2.0
// How large an answer of the DNS may be that the checks take; a larger one is a failure of that
// name. postern-resolve does not even tell it, and VerifyClient, which need not believe that, looks
// again.
#pragma once

#include <cstdint>

#include "dns/answer_table.h"
#include "dns/question.h"
#include "ipc/wire.h"

namespace common {

inline constexpr char kTooLarge[] = "the answer is larger than the checks take";

// Octets of the entry, as packed. Of texts all that a DNS message can hold, for a record may be as
// long (RFC 7208 section 3.4 only advises against it). SPF looks at ten hosts of an MX and ten
// names of a PTR (section 4.6.4), and iprev at ten names too. A host with some hundred addresses is
// none.
inline constexpr std::uint64_t most_bytes_of(dns::Type type) {
  switch (type) {
    case dns::Type::Txt:
      return 66u << 10;
    case dns::Type::Mx:
    case dns::Type::Ptr:
      return 16u << 10;
    case dns::Type::A:
    case dns::Type::Aaaa:
      break;
  }
  return 8u << 10;
}

// The same for all of DKIM and DMARC: other texts may stand beside a record, in reason.
inline constexpr std::uint64_t kMaxMessageAnswer = 8u << 10;

inline std::uint64_t size_of(const dns::Entry& entry) { return ipc::pack(entry).size(); }

}  // namespace common
