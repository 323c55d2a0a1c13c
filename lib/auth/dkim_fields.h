// SPDX-License-Identifier: Apache-2.0
// Which fields of a header a signature signs (RFC 6376 section 5.4.2).
#pragma once

#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

#include "auth/dkim_signature.h"
#include "mail/header_fields.h"

namespace auth {

// Reads the header once, for several signatures. Header and signatures must outlive it. One lookup
// for each field of the header, and then one for each name in h=. Any thread.
class DkimFields {
 public:
  using Fields = std::vector<const mail::HeaderField*>;

  DkimFields(const mail::HeaderFields& header, const std::vector<const DkimSignature*>& signatures);

  // By one of them, which stands in the field `itself`: in the order of its hash.
  Fields signed_by(const DkimSignature& signature, const mail::HeaderField& itself) const;

  // By any of these: those of a name in the order of the header.
  Fields signed_by_any(const std::vector<const DkimSignature*>& signatures) const;

 private:
  struct NoCase {
    bool operator()(std::string_view a, std::string_view b) const;
  };
  std::map<std::string_view, Fields, NoCase> by_name_;
};

}  // namespace auth
