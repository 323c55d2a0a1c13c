// SPDX-License-Identifier: Apache-2.0
#include "policy/recipients.h"

#include <algorithm>
#include <set>

#include "base/ascii.h"
#include "base/assert.h"
#include "mail/idn.h"
#include "smtp/replies.h"

namespace policy {
namespace {

constexpr std::string_view kPostmaster = "postmaster";  // RFC 5321 section 4.5.1

// Routing that hides in a local part: "user%other.example", "other.example!user", "a@b" in quotes.
// None of it is ever looked up, so not even a catch-all can be talked into taking it.
bool asks_for_routing(std::string_view local_part) {
  return local_part.find_first_of("%!@") != std::string_view::npos;
}

RecipientDecision refused(const smtp::Reply& reply) { return {reply, std::nullopt}; }

}  // namespace

Recipients::Recipients(const std::vector<Domain>& domains) {
  POSTERN_ASSERT(!domains.empty() && !domains.front().mailboxes.empty());
  const Domain& first = domains.front();
  const Table first_table = table_of(first);
  const auto listed = first_table.local_parts.find(std::string(kPostmaster));
  postmaster_ = {first.name, listed == first_table.local_parts.end() ? first.mailboxes.front()
                                                                     : listed->second};
  for (const Domain& domain : domains) {
    by_name_.emplace(domain.name, tables_.size());
    tables_.push_back(table_of(domain));
  }
}

Recipients::Table Recipients::table_of(const Domain& domain) {
  Table table{domain.name, {}, domain.subaddress_delimiters, domain.catch_all};
  for (const std::string& mailbox : domain.mailboxes) table.local_parts.emplace(mailbox, mailbox);
  for (const auto& [alias, mailbox] : domain.aliases) {
    // An alias of an unlisted postmaster goes where that postmaster goes: see find().
    table.local_parts.emplace(alias, mailbox);
  }
  return table;
}

std::optional<LocalMailbox> Recipients::find(const Table& table, std::string_view given) const {
  const std::string local_part = base::lower(given);
  const auto resolve = [&](const std::string& name) -> std::optional<LocalMailbox> {
    const auto entry = table.local_parts.find(name);
    const std::string& mailbox = entry == table.local_parts.end() ? name : entry->second;
    if (table.local_parts.count(mailbox) > 0) return LocalMailbox{table.name, mailbox};
    if (mailbox == kPostmaster) return postmaster_;
    return std::nullopt;
  };
  if (auto exact = resolve(local_part)) return exact;
  const auto delimiter = local_part.find_first_of(table.subaddress_delimiters);
  if (delimiter != std::string::npos && delimiter > 0)
    if (auto base_mailbox = resolve(local_part.substr(0, delimiter))) return base_mailbox;
  if (table.catch_all) return LocalMailbox{table.name, *table.catch_all};
  return std::nullopt;
}

RecipientDecision Recipients::decide(const mail::Path& path) const {
  POSTERN_ASSERT(!path.is_null());
  const mail::Address& address = *path.address;
  // RFC 5321 section 4.5.1: <postmaster> without a domain must be taken.
  if (address.domain.empty() && base::iequals(address.local_part, kPostmaster))
    return {smtp::replies::recipient_ok(), postmaster_};
  // RFC 6531 section 3.7.1: a U-label and its A-label are one domain.
  const auto domain = by_name_.find(mail::to_a_labels(address.domain).value_or(address.domain));
  if (domain == by_name_.end()) return refused(smtp::replies::relay_denied());
  if (asks_for_routing(address.local_part)) return refused(smtp::replies::relay_denied());
  auto mailbox = find(tables_[domain->second], address.local_part);
  if (!mailbox) return refused(smtp::replies::no_such_user());
  return {smtp::replies::recipient_ok(), std::move(mailbox)};
}

std::vector<LocalMailbox> Recipients::all_mailboxes() const {
  std::set<LocalMailbox> mailboxes{postmaster_};
  for (const Table& table : tables_) {
    for (const auto& [local_part, mailbox] : table.local_parts)
      if (local_part == mailbox) mailboxes.insert({table.name, mailbox});
  }
  return {mailboxes.begin(), mailboxes.end()};
}

}  // namespace policy
