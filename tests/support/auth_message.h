// SPDX-License-Identifier: Apache-2.0
// What auth::verify() needs beside facts and answers.
#pragma once

#include <cstdlib>
#include <string>
#include <utility>

#include "auth/verify.h"

namespace support {

// Made once. One thread.
inline auth::Libraries& auth_libraries() {
  static auto dkim = auth::DkimLibrary::create();
  if (!dkim) std::abort();
  static auth::Libraries libraries{std::move(*dkim), auth::PublicSuffixes()};
  return libraries;
}

// Says not whom it is from, and is not signed: nothing is asked for it.
inline constexpr char kAnonymous[] = "Subject: x\r\n\r\nHello\r\n";

// Signed by a.test with an RSA and an Ed25519 key (made with tests/auth/dkim/signer.py).
inline constexpr char kSignedHeader[] =
    "DKIM-Signature: v=1; a=ed25519-sha256; d=a.test; s=e; h=from;\r\n"
    " bh=Z54nP3j8j4uhFNsjwtzoDMd8kQg5OYJcqDAVLy8IDQg=;\r\n"
    " b=mennRSJ4oFAkoiTEcLO7FLhw9wa+7m7CeG3aCEapnXj8MCxFKhWY2SFHZMO7\r\n"
    " mGov2dJwQ2qURO3EP3EQvbNoBA==\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; d=a.test; s=r; h=from;\r\n"
    " bh=Z54nP3j8j4uhFNsjwtzoDMd8kQg5OYJcqDAVLy8IDQg=;\r\n"
    " b=kxpFx/GNxeY5zaN8/lIVQGJZdfhsUyr6+JOF0VGruWyWHwNA/34pOi9Q+TTE\r\n"
    " u6Bmh8RuzeyFrrMnis1OgdZTwYf7Yt5k9sByvZDMEE+rM2UB+jS/qV8hNk71\r\n"
    " QaWsTXx5/32wTJtZQnO6cbXPK7T2n88Nm0Q9Xv3Q7WJGQ6n57LQ=\r\n"
    "From: a@a.test\r\n"
    "\r\n";
// Likewise, in a form that libopendkim is not given.
inline constexpr char kOddlySignedHeader[] =
    "DKIM-Signature: v=1; a=ed25519-sha256; d=a.test; s=e; h=from;\r\n"
    " bh=Z54nP3j8j4uhFNsjwtzoDMd8kQg5OYJcqDAVLy8IDQg=;\r\n"
    " b =MtLjcssDIaB4W/AIpTlgsSuOqpsX9k+qhE8OFwSfwJ1F9wJEBvPd2YUgXaF/\r\n"
    " iZiQy/vV6/LiRdzxs+o91epcCg==\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; d=a.test; s=r; h=from;\r\n"
    " bh=Z54nP3j8j4uhFNsjwtzoDMd8kQg5OYJcqDAVLy8IDQg=;\r\n"
    " b =xV9Hsb91KXLTj5MmoIpoBDoVVH9CxUrxea/jg1/CkJPmG7XTr149a/hrmJtS\r\n"
    " 6AIRX/EmMNwRrvH2AtgGnBUGOIBIG8OSRREbfJtrGFN6BEaeV9WcFKb8sYTm\r\n"
    " SQdotaE3LoA7tq3SXa4+IzjYtzE/LqZctamo+VfiyyBmg7Vxzog=\r\n"
    "From: a@a.test\r\n"
    "\r\n";
inline constexpr char kSignedBody[] = "b\r\n";
// In the form of dns::from_text().
inline constexpr char kSignersZone[] =
    "e._domainkey.a.test TXT secure records \""
    "v=DKIM1; k=ed25519; p=iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAb"
    "QPb1w="
    "\"\n"
    "r._domainkey.a.test TXT secure records \""
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDHoI"
    "TVoUKXXDnvteo//U0cwVvgtmt7pAxbiJ94Qw5JbE8Aii3+TWFLjJmTNivlXk"
    "EUyosI6QySTQHwqw/LfOe1AH87VzKM7bJIG7QAM6/P3GME+gf68WDJet/Bue"
    "wgbRNOKrZzXrTkTLxGcVTV5QY2pMGE/7IXLwS/EQFUoZSt5QIDAQAB"
    "\"\n"
    "_dmarc.a.test TXT secure records \"v=DMARC1; p=reject\"\n";

class AuthMessage {
 public:
  explicit AuthMessage(std::string text = kAnonymous)
      : text_(std::move(text)),
        header_(text_),
        body_(std::string_view(text_).substr(header_.size_with_empty_line())) {}
  AuthMessage(const AuthMessage&) = delete;
  AuthMessage& operator=(const AuthMessage&) = delete;

  auth::MessageParts header() const { return {&header_, nullptr}; }
  auth::MessageParts whole() { return {&header_, &body_}; }

 private:
  const std::string text_;
  const mail::HeaderFields header_;
  auth::TextBody body_;
};

}  // namespace support
