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

template <class Message>
bool takes(std::size_t rows) {
  Message message{};
  message.rows.resize(rows);
  return ipc::unpack<Message>(ipc::pack(message)).has_value();
}

}  // namespace

TEST_CASE("the largest question fits its message") {
  const ipc::Resolve message{1, 2, {std::string(dns::kMaxName, 'a'), dns::Type::Txt}};
  CHECK(ipc::pack(message).size() <= limit(ipc::Type::Resolve));
}

TEST_CASE("lists for an administrator have a limit") {
  CHECK(takes<ipc::Sessions>(ipc::kMaxRows));
  CHECK_FALSE(takes<ipc::Sessions>(ipc::kMaxRows + 1));
  CHECK(takes<ipc::Bans>(ipc::kMaxRows));
  CHECK_FALSE(takes<ipc::Bans>(ipc::kMaxRows + 1));
}

TEST_CASE("the copies of a message have a limit") {
  ipc::Deliver message{};
  message.copies.resize(ipc::kMaxCopies);
  CHECK(ipc::unpack<ipc::Deliver>(ipc::pack(message)));
  message.copies.emplace_back();
  CHECK_FALSE(ipc::unpack<ipc::Deliver>(ipc::pack(message)));
}
