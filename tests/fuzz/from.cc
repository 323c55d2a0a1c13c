// SPDX-License-Identifier: Apache-2.0
// Values of From: what is understood is understood as a whole, and can be said again.
#include "mail/from.h"

#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "mail/idn.h"

namespace {

using fuzz::require;
using Mailboxes = std::vector<mail::FromMailbox>;

const Mailboxes* parsed(const std::variant<Mailboxes, mail::FromError>& result) {
  return std::get_if<Mailboxes>(&result);
}

void check_mailbox(const mail::FromMailbox& mailbox, std::string_view value) {
  const mail::Address& address = mailbox.address;
  require(address.is_literal ? mail::is_address_literal(address.domain)
                             : mail::to_a_labels(address.domain) == address.domain,
          "the domain is in A-labels, or a literal");
  require(base::is_utf8(address.local_part), "the local part is UTF-8, whatever is beside it");
  if (!mailbox.display_name.empty()) {
    require(
        mailbox.display_name.data() >= value.data() && mailbox.display_name.end() <= value.end(),
        "the display name is a part of the value");
  }
  const auto again = mail::parse_from(address.to_string());
  require(parsed(again) != nullptr && parsed(again)->size() == 1 &&
              parsed(again)->front().address == address,
          "a mailbox can be said again");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view value = fuzz::Input(data, size).rest();
  const auto result = mail::parse_from(value);
  const Mailboxes* mailboxes = parsed(result);
  if (mailboxes == nullptr) {
    require(!mail::reason(std::get<mail::FromError>(result)).empty(), "a failure has a reason");
    return 0;
  }
  require(value.size() <= mail::kMaxFromValue, "a value is within limits");
  require(!mailboxes->empty() && mailboxes->size() <= mail::kMaxFromMailboxes,
          "there are mailboxes, and not too many");
  for (const mail::FromMailbox& mailbox : *mailboxes) check_mailbox(mailbox, value);
  // The grammar is closed: another member or comment changes nothing, an open one breaks it.
  const std::string text(value);
  require(size + 16 > mail::kMaxFromValue || parsed(mail::parse_from(text + "(c),")) != nullptr,
          "a comment and an empty member may follow");
  require(parsed(mail::parse_from(text + " x")) == nullptr, "a word may not follow");
  require(parsed(mail::parse_from(text + "(")) == nullptr, "an open comment may not follow");
  return 0;
}
