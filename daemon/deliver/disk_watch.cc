// SPDX-License-Identifier: Apache-2.0
#include "daemon/deliver/disk_watch.h"

#include "obs/log.h"

namespace deliver_role {
namespace {

void log_stall(const char* state, base::Duration lasted, std::size_t waiting) {
  obs::Line(obs::Event::disk_stalled)
      .token("state", state)
      .number("seconds", std::chrono::duration_cast<std::chrono::seconds>(lasted).count())
      .number("waiting", static_cast<std::int64_t>(waiting))
      .write();
}

}  // namespace

void DiskWatch::failed(const std::string& reason, base::Instant now) {
  if (told_ && now - *told_ < kInterval) return;
  told_ = now;
  obs::log_trouble("spool", reason);
}

void DiskWatch::look(const spool::Writers::Standing& standing, base::Instant now) {
  if (!standing.space_error.empty()) failed(standing.space_error, now);
  const bool stands = standing.longest >= kPatience;
  if (stands == stalled_.has_value()) return;
  if (stands) {
    stalled_ = now - standing.longest;
    return log_stall("begins", standing.longest, standing.waiting);
  }
  log_stall("over", now - *stalled_, standing.waiting);
  stalled_.reset();
}

}  // namespace deliver_role
