// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "auth/dkim_bodies.h"
#include "auth/dkim_canonical.h"
#include "auth/dkim_crypto.h"
#include "auth/dkim_fields.h"
#include "auth/dkim_key.h"
#include "auth/dkim_screen.h"

namespace auth {
namespace {

using Finding = DkimFinding;

constexpr std::string_view kUnusualSpace = "\v\f";

struct Candidate {
  const ScreenedDkim* screened = nullptr;
  std::optional<Finding> finding;
  std::string detail;
  DkimKey key;
  dns::Security security = dns::Security::Unknown;
  DkimFields::Fields fields;  // that it signs, in the order of its hash
  bool ours = false;          // judged by our own code

  const DkimSignature& signature() const { return screened->read.signature; }
  void set(Finding found, std::string why = {}) {
    finding = found;
    detail = std::move(why);
  }
};

// White space before the colon is obsolete (RFC 5322 section 4.5), and all of it is in the hash
// when the header is canonicalized as simple.
bool has_tab_before_colon(const mail::HeaderField& field) {
  return field.raw.substr(0, field.raw.find(':')).find('\t') != std::string_view::npos;
}

// libopendkim takes vertical tabs and form feeds for white space, where section 3.4.2 knows blanks
// and tabs only; and before a colon it takes blanks only.
bool is_for_library(const mail::HeaderField& field, DkimCanonicalization form) {
  const bool relaxed = form == DkimCanonicalization::Relaxed;
  return !has_tab_before_colon(field) &&
         !(relaxed && field.value.find_first_of(kUnusualSpace) != std::string_view::npos);
}

bool is_for_library(const Candidate& candidate) {
  const DkimCanonicalization form = candidate.signature().header;
  return candidate.screened->read.for_library && is_for_library(*candidate.screened->field, form) &&
         std::all_of(candidate.fields.begin(), candidate.fields.end(),
                     [&](const auto* field) { return is_for_library(*field, form); });
}

std::string library_text(const mail::HeaderField& field) {
  std::string_view text = field.raw;
  if (text.ends_with("\r\n")) text.remove_suffix(2);
  return std::string(text);
}

// Section 3.7
std::string header_hash(const Candidate& candidate) {
  const DkimCanonicalization form = candidate.signature().header;
  Sha256 hash;
  for (const mail::HeaderField* field : candidate.fields) hash.add(canonical_field(*field, form));
  hash.add(canonical_signature(*candidate.screened->field, form));
  return hash.finish();
}

class Judge {
 public:
  Judge(const mail::HeaderFields& header, const DkimSettings& settings, base::WallTime now)
      : header_(header), settings_(settings), screen_(screen_dkim(header, settings, now)) {
    for (const ScreenedDkim& screened : screen_.signatures) {
      Candidate candidate;
      candidate.screened = &screened;
      candidate.finding = screened.read.finding;
      candidate.detail = screened.read.detail;
      candidates_.push_back(std::move(candidate));
    }
  }

  void find_keys(dns::Lookups& lookups) {
    for (Candidate& candidate : candidates_)
      if (!candidate.finding) find_key(candidate, lookups);
  }

  // Without a library our own code judges all.
  void judge(BodySource& body, DkimLibrary* library) {
    const auto open = open_candidates();
    const DkimFields fields(header_, signatures_of(open));
    for (Candidate* candidate : open) {
      candidate->fields = fields.signed_by(candidate->signature(), *candidate->screened->field);
      candidate->ours = library == nullptr || !is_for_library(*candidate);
    }
    read_bodies(body);
    judge_lengths();
    if (library != nullptr) judge_by(*library, fields, body);
    read_bodies(body);
    for (Candidate* candidate : open_candidates()) judge_by_ourselves(*candidate);
  }

  // A key that nobody knows may be one that verifies.
  std::vector<OpenDkim> open_signatures() const {
    std::vector<OpenDkim> open;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const Candidate& candidate = candidates_[i];
      if (candidate.finding.value_or(Finding::KeyUnavailable) == Finding::KeyUnavailable)
        open.push_back({i, candidate.signature().domain});
    }
    return open;
  }

  DkimVerdicts verdicts() const {
    DkimVerdicts verdicts;
    for (const Candidate& candidate : candidates_) verdicts.signatures.push_back(of(candidate));
    verdicts.unlisted = screen_.unlisted;
    return verdicts;
  }

 private:
  // Section 6.1.2
  void find_key(Candidate& candidate, dns::Lookups& lookups) {
    const dns::Answer* const answer =
        lookups.find(dkim_key_name(candidate.signature()), dns::Type::Txt);
    if (answer == nullptr) return;
    candidate.security = answer->security;
    if (answer->failed()) return candidate.set(Finding::KeyUnavailable, answer->why());
    if (answer->is_void()) return candidate.set(Finding::NoKey);
    auto key = select_dkim_key(answer->texts);
    if (const auto* finding = std::get_if<Finding>(&key)) return candidate.set(*finding);
    candidate.key = std::get<DkimKey>(std::move(key));
    const auto misuse = misuse_of(candidate.key, candidate.signature(), settings_);
    if (!misuse) return;
    const bool of_size = *misuse == Finding::KeyTooShort || *misuse == Finding::KeyTooLong;
    candidate.set(*misuse, of_size ? std::to_string(candidate.key.bits) + " bits" : "");
  }

  std::vector<Candidate*> open_candidates() {
    std::vector<Candidate*> open;
    for (Candidate& candidate : candidates_)
      if (!candidate.finding) open.push_back(&candidate);
    return open;
  }

