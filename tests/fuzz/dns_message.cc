// SPDX-License-Identifier: Apache-2.0
// A DNS message, and the question that it should answer. First byte: the type, and (bit 7) whether
// the name asked is that of the message's own question or a fixed one.
#include "dns/message.h"

#include "dns/answer_check.h"
#include "dns/name.h"
#include "fuzz/fuzz.h"

namespace {

constexpr std::size_t kHeader = 12;

// The first name behind the header, as far as it is plain.
std::string name_in(std::string_view message) {
  std::string name;
  std::size_t at = kHeader;
  while (at < message.size() && message[at] > 0 && message[at] <= 63) {
    const auto size = static_cast<std::size_t>(message[at]);
    name.append(message.substr(at + 1, size)).append(1, '.');
    at += size + 1;
  }
  return dns::normalized_name(name).value_or("example.org");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t choice = input.byte();
  const std::string_view message = input.rest();
  const auto last = static_cast<unsigned>(dns::Type::Last_);
  const dns::Question question{(choice & 0x80) != 0 ? "example.org" : name_in(message),
                               static_cast<dns::Type>((choice & 0x7fu) % (last + 1))};
  const dns::Answer answer = dns::read_answer(message, question);
  fuzz::require(dns::can_answer(answer, question), "an answer is as answer.h says");
  fuzz::require(answer.security == dns::Security::Unknown, "a message tells no security");
  fuzz::require(!answer.failed() || !answer.reason.empty(), "a failure has a reason");
  return 0;
}
