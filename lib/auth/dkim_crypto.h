// SPDX-License-Identifier: Apache-2.0
// SHA-256 and the two kinds of signatures that DKIM has, by OpenSSL. dkim_crypto.cc is the only
// file beside those of lib/net that includes it (tests/lint/check_floors.py).
//
// Any thread, an object one at a time. Nothing is opened here that DkimLibrary::create() has not
// opened. No errors: what OpenSSL cannot do for want of memory ends the process, as it does
// everywhere.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "auth/dkim_key.h"

namespace auth {

class Sha256 {
 public:
  Sha256();
  void add(std::string_view octets);
  std::string finish();  // 32 octets; nothing may be added any more

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

// Whether `signature` is that of the key's owner over data with this SHA-256: RSASSA-PKCS1-v1_5
// (RFC 6376 section 3.3.2), or Ed25519 of the hash itself (RFC 8463 section 3).
bool is_signed_by(const DkimKey& key, const std::string& sha256, const std::string& signature);

}  // namespace auth
