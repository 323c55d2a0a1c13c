// SPDX-License-Identifier: Apache-2.0
// The fields that we put on top of a message, as `postern verify` looks for them on any file.
#include "mail/stored_trace.h"

#include <string>

#include "fuzz/fuzz.h"

namespace {

constexpr char kHostname[] = "mx.ours.test";

// Line ends that a mutation does not tear apart.
std::string with_crlf(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return result;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string message = with_crlf(fuzz::Input(data, size).rest());
  const mail::HeaderFields header(message);
  const auto trace = mail::read_stored_trace(header, kHostname, kHostname);
  if (trace) {
    const std::string top = message.substr(0, trace->size);
    const std::string begin = mail::return_path_field(trace->reverse_path) + "Delivered-To: ";
    fuzz::require(top.starts_with(begin), "the sender is the one that stands there");
    fuzz::require(top.ends_with(mail::received_field(trace->received)),
                  "what Received says is what stands there");
    fuzz::require(mail::HeaderFields(top).all().size() == trace->fields.size(),
                  "whole fields are taken");
    fuzz::require(trace->fields.size() == 3 || trace->fields.size() == 4, "and no others");
  }
  return 0;
}
