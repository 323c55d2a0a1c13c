// SPDX-License-Identifier: Apache-2.0
// The limits of messages.def hold what the structs can be.
#include "ipc/messages.h"

#include <catch2/catch.hpp>

#include "dns/message.h"
#include "dns/name.h"
#include "ipc/frame.h"
#include "support/dns_wire.h"

namespace {

std::size_t limit(ipc::Type type) {
  return ipc::find_type(static_cast<std::uint8_t>(type))->max_bytes;
}

// The message of the DNS with the most octets in names when they are written out.
dns::Answer largest_answer() {
  const std::string label(63, 'a');
  const std::string name = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  const unsigned type = dns::code_of(dns::Type::Ptr);
  const std::string pointer("\xc0\x0c", 2);
  std::string message = support::WireAnswer{}.message(support::wire_question(name, type));
  std::string records;
  unsigned count = 0;
  for (const std::string record = support::wire_record(pointer, type, pointer);
       message.size() + records.size() + record.size() <= dns::kMaxMessage; ++count)
    records += record;
  message.replace(6, 2, support::wire_number(count));
  return dns::read_answer(message + records, {name, dns::Type::Ptr});
}

}  // namespace

TEST_CASE("the largest question fits its message") {
  const ipc::Resolve message{1, 2, {std::string(dns::kMaxName, 'a'), dns::Type::Txt}};
  CHECK(ipc::pack(message).size() <= limit(ipc::Type::Resolve));
}

TEST_CASE("the largest answer fits its message") {
  const dns::Answer answer = largest_answer();
  REQUIRE(answer.names.size() > 4600);
  const std::size_t size = ipc::pack(ipc::Resolved{1, answer}).size();
  CHECK(size > 1000000);
  CHECK(size <= limit(ipc::Type::Resolved));
}
