// SPDX-License-Identifier: Apache-2.0
#include "auth/author_domain.h"

#include <algorithm>
#include <variant>

#include "mail/from.h"

namespace auth {
namespace {

Author fault(AuthorFault fault, std::string reason) { return {fault, {}, std::move(reason)}; }

}  // namespace

Author author_of(const mail::HeaderFields& header) {
  const auto looks_like_from = [](const mail::HeaderField& line) {
    return mail::looks_like(line, "From");
  };
  if (std::ranges::any_of(header.all(), looks_like_from))
    return fault(AuthorFault::BadFrom, "a line looks like a From field and is none");
  const std::size_t fields = header.count("From");
  if (fields == 0) return fault(AuthorFault::NoFrom, "the message has no From field");
  if (fields > 1) return fault(AuthorFault::SeveralFroms, "the message has several From fields");

  const auto parsed = mail::parse_from(header.find("From")->value);
  if (const auto* error = std::get_if<mail::FromError>(&parsed))
    return fault(AuthorFault::BadFrom,
                 "the From field cannot be read: " + std::string(mail::reason(*error)));
  const auto& mailboxes = std::get<std::vector<mail::FromMailbox>>(parsed);
  const mail::Address& first = mailboxes.front().address;
  const auto is_other = [&](const mail::FromMailbox& mailbox) {
    return mailbox.address.domain != first.domain;
  };
  if (std::any_of(mailboxes.begin(), mailboxes.end(), is_other))
    return fault(AuthorFault::SeveralDomains, "the From field has mailboxes of several domains");
  if (first.is_literal)
    return fault(AuthorFault::NoDomain, "the From field has an address instead of a domain");
  return {AuthorFault::None, first.domain, {}};
}

}  // namespace auth