  static std::vector<const DkimSignature*> signatures_of(
      const std::vector<Candidate*>& candidates) {
    std::vector<const DkimSignature*> signatures;
    signatures.reserve(candidates.size());
    for (const Candidate* candidate : candidates) signatures.push_back(&candidate->signature());
    return signatures;
  }

  // What is needed and not there yet, at one reading.
  void read_bodies(BodySource& body) {
    bool simple = false, relaxed = false;
    for (const Candidate* candidate : open_candidates())
      if (candidate->ours || candidate->signature().length)
        (candidate->signature().body == DkimCanonicalization::Simple ? simple : relaxed) = true;
    if (!bodies_.read(body, simple, relaxed))
      for (Candidate* candidate : open_candidates()) candidate->set(Finding::BadBody);
  }

  // Section 8.2: whoever can append to a signed body can replace all that people see of it.
  void judge_lengths() {
    for (Candidate* candidate : open_candidates())
      if (candidate->signature().length)
        judge_length(*candidate, bodies_.of(candidate->signature().body).size);
  }

  static void judge_length(Candidate& candidate, std::uint64_t all) {
    const std::uint64_t signed_part = *candidate.signature().length;
    if (signed_part > all) return candidate.set(Finding::LengthBeyondBody);
    if (signed_part < all) {
      candidate.set(Finding::LengthShort,
                    std::to_string(signed_part) + " of " + std::to_string(all) + " octets");
    }
  }

  // Leaves open what the library refuses.
  void judge_by(DkimLibrary& library, const DkimFields& fields, BodySource& body) {
    auto candidates = open_candidates();
    std::erase_if(candidates, [](const Candidate* candidate) { return candidate->ours; });
    if (candidates.empty()) return;
    const auto verdicts = library.verify(library_fields(candidates, fields), body);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (verdicts) {
        set(*candidates[i], verdicts->at(i));
      } else {
        candidates[i]->set(Finding::BadBody);
      }
    }
  }

  static void set(Candidate& candidate, const LibraryVerdict& verdict) {
    using Outcome = LibraryVerdict::Outcome;
    switch (verdict.outcome) {
      case Outcome::Passed:
        return candidate.set(Finding::Passed);
      case Outcome::Mismatch:
        return candidate.set(Finding::Mismatch);
      case Outcome::BodyAltered:
        return candidate.set(Finding::BodyAltered);
      case Outcome::Refused:
        candidate.ours = true;
        return;
      case Outcome::Trouble:
        return candidate.set(Finding::LibraryTrouble, verdict.why);
    }
  }

  // The signatures, on top. Then what they sign, of each field no more than one of them can reach:
  // the library looks at all for each name.
  static std::vector<LibraryField> library_fields(const std::vector<Candidate*>& candidates,
                                                  const DkimFields& fields) {
    const auto signed_fields = fields.signed_by_any(signatures_of(candidates));
    std::vector<LibraryField> given;
    given.reserve(candidates.size() + signed_fields.size());
    for (const Candidate* candidate : candidates)
      given.push_back({library_text(*candidate->screened->field), &candidate->signature(),
                       library_record(candidate->key)});
    for (const mail::HeaderField* field : signed_fields) given.push_back({library_text(*field)});
    return given;
  }

  // Section 6.1.3
  void judge_by_ourselves(Candidate& candidate) const {
    const DkimSignature& signature = candidate.signature();
    if (!is_signed_by(candidate.key, header_hash(candidate), signature.signature))
      return candidate.set(Finding::Mismatch);
    const bool same_body = bodies_.of(signature.body).sha256 == signature.body_hash;
    candidate.set(same_body ? Finding::Passed : Finding::BodyAltered);
  }

  static DkimVerdict of(const Candidate& candidate) {
    const DkimSignature& signature = candidate.signature();
    const DkimRule& rule = rule_of(candidate.finding.value_or(Finding::KeyUnavailable));
    DkimVerdict verdict;
    verdict.result = rule.result;
    verdict.domain = signature.domain;
    verdict.selector = signature.selector;
    verdict.identity = signature.identity;
    verdict.algorithm = signature.algorithm_name;
    verdict.signature = signature.start;
    verdict.reason = rule.reason + (candidate.detail.empty() ? "" : ": " + candidate.detail);
    verdict.section = rule.section;
    verdict.key_security = candidate.security;
    verdict.testing = candidate.key.testing;
    return verdict;
  }

  const mail::HeaderFields& header_;
  const DkimSettings& settings_;
  const DkimScreen screen_;
  std::vector<Candidate> candidates_;
  DkimBodies bodies_;
};

DkimVerdicts verify(const mail::HeaderFields& header, BodySource& body,
                    const DkimSettings& settings, base::WallTime now, dns::Lookups& lookups,
                    DkimLibrary* library) {
  Judge judge(header, settings, now);
  judge.find_keys(lookups);
  if (lookups.complete()) judge.judge(body, library);
  return judge.verdicts();
}

}  // namespace

std::vector<OpenDkim> ask_dkim(const mail::HeaderFields& header, const DkimSettings& settings,
                               base::WallTime now, dns::Lookups& lookups) {
  Judge judge(header, settings, now);
  judge.find_keys(lookups);
  return judge.open_signatures();
}

DkimVerdicts verify_dkim(const mail::HeaderFields& header, BodySource& body,
                         const DkimSettings& settings, base::WallTime now, dns::Lookups& lookups,
                         DkimLibrary& library) {
  return verify(header, body, settings, now, lookups, &library);
}

DkimVerdicts verify_dkim_without_library(const mail::HeaderFields& header, BodySource& body,
                                         const DkimSettings& settings, base::WallTime now,
                                         dns::Lookups& lookups) {
  return verify(header, body, settings, now, lookups, nullptr);
}

}  // namespace auth
