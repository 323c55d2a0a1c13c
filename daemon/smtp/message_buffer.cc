// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/message_buffer.h"

#include <unistd.h>

#include <cerrno>

#include "base/memory_file.h"
#include "base/spare_descriptors.h"
#include "daemon/common/sealed_memory.h"

namespace smtp_role {

bool BufferBudget::take(std::uint64_t bytes) {
  const std::uint64_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes <= limit_) return true;
  give_back(bytes);
  return false;
}

bool BudgetCharge::add(BufferBudget& budget, std::uint64_t bytes) {
  if (!budget.take(bytes)) return false;
  budget_ = &budget;
  bytes_ += bytes;
  return true;
}

void BudgetCharge::release() {
  if (budget_ != nullptr) budget_->give_back(bytes_);
  budget_ = nullptr;
  bytes_ = 0;
}

base::Result<std::shared_ptr<MessagePart>> MessagePart::make(BufferBudget& budget) {
  auto fd = base::memory_file("postern-message");
  if (!fd) return fd.error();
  if (!base::leaves_spare_descriptors(fd->get()))
    return base::Error::system("memfd_create", EMFILE);
  return std::shared_ptr<MessagePart>(new MessagePart(std::move(*fd), budget));
}

MessagePart::~MessagePart() { budget_.give_back(size_); }

base::Status MessagePart::append(std::string_view bytes) {
  if (!budget_.take(bytes.size()))
    return base::Error::temporary("the memory for messages coming in is used up");
  size_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return base::Error::system("message buffer", written < 0 ? errno : EIO);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return base::ok();
}

base::Result<base::SharedFd> MessagePart::seal() {
  if (!sealed_)
    if (auto sealed = common::seal(fd_.get()); !sealed) return sealed.error();
  sealed_ = true;
  return base::SharedFd(shared_from_this(), &fd_);
}

}  // namespace smtp_role
