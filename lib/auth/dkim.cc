// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "auth/dkim_key.h"
#include "auth/dkim_screen.h"
#include "base/ascii.h"

namespace auth {
namespace {

using Finding = DkimFinding;

struct NoCase {
  bool operator()(std::string_view a, std::string_view b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char c, char d) {
      return base::to_lower(c) < base::to_lower(d);
    });
  }
};

// How many of a field are wanted, by its name.
using Wanted = std::map<std::string_view, std::size_t, NoCase>;

struct Candidate {
  const ScreenedDkim* screened = nullptr;
  std::optional<Finding> finding;
  std::string detail;
  DkimKey key;
  dns::Security security = dns::Security::Unknown;

  const DkimSignature& signature() const { return screened->read.signature; }
  void set(Finding found, std::string why = {}) {
    finding = found;
    detail = std::move(why);
  }
};

// Without the CRLF at its end. Where the library would not take the white space before the colon
// the screen has kept to relaxed signatures, to which it is nothing.
std::string library_text(const mail::HeaderField& field) {
  if (has_tab_before_colon(field)) return std::string(field.name) + ':' + std::string(field.value);
  std::string_view text = field.raw;
  if (text.ends_with("\r\n")) text.remove_suffix(2);
  return std::string(text);
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

  void judge(BodySource& body, DkimLibrary& library) {
    judge_lengths(body);
    std::vector<Candidate*> together;
    for (Candidate& candidate : candidates_) {
      if (candidate.finding) continue;
      if (candidate.screened->links.empty()) {
        together.push_back(&candidate);
      } else {
        run({&candidate}, body, library);
      }
    }
    if (!together.empty()) run(together, body, library);
  }

  // A key that nobody knows may be one that verifies.
  std::vector<std::string> open_domains() const {
    std::vector<std::string> domains;
    for (const Candidate& candidate : candidates_)
      if (candidate.finding.value_or(Finding::KeyUnavailable) == Finding::KeyUnavailable)
        domains.push_back(candidate.signature().domain);
    return domains;
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

  // Section 8.2: whoever can append to a signed body can replace all that people see of it.
  void judge_lengths(BodySource& body) {
    const auto has_length = [](const Candidate& candidate) {
      return !candidate.finding && candidate.signature().length;
    };
    if (std::none_of(candidates_.begin(), candidates_.end(), has_length)) return;
    CanonicalLengths lengths;
    const bool well_formed = read_body(body, [&](std::string_view piece) { lengths.feed(piece); });
    for (Candidate& candidate : candidates_)
      if (has_length(candidate)) judge_length(candidate, lengths, well_formed);
  }

  static void judge_length(Candidate& candidate, const CanonicalLengths& lengths,
                           bool well_formed) {
    const std::uint64_t all = lengths.of(candidate.signature().body);
    const std::uint64_t signed_part = *candidate.signature().length;
    if (!well_formed) return candidate.set(Finding::BadBody);
    if (signed_part > all) return candidate.set(Finding::LengthBeyondBody);
    if (signed_part < all) {
      candidate.set(Finding::LengthShort,
                    std::to_string(signed_part) + " of " + std::to_string(all) + " octets");
    }
  }

  void run(const std::vector<Candidate*>& candidates, BodySource& body, DkimLibrary& library) {
    const auto verdicts = library.verify(fields_of(candidates), body);
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
        return candidate.set(Finding::LibraryRefuses, verdict.why);
      case Outcome::Trouble:
        return candidate.set(Finding::LibraryTrouble, verdict.why);
    }
  }

  // The signatures, on top: what they sign of others is found from the bottom up. Then what they
  // name, of each field no more than one of them can reach: the library looks at all for each name.
  std::vector<LibraryField> fields_of(const std::vector<Candidate*>& candidates) const {
    std::vector<LibraryField> fields;
    fields.reserve(candidates.size());
    for (const Candidate* candidate : candidates)
      fields.push_back({library_text(*candidate->screened->field), true, &candidate->signature(),
                        library_record(candidate->key)});
    for (const Candidate* candidate : candidates)
      for (const mail::HeaderField* link : candidate->screened->links)
        fields.push_back({library_text(*link), true});
    const auto signed_fields = select(wanted_by(candidates));
    for (auto field = signed_fields.rbegin(); field != signed_fields.rend(); ++field)
      fields.push_back({library_text(**field)});
    return fields;
  }

  static Wanted wanted_by(const std::vector<Candidate*>& candidates) {
    Wanted wanted;
    for (const Candidate* candidate : candidates) {
      Wanted by_one;
      for (const std::string& name : candidate->signature().fields) ++by_one[name];
      for (const auto& [name, count] : by_one) wanted[name] = std::max(wanted[name], count);
    }
    wanted.erase("dkim-signature");
    return wanted;
  }

  // From the bottom up (section 5.4.2).
  std::vector<const mail::HeaderField*> select(Wanted wanted) const {
    std::vector<const mail::HeaderField*> found;
    const auto& all = header_.all();
    for (auto field = all.rbegin(); field != all.rend(); ++field) {
      const auto row = wanted.find(field->name);
      if (row == wanted.end() || row->second == 0) continue;
      --row->second;
      found.push_back(&*field);
    }
    return found;
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
};

}  // namespace

std::vector<std::string> ask_dkim(const mail::HeaderFields& header, const DkimSettings& settings,
                                  base::WallTime now, dns::Lookups& lookups) {
  Judge judge(header, settings, now);
  judge.find_keys(lookups);
  return judge.open_domains();
}

DkimVerdicts verify_dkim(const mail::HeaderFields& header, BodySource& body,
                         const DkimSettings& settings, base::WallTime now, dns::Lookups& lookups,
                         DkimLibrary& library) {
  Judge judge(header, settings, now);
  judge.find_keys(lookups);
  if (lookups.complete()) judge.judge(body, library);
  return judge.verdicts();
}

}  // namespace auth
