// SPDX-License-Identifier: Apache-2.0
// What every session of this process shares. All of it outlives all shards; all of it may be used
// from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "daemon/smtp/message_buffer.h"
#include "net/tls_context.h"
#include "policy/connections.h"
#include "policy/recipients.h"
#include "smtp/settings.h"
#include "spool/writers.h"

namespace smtp_role {

struct Services {
  std::string hostname;
  smtp::Settings smtp;
  std::uint64_t min_free_bytes = 0;  // of the spool's file system
  std::shared_ptr<const net::TlsContext> tls;
  const policy::Recipients& recipients;
  policy::Connections& connections;
  spool::Writers& writers;
  BufferBudget& buffers;
};

}  // namespace smtp_role
