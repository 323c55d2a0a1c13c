// SPDX-License-Identifier: Apache-2.0
#include "daemon/deliver/janitor.h"

#include "base/time.h"
#include "obs/log.h"

namespace deliver_role {
namespace {

constexpr std::chrono::hours kSweepInterval{6};

std::string name_of(const spool::Mailbox& mailbox) {
  return mailbox.name + "@" + mailbox.domain +
         (mailbox.folder.empty() ? "" : "/." + mailbox.folder);
}

}  // namespace

Janitor::Janitor(spool::Spool& spool, std::vector<spool::Mailbox> mailboxes)
    : spool_(spool), mailboxes_(std::move(mailboxes)), thread_([this] { work(); }) {}

Janitor::~Janitor() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Janitor::replace(std::vector<spool::Mailbox> mailboxes) {
  const std::lock_guard lock(mutex_);
  mailboxes_ = std::move(mailboxes);
}

bool Janitor::stopping() {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void Janitor::work() {
  while (!stopping()) {
    sweep_all();
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kSweepInterval, [this] { return stop_; });
  }
}

void Janitor::sweep_all() {
  std::vector<spool::Mailbox> mailboxes;
  {
    const std::lock_guard lock(mutex_);
    mailboxes = mailboxes_;
  }
  for (const spool::Mailbox& mailbox : mailboxes) {
    if (stopping()) return;
    const auto removed = spool_.sweep(mailbox, base::wall_now());
    if (!removed) {
      obs::log_trouble("sweep", removed.error().reason);
    } else if (*removed > 0) {
      obs::Line(obs::Event::swept)
          .text("mailbox", name_of(mailbox))
          .number("files", *removed)
          .write();
    }
  }
}

}  // namespace deliver_role
