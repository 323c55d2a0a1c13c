// SPDX-License-Identifier: Apache-2.0
// What we put on top of a message when we stored it (trace.h), read again.
//
// A stored message begins with it whatever the sender wrote, for nothing goes above. Of a message
// that we did not store nobody can tell: its sender may have written the same.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "mail/address.h"
#include "mail/header_fields.h"
#include "mail/trace.h"

namespace mail {

struct StoredTrace {
  std::size_t size = 0;             // octets
  std::vector<std::string> fields;  // in their order, each unfolded
  Path reverse_path;
  ReceivedFacts received;  // the name of the client with '?' for what the field cannot say
};

// Return-Path, Delivered-To, Authentication-Results unless there were no verdicts, and Received:
// nothing unless the header begins with them, each as the server of that name writes it. That is
// every byte, but of Authentication-Results only the authserv-id at its begin. Linear in the length
// of the fields. For any thread.
std::optional<StoredTrace> read_stored_trace(const HeaderFields& header,
                                             const std::string& hostname,
                                             const std::string& authserv_id);

}  // namespace mail
