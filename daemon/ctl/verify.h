// SPDX-License-Identifier: Apache-2.0
// `postern verify`: a message and its envelope, judged by the programs of the server.
#pragma once

#include <string>

#include "config/load.h"
#include "daemon/ctl/verify_envelope.h"

namespace ctl {

struct VerifyOptions {
  std::string message;  // a file; "-": standard input
  EnvelopeOptions envelope;
  bool as_received = false;  // the file is the message as it came: nothing on top is ours
  std::string file = config::kDefaultPath;
  std::string record;           // where the answers of the DNS go; "": nowhere
  std::string replay;           // where they come from; "": the DNS
  bool second_opinion = false;  // ask other implementations too
  bool json = false;
};

// The exit code: 0 the message would be taken, 1 refused or deferred; 65 a file is too large or no
// record, 66 cannot be read, 69 a role ended. The report goes to standard output, errors and
// warnings to standard error.
int verify(const VerifyOptions& options);

}  // namespace ctl
