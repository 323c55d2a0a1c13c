// SPDX-License-Identifier: Apache-2.0
// Which recipients are ours. The only answer that is ever positive is "a mailbox of a configured
// domain"; there is no notion of a relay client.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mail/address.h"
#include "policy/settings.h"
#include "smtp/reply.h"

namespace policy {

struct LocalMailbox {
  std::string domain;   // lower case, of the configuration
  std::string mailbox;  // directory name, of the configuration
  auto operator<=>(const LocalMailbox&) const = default;
};

struct RecipientDecision {
  smtp::Reply reply;                    // 250 2.1.5, or why not
  std::optional<LocalMailbox> mailbox;  // set exactly when the reply is positive
};

// Immutable once made: share it between threads. At least one domain with at least one mailbox.
class Recipients {
 public:
  explicit Recipients(const std::vector<Domain>& domains);

  // `path` is a valid forward-path.
  RecipientDecision decide(const mail::Path& path) const;

  // Every mailbox that a decision can name.
  std::vector<LocalMailbox> all_mailboxes() const;

 private:
  struct Table {
    std::string name;
    std::unordered_map<std::string, std::string> local_parts;  // lower case -> mailbox
    std::string subaddress_delimiters;
    std::optional<std::string> catch_all;
  };
  static Table table_of(const Domain& domain);
  std::optional<LocalMailbox> find(const Table& table, std::string_view local_part) const;

  std::vector<Table> tables_;  // few: searched one after the other
  std::unordered_map<std::string, std::size_t> by_name_;
  LocalMailbox postmaster_;  // where every unlisted postmaster goes
};

}  // namespace policy
