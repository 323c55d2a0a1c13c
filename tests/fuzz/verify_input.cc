// SPDX-License-Identifier: Apache-2.0
// What `postern verify` is given: the options --ip, --helo, --from and --time, a line each, of
// which
// "-" is none, and a message as a file has it.
#include "daemon/ctl/verify_input.h"

#include <algorithm>
#include <optional>

#include "daemon/ctl/verify_envelope.h"
#include "daemon/ctl/verify_record.h"
#include "fuzz/fuzz.h"
#include "fuzz/spf_input.h"
#include "smtp/grammar.h"

namespace {

using fuzz::require;

const std::string kHost = "mx.ours.test";

std::optional<std::string> option(std::string_view& rest) {
  const std::string line(fuzz::take_line(rest));
  return line == "-" ? std::nullopt : std::optional(line);
}

void check_message(const std::string& message, std::size_t whole, std::size_t taken_off) {
  require(message.size() + taken_off == whole, "what is taken off is all that is missing");
  require(ctl::with_crlf(message) == message, "line ends are made once");
  const auto facts = ctl::examine_message(message, kHost);
  require(facts && facts->bytes == message.size() && facts->header_bytes <= facts->bytes,
          "a header is a part of its message");
  require(facts->taken_out.size() <= facts->fields, "what is taken out are fields");
}

void check_envelope(const ctl::EnvelopeOptions& options, const mail::StoredTrace* trace) {
  const auto envelope = ctl::make_envelope(options, {trace, std::nullopt, {}});
  if (!envelope) return require(!envelope.error().reason.empty(), "a mistake has a reason");
  require(!smtp::check_helo(envelope->helo), "a client could say this helo");
  require(envelope->from.is_null() ||
              mail::parse_path(envelope->from.to_string(), mail::PathKind::Reverse).has_value(),
          "a client could say this sender");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::Input(data, size).rest();
  ctl::EnvelopeOptions options;
  for (auto* one : {&options.ip, &options.helo, &options.from, &options.time}) *one = option(rest);
  std::string message = ctl::with_crlf(std::string(rest));
  const std::size_t whole = message.size();
  const auto trace = ctl::take_stored_trace(message, kHost, kHost);
  check_message(message, whole, trace ? trace->size : 0);
  check_envelope(options, trace ? &*trace : nullptr);
  if (const auto record = ctl::parse_record(std::string(rest)); !record)
    require(!record.error().reason.empty(), "a mistake has a reason");
  return 0;
}
