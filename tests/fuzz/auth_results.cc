// SPDX-License-Identifier: Apache-2.0
// Authentication-Results: what we write is valid and reads as ours, and who claims to be us. First
// byte: whether UTF-8 may be written; two strings with their sizes in front: a reason and a value;
// the rest is the value of a field that came with a message.
#include "mail/auth_results.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "fuzz/fuzz.h"
#include "mail/rfc5322_lexer.h"
#include "support/auth_results_reader.h"

namespace {

using fuzz::require;

const std::string kId = "mx.ours.test";

bool is_ours(std::string_view value, std::string_view id = kId) {
  return mail::is_our_auth_results({{}, "Authentication-Results", value}, id);
}

bool is_kept(std::string_view text) {
  return text.size() <= mail::kMaxAuthValue &&
         std::all_of(text.begin(), text.end(), base::is_printable);
}

void check_written(const std::string& reason, const std::string& value, bool smtputf8) {
  const std::string field =
      mail::auth_results_field(kId, {{"spf", "pass", reason, {{"smtp.helo", value}}}}, smtputf8);
  const auto read = support::AuthResultsReader::read(field, smtputf8);
  require(read && read->authserv_id == kId && read->results.size() == 1, "the field is valid");
  const mail::AuthResult& result = read->results.front();
  require(result.method == "spf" && result.result == "pass" && result.properties.size() == 1 &&
              result.properties.front().name == "smtp.helo",
          "nothing leaves its place");
  require(!is_kept(reason) || result.reason == reason, "the reason is there");
  require(!is_kept(value) || result.properties.front().value == value, "the value is there");
  const mail::HeaderFields header(field);
  require(header.all().size() == 1, "it is one field");
  require(mail::is_our_auth_results(header.all().front(), kId), "it is ours");
  require(!mail::is_our_auth_results(header.all().front(), "ours.test"), "it is nobody else's");
}

void check_claim(const std::string& value) {
  const bool ours = is_ours(value);
  require(ours == is_ours(" (x (\\)))\r\n " + value), "comments in front change nothing");
  const bool has_letters = std::all_of(kId.begin(), kId.end(), [&](char c) {
    return base::lower(value).find(c) != std::string::npos;
  });
  const bool may_mean_it = !base::is_ascii(value) || value.find("=?") != std::string::npos ||
                           std::cmp_greater(std::ranges::count(value, '('), mail::kMaxCommentDepth);
  require(!ours || has_letters || may_mean_it, "it says our name");
  for (const std::string name : {"mx.ours.test", "\"MX.ours.test\"", "mx\r\n (.) . ours.test"}) {
    for (const std::string behind : {";", " 1;", " x", "<", "\""})
      require(is_ours(name + behind + value), "our name counts, whatever is behind");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool smtputf8 = (input.byte() & 1) != 0;
  const std::string_view reason = input.bytes(input.byte());
  const std::string_view value = input.bytes(input.byte());
  check_written(std::string(reason), std::string(value), smtputf8);
  check_claim(std::string(input.rest()));
  return 0;
}
