// SPDX-License-Identifier: Apache-2.0
// The body of a message behind descriptors of other processes, read piece by piece as the checks
// want it. It may be large, and as a whole it is never in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "auth/dkim_body.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace verify_role {

class MessageBody final : public auth::BodySource {
 public:
  struct Piece {
    base::UniqueFd fd;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  explicit MessageBody(std::vector<Piece> pieces);

  std::string_view at(std::size_t offset) override;
  // An error: not all of it could be read, so what was made of it is wrong.
  const base::Status& trouble() const { return trouble_; }

 private:
  static constexpr std::size_t kBuffer = 64u << 10;

  std::vector<Piece> pieces_;
  std::unique_ptr<char[]> buffer_;
  base::Status trouble_ = base::ok();
};

}  // namespace verify_role
