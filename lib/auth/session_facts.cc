// SPDX-License-Identifier: Apache-2.0
#include "auth/session_facts.h"

#include <utility>

#include "mail/idn.h"

namespace auth {

std::optional<mail::Address> judged_sender(const mail::Path& reverse_path) {
  auto sender = reverse_path.address;
  // An address literal stays what it is.
  if (!sender || sender->is_literal) return sender;
  if (auto name = mail::to_a_labels(sender->domain)) sender->domain = std::move(*name);
  return sender;
}

}  // namespace auth
