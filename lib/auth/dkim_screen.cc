// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_screen.h"

#include <algorithm>

#include "base/ascii.h"

namespace auth {
namespace {

using Finding = DkimFinding;
using Fields = std::vector<const mail::HeaderField*>;

constexpr std::string_view kSignature = "dkim-signature";
constexpr std::string_view kUnusualSpace = "\v\f";  // white space to libopendkim

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

class Screen {
 public:
  Screen(const mail::HeaderFields& header, const DkimSettings& settings, base::WallTime now)
      : header_(header), settings_(settings) {
    for (const mail::HeaderField& field : header.all()) {
      if (!base::iequals(field.name, kSignature)) continue;
      if (all_.size() < kMaxDkimListed)
        screen_.signatures.push_back({&field, read_dkim_signature(field.value, now), {}});
      all_.push_back(&field);
    }
    screen_.unlisted = static_cast<std::uint32_t>(all_.size() - screen_.signatures.size());
  }

  DkimScreen take() {
    if (screen_.signatures.empty()) return std::move(screen_);
    look_at_message();
    look_at_spaces();
    look_at_chains();
    drop_surplus();
    return std::move(screen_);
  }

 private:
  // Gives it to all that are still to be judged.
  void find_of_all(Finding finding) {
    for (ScreenedDkim& signature : screen_.signatures)
      if (!signature.read.finding) signature.read.finding = finding;
  }

  void look_at_message() {
    if (has_bad_octet(header_.section())) find_of_all(Finding::BadHeader);
    if (header_.find("From") == nullptr) find_of_all(Finding::NoFrom);
  }

  void look_at_spaces() {
    for (const mail::HeaderField& field : header_.all()) {
      // RFC 6376 section 3.4.2 knows blanks and tabs only.
      if (field.value.find_first_of(kUnusualSpace) != std::string_view::npos)
        cannot_judge(field, DkimCanonicalization::Relaxed);
      if (has_tab_before_colon(field)) cannot_judge(field, DkimCanonicalization::Simple);
    }
  }

  // What is canonicalized like that and stands on the field, or is the field.
  void cannot_judge(const mail::HeaderField& field, DkimCanonicalization canonicalization) {
    const std::string name = base::lower(field.name);
    for (ScreenedDkim& signature : screen_.signatures) {
      const DkimSignature& read = signature.read.signature;
      if (!signature.read.finding && read.header == canonicalization &&
          (signature.field == &field || read.names(name)))
        signature.read.finding = Finding::UnusualSpace;
    }
  }

  void look_at_chains() {
    std::size_t chains = 0;
    for (ScreenedDkim& signature : screen_.signatures) {
      if (signature.read.finding || !signature.read.signature.names(kSignature)) continue;
      if (++chains > kMaxDkimChains || !find_links(signature))
        signature.read.finding = Finding::SignsSignatures;
    }
  }

  // Section 5.4.2: instances of a field are signed from the bottom up. The signature itself is none
  // of them (section 3.5, h=).
  bool find_links(ScreenedDkim& signature) {
    const auto& names = signature.read.signature.fields;
    const auto count = static_cast<std::size_t>(std::count(names.begin(), names.end(), kSignature));
    Fields others = all_;
    std::erase(others, signature.field);
    if (count > kMaxDkimChainLinks || count > others.size()) return false;
    signature.links.assign(others.end() - static_cast<std::ptrdiff_t>(count), others.end());
    return std::all_of(signature.links.begin(), signature.links.end(),
                       [&](const mail::HeaderField* link) { return is_well_formed(link); });
  }

  bool is_well_formed(const mail::HeaderField* field) const {
    return std::any_of(screen_.signatures.begin(), screen_.signatures.end(),
                       [&](const ScreenedDkim& signature) {
                         return signature.field == field && signature.read.well_formed;
                       });
  }

  void drop_surplus() {
    std::size_t judged = 0;
    for (ScreenedDkim& signature : screen_.signatures)
      if (!signature.read.finding && ++judged > settings_.max_signatures)
        signature.read.finding = Finding::Surplus;
  }

  const mail::HeaderFields& header_;
  const DkimSettings& settings_;
  Fields all_;
  DkimScreen screen_;
};

}  // namespace

DkimScreen screen_dkim(const mail::HeaderFields& header, const DkimSettings& settings,
                       base::WallTime now) {
  return Screen(header, settings, now).take();
}

bool has_tab_before_colon(const mail::HeaderField& field) {
  if (field.name.empty()) return false;
  const std::string_view behind_name = field.raw.substr(field.name.size());
  return behind_name.substr(0, behind_name.find(':')).find('\t') != std::string_view::npos;
}

std::string dkim_key_name(const DkimSignature& signature) {
  return signature.selector + "._domainkey." + signature.domain;
}

}  // namespace auth
