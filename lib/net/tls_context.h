// SPDX-License-Identifier: Apache-2.0
// The server's TLS policy as an immutable OpenSSL context: TLS 1.2 and 1.3, AEAD with ECDHE only,
// server preference; no renegotiation, compression, tickets, resumption or early data.
// Sources: RFC 9325, RFC 8996, RFC 7525 section 3; the lists in tls_context.cc.
// Threads: share it freely once made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/settings.h"

struct ssl_ctx_st;
struct ssl_st;

namespace net {

class TlsContext {
 public:
  // The error's reason names the file at fault and what is wrong with it.
  static base::Result<TlsContext> make(const TlsSettings& settings);

  // A server-side SSL for a non-blocking descriptor, which the caller keeps. Null: out of memory.
  ssl_st* new_ssl(int fd) const;

  // Whole days until the certificate expires; negative: since it has.
  int days_left(base::WallTime now) const;

  // Notes for the administrator: expired, not yet valid, does not name `hostname`.
  std::vector<std::string> warnings(const std::string& hostname, base::WallTime now) const;

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  std::unique_ptr<ssl_ctx_st, Free> context_;
  std::string chain_name_;
};

}  // namespace net
