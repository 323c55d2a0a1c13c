// SPDX-License-Identifier: Apache-2.0
// What a session would have known of a message before it came: from the options of `postern
// verify`, and where they say nothing from the message, when we stored it.
#pragma once

#include <optional>
#include <string>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"
#include "mail/address.h"
#include "mail/stored_trace.h"

namespace ctl {

struct EnvelopeOptions {
  std::optional<std::string> ip;
  std::optional<std::string> helo;
  std::optional<std::string> from;  // "" and "<>": the null reverse-path
  std::optional<std::string> time;
};

// Where a part of it comes from, for the reader of the report: an option, or a header field.
struct Origins {
  const char* client = "";
  const char* helo = "";
  const char* from = "";
  const char* time = "";
};

inline constexpr char kClock[] = "clock";  // the origin of the present time

struct Envelope {
  base::IpAddress client;
  std::string helo;
  mail::Path from;
  base::WallTime time;    // of its receipt; whole seconds, as options and fields have them
  bool smtputf8 = false;  // of the message, or only with it could the sender be said
  Origins origins;
};

// What else there is.
struct EnvelopeSources {
  const mail::StoredTrace* trace = nullptr;  // nothing: not stored by us
  std::optional<base::WallTime> recorded;    // of the answers that are replayed
  base::WallTime now;
};

// Of the time: the first of option, record, field and clock that is there. An error names the
// option that is wrong or missing; for a wrong one it has the reply that a client would get.
base::Result<Envelope> make_envelope(const EnvelopeOptions& options,
                                     const EnvelopeSources& sources);

}  // namespace ctl
