// SPDX-License-Identifier: Apache-2.0
// The acknowledged messages, one a line: "ID QUEUE-ID". compare.py reads it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace load {

class Journal {
 public:
  // Appends to what is there, so that several runs may share one journal.
  static base::Result<Journal> open(const std::string& path);

  // When this returns the kernel has the whole line: it survives the end of this process.
  base::Status add(std::string_view id, std::string_view queue_id);

 private:
  explicit Journal(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
};

}  // namespace load
