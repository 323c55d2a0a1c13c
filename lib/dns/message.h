// SPDX-License-Identifier: Apache-2.0
// The answer in a DNS message (RFC 1035 section 4), as a resolver hands it over after it has
// followed every CNAME. Nothing in the message is trusted: whatever does not fit is a Failure with
// a reason. Time and memory are linear in the message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dns/answer.h"
#include "dns/question.h"

namespace dns {

inline constexpr std::size_t kMaxMessage = 65535;  // octets; RFC 1035 section 4.2.2
inline constexpr int kMaxAliases = 16;             // CNAMEs from the name asked to the records

// Its security is Unknown: a message does not tell. MX hosts and PTR names that no name of ours can
// be, as with a dot inside a label, are left out; the root is a host of an MX and no name of a PTR.
Answer read_answer(std::string_view message, const Question& question);

// "SERVFAIL", "REFUSED"; "RCODE 23" for one without a name here.
std::string name_of_code(unsigned rcode);

}  // namespace dns
