// SPDX-License-Identifier: Apache-2.0
// What our own code must know of the canonical bodies of a message: how long they are, and their
// hashes (RFC 6376 section 3.7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "auth/dkim_body.h"
#include "auth/dkim_signature.h"

namespace auth {

class DkimBodies {
 public:
  struct Facts {
    std::uint64_t size = 0;
    std::string sha256;
  };

  // Adds those that are wanted and not there yet, at one reading; with nothing to add there is
  // none. False: a CR or LF stands alone.
  bool read(BodySource& body, bool simple, bool relaxed);

  // Of one that was wanted.
  const Facts& of(DkimCanonicalization form) const {
    return form == DkimCanonicalization::Simple ? *simple_ : *relaxed_;
  }

 private:
  std::optional<Facts> simple_, relaxed_;
};

}  // namespace auth
