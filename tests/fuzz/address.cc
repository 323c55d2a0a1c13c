// SPDX-License-Identifier: Apache-2.0
// Addresses of the envelope: what is understood is within the limits and can be said again.
#include "mail/address.h"

#include "fuzz/fuzz.h"
#include "mail/idn.h"

namespace {

using fuzz::require;

void check_address(const mail::Address& address) {
  require(address.local_part.size() <= mail::kMaxLocalPart, "the local part is within its limit");
  require(address.domain.size() <= mail::kMaxDomain, "the domain is within its limit");
  const bool valid = address.is_literal ? mail::is_address_literal(address.domain)
                                        : mail::to_a_labels(address.domain).has_value();
  require(valid, "the domain is a domain");
  require(mail::parse_mailbox(address.to_string()) == address, "a mailbox can be said again");
}

void check_path(std::string_view text, mail::PathKind kind) {
  const auto parsed = mail::parse_path(text, kind);
  if (!parsed) return;
  require(parsed->length <= std::min(text.size(), mail::kMaxPath), "a path is within its limit");
  const std::string_view used = text.substr(0, parsed->length);
  require(used.front() == '<' && used.back() == '>', "a path stands in angle brackets");
  const auto alone = mail::parse_path(used, kind);
  require(alone && alone->path == parsed->path, "what follows a path does not matter");

  const auto again = mail::parse_path(parsed->path.to_string(), kind);
  require(again && again->path == parsed->path, "a path can be said again");
  require(again->length <= parsed->length, "the canonical path is not longer");
  if (parsed->path.is_null()) require(kind == mail::PathKind::Reverse, "no null forward-path");
  if (parsed->path.address && !parsed->path.address->domain.empty())
    check_address(*parsed->path.address);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::Input(data, size).rest();
  check_path(text, mail::PathKind::Reverse);
  check_path(text, mail::PathKind::Forward);
  if (const auto mailbox = mail::parse_mailbox(text)) {
    check_address(*mailbox);
    require(
        mail::parse_path('<' + mailbox->to_string() + '>', mail::PathKind::Forward).has_value() ==
            (mailbox->to_string().size() + 2 <= mail::kMaxPath),
        "a mailbox is a path unless it is too long");
  }
  return 0;
}
