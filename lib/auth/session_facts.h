// SPDX-License-Identifier: Apache-2.0
// What a session knows of a message before it has come.
#pragma once

#include <optional>
#include <string>

#include "base/ip_address.h"
#include "base/time.h"
#include "mail/address.h"

namespace auth {

struct SessionFacts {
  base::IpAddress client;
  std::string helo;                        // as the client said it
  std::optional<mail::Address> mail_from;  // nothing: the null reverse-path; domain in A-labels
  std::string receiver;                    // our name
  base::WallTime time;                     // one for all runs of a message

  bool operator==(const SessionFacts&) const = default;
  void visit(auto& v) { v(client, helo, mail_from, receiver, time); }
};

// The sender that is judged for a reverse-path, for SessionFacts::mail_from.
std::optional<mail::Address> judged_sender(const mail::Path& reverse_path);

}  // namespace auth
