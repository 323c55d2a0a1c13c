// SPDX-License-Identifier: Apache-2.0
// Internationalised domain names, in the one form in which DNS and every comparison know them.
//
// Threads: any; there is no state, and neither a file nor the locale is read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mail {

// The name in lower-case A-labels (RFC 5890 section 2.3.2.1); nothing if it is no domain name. Two
// names are the same domain exactly when this is equal for both.
//
// A name in ASCII is only lower-cased and checked (is_domain): a label "xn--..." stays as it is,
// because DNS alone decides what it leads to. Any other name must be UTF-8 and at most kMaxDomain
// octets, and is mapped as UTS #46 says, non-transitional (U+00DF and joiners are kept), before
// the rules of RFC 5891 section 5 apply; its own A-labels must decode. So capitals, fullwidth
// letters, the ideographic full stops and soft hyphens are accepted, as browsers do it, and give
// what they map to: RFC 6531 asks for U-labels only, which is stricter, but a mail program shows
// what was mapped, and a second spelling that means something else would be a way around a rule.
std::optional<std::string> to_a_labels(std::string_view domain);

}  // namespace mail
