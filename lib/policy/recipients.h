// SPDX-License-Identifier: Apache-2.0
// Which recipients are ours. The only answer that is ever positive is "a mailbox of a configured
// domain"; there is no notion of a relay client.
#pragma once

#include <optional>
#include <string>
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
  smtp::Reply reply;                   // 250 2.1.5, or why not
  std::optional<LocalMailbox> mailbox; // set exactly when the reply is positive
};

// Immutable once made; share it between threads.
class Recipients {
 public:
  explicit Recipients(std::vector<Domain> domains);
  // `path` is a valid, non-null forward-path.
  RecipientDecision decide(const mail::Path& path) const;
  // Every mailbox that a decision can name.
  std::vector<LocalMailbox> all_mailboxes() const;

 private:
  const Domain* find_domain(const std::string& name) const;
  std::optional<std::string> find_mailbox(const Domain& domain, const std::string& local_part) const;
  std::vector<Domain> domains_;
};

}  // namespace policy
