// SPDX-License-Identifier: Apache-2.0
// One message for three mailboxes, and the judge of what a delivery left on the disk.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "spool/delivery.h"

namespace three_mailboxes {

// Path from the spool's root to the bytes of each file.
using Tree = std::map<std::string, std::string>;

const std::vector<spool::Mailbox>& mailboxes();  // the last is in Junk
// The spool in `directory`, through `ops`.
base::Result<spool::Spool> open_spool(const std::string& directory, spool::FileOps& ops);

// CRLF; longer than the chunk in which it is copied, with a CRLF across the border.
const std::string& message();
spool::Job job(int message_fd);

// What contradicts the legal states of spool/delivery.h, in words; "" when nothing does.
std::string illegal(const Tree& tree);
// What contradicts the report of the only delivery so far, in words; "" when nothing does.
std::string dishonest(const Tree& tree, const spool::Done& done);
// Which of a durable delivery's copies is not there and whole, in words; "" when all are.
std::string lost(const Tree& tree, const spool::Done& done);

std::vector<std::string> paths_in(const Tree& tree, const std::string& directory);  // "new"

}  // namespace three_mailboxes
