// SPDX-License-Identifier: Apache-2.0
// A TXT record at a "_dmarc" name, as it is and behind "v=DMARC1;".
#include "auth/dmarc_record.h"

#include <string>
#include <variant>

#include "base/ascii.h"
#include "fuzz/fuzz.h"

namespace {

using fuzz::require;

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), base::is_printable);
}

bool same(const auth::DmarcRecord& a, const auth::DmarcRecord& b) {
  return a.p == b.p && a.sp == b.sp && a.np == b.np && a.adkim == b.adkim && a.aspf == b.aspf &&
         a.psd == b.psd && a.testing == b.testing && a.flaw == b.flaw && a.is_policy == b.is_policy;
}

void check_record(const std::string& text, const auth::DmarcRecord& record) {
  require(record.is_policy || !record.flaw.empty(), "what is no policy has a flaw");
  require(record.flaw.empty() || (record.p == auth::DmarcPolicy::None && !record.sp && !record.np),
          "what has a flaw asks for nothing");
  require(is_printable(record.flaw), "a flaw is printable");
  if (text.size() + 20 > auth::kMaxDmarcRecord) return;
  const auto longer = auth::parse_dmarc_record(text + ";;moo ; = ; \x80 ; ");
  const auto* again = std::get_if<auth::DmarcRecord>(&longer);
  require(again != nullptr && same(record, *again), "what is no tag changes nothing");
}

void check(const std::string& text) {
  if (!auth::is_dmarc_record(text)) return;
  const auto parsed = auth::parse_dmarc_record(text);
  if (const auto* record = std::get_if<auth::DmarcRecord>(&parsed))
    return check_record(text, *record);
  const auto& reason = std::get<auth::DmarcSyntaxError>(parsed).reason;
  require(!reason.empty() && reason.size() < 100 && is_printable(reason),
          "a reason is there, short and printable");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::Input(data, size).rest());
  check(text);
  check("v=DMARC1;" + text);
  return 0;
}
