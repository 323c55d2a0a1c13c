// SPDX-License-Identifier: Apache-2.0
// The limits of messages.def hold what the structs can be.
#include "ipc/messages.h"

#include <catch2/catch.hpp>

#include "dns/name.h"
#include "ipc/frame.h"

namespace {

std::size_t limit(ipc::Type type) {
  return ipc::find_type(static_cast<std::uint8_t>(type))->max_bytes;
}

}  // namespace

TEST_CASE("the largest question fits its message") {
  const ipc::Resolve message{1, 2, {std::string(dns::kMaxName, 'a'), dns::Type::Txt}};
  CHECK(ipc::pack(message).size() <= limit(ipc::Type::Resolve));
}
