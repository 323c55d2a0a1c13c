// SPDX-License-Identifier: Apache-2.0
// Which signatures of a message are to be judged, from its header alone (RFC 6376 section 6.1).
//
// From the top of the header on: the first that may pass are judged, as many as the settings say.
// Linear in the header but for the signatures that are listed. For any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "auth/dkim_signature.h"
#include "auth/settings.h"
#include "base/time.h"
#include "mail/header_fields.h"

namespace auth {

inline constexpr std::size_t kMaxDkimListed = 100;  // what stands below is only counted

struct ScreenedDkim {
  const mail::HeaderField* field = nullptr;
  ReadDkimSignature read;  // with the finding of the screen, if any
};

struct DkimScreen {
  std::vector<ScreenedDkim> signatures;  // in the order of the header
  std::uint32_t unlisted = 0;
};

// The fields of `header` must outlive the screen.
DkimScreen screen_dkim(const mail::HeaderFields& header, const DkimSettings& settings,
                       base::WallTime now);

// Where the key is: "selector._domainkey.example.org" (section 3.6.2.1).
std::string dkim_key_name(const DkimSignature& signature);

}  // namespace auth
