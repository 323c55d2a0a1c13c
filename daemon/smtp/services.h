// SPDX-License-Identifier: Apache-2.0
// What the sessions of this process share.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "auth/settings.h"
#include "base/result.h"
#include "daemon/common/resolve_client.h"
#include "daemon/common/role_settings.h"
#include "daemon/common/verify_client.h"
#include "daemon/smtp/counters.h"
#include "daemon/smtp/deliver_client.h"
#include "daemon/smtp/message_buffer.h"
#include "daemon/smtp/opinion_client.h"
#include "daemon/smtp/unjudged.h"
#include "net/tls_context.h"
#include "policy/decide.h"
#include "policy/gate.h"
#include "policy/history.h"
#include "policy/recipients.h"
#include "smtp/settings.h"

namespace smtp_role {

// One configuration in force, immutable. A session keeps the one it began with.
struct Snapshot {
  std::string hostname;
  smtp::Settings smtp;
  auth::Settings auth;
  std::uint64_t min_free_bytes = 0;  // of the spool's file system
  std::shared_ptr<const net::TlsContext> tls;
  policy::Recipients recipients;
  policy::AuthSettings auth_policy;
  policy::LimitSettings limits;

  static base::Result<std::shared_ptr<const Snapshot>> make(
      const common::SmtpRoleSettings& settings);
};

// Outlives all shards. Threads: any.
class Services {
 public:
  // `listeners`: how many there are.
  Services(std::shared_ptr<const Snapshot> snapshot, std::size_t listeners,
           net::EventLoop& main_loop);

  std::shared_ptr<const Snapshot> snapshot() const;
  void replace(std::shared_ptr<const Snapshot> snapshot);

  ipc::Pong figures(std::uint64_t ping) const;

  // A message has been judged: counts it, and tells the log when the DNS is gone or back.
  void count(const auth::Verdicts& verdicts, const policy::Disposition& disposition);

  policy::Gate gate;
  policy::History history;
  BufferBudget buffers;
  DeliverClient deliver;
  common::ResolveClient resolve;
  common::VerifyClient verify;
  Counters counters;
  OpinionClient opinions;  // told of verdicts by verify

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
  Unjudged unjudged_;
};

}  // namespace smtp_role
