// SPDX-License-Identifier: Apache-2.0
// What the sessions of this process share.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "auth/settings.h"
#include "base/result.h"
#include "daemon/common/counters.h"
#include "daemon/common/resolve_client.h"
#include "daemon/common/role_settings.h"
#include "daemon/common/verify_client.h"
#include "daemon/smtp/deliver_client.h"
#include "daemon/smtp/message_buffer.h"
#include "daemon/smtp/opinion_client.h"
#include "daemon/smtp/unjudged.h"
#include "net/tls_context.h"
#include "policy/connections.h"
#include "policy/decide.h"
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

  static base::Result<std::shared_ptr<const Snapshot>> make(
      const common::SmtpRoleSettings& settings);
};

// Threads: any.
class Counters {
 public:
  void add(common::Counter counter) { ++values_.at(static_cast<std::size_t>(counter)); }
  void add_end(std::string_view reason);  // a session ended
  void add(const policy::Disposition& disposition);
  void set(common::Counter counter, std::uint64_t value) {
    values_.at(static_cast<std::size_t>(counter)) = value;
  }
  std::vector<std::uint64_t> values() const { return {values_.begin(), values_.end()}; }

 private:
  std::array<std::atomic<std::uint64_t>, common::kCounters.size()> values_{};
};

// Outlives all shards. Threads: any.
class Services {
 public:
  Services(std::shared_ptr<const Snapshot> snapshot, policy::ConnectionLimits limits,
           net::EventLoop& main_loop);

  std::shared_ptr<const Snapshot> snapshot() const;
  void replace(std::shared_ptr<const Snapshot> snapshot, policy::ConnectionLimits limits);

  // A message has been judged: counts it, and tells the log when the DNS is gone or back.
  void count(const auth::Verdicts& verdicts, const policy::Disposition& disposition);

  policy::Connections connections;
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
