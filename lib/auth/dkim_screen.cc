// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_screen.h"

#include "base/ascii.h"

namespace auth {
namespace {

using Finding = DkimFinding;

// A NUL, or a CR or LF alone: no session lets them in, and to libopendkim they are the end of a
// field, or white space.
bool has_bad_octet(std::string_view section) {
  for (std::size_t i = 0; i < section.size(); ++i) {
    const char c = section[i];
    if (c == '\0' || c == '\n') return true;
    if (c != '\r') continue;
    if (section.substr(i + 1, 1) != "\n") return true;
    ++i;
  }
  return false;
}

// Gives it to all that are still to be judged.
void find_of_all(DkimScreen& screen, Finding finding) {
  for (ScreenedDkim& signature : screen.signatures)
    if (!signature.read.finding) signature.read.finding = finding;
}

}  // namespace

DkimScreen screen_dkim(const mail::HeaderFields& header, const DkimSettings& settings,
                       base::WallTime now) {
  DkimScreen screen;
  for (const mail::HeaderField& field : header.all()) {
    if (!base::iequals(field.name, "DKIM-Signature")) continue;
    if (screen.signatures.size() < kMaxDkimListed)
      screen.signatures.push_back({&field, read_dkim_signature(field.value, now)});
    else
      ++screen.unlisted;
  }
  if (screen.signatures.empty()) return screen;
  if (has_bad_octet(header.section())) find_of_all(screen, Finding::BadHeader);
  if (header.find("From") == nullptr) find_of_all(screen, Finding::NoFrom);
  std::size_t judged = 0;
  for (ScreenedDkim& signature : screen.signatures)
    if (!signature.read.finding && ++judged > settings.max_signatures)
      signature.read.finding = Finding::Surplus;
  return screen;
}

std::string dkim_key_name(const DkimSignature& signature) {
  return signature.selector + "._domainkey." + signature.domain;
}

}  // namespace auth
