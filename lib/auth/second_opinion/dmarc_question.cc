// SPDX-License-Identifier: Apache-2.0
#include "auth/second_opinion/dmarc_question.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/dmarc_discovery.h"
#include "auth/dmarc_record.h"
#include "auth/second_opinion/dmarc_guard.h"
#include "base/ascii.h"
#include "dns/name.h"
#include "mail/domain.h"

namespace auth::second_opinion {
namespace {

constexpr char kMissing[] = "the answers that our verdict needs are not there";
constexpr char kFailed[] = "a question of the tree walk has no answer";
constexpr char kDiscarded[] =
    "a name has several records, or a bad one: RFC 9989 looks on, RFC 7489 stops";
constexpr char kOtherRecord[] = "RFC 7489 looks for the record elsewhere";
constexpr char kOtherOrganization[] = "RFC 7489 has another organizational domain";
constexpr char kNoOrganization[] = "it aligns what is above or below, and nothing else";
constexpr char kLostLabel[] = "it loses a first label of one letter";

// RFC 7489 section 3.2. A public suffix has none; it stands for itself then.
std::string listed_organization(const std::string& name, const PublicSuffixes& suffixes) {
  std::string_view organization = name;
  for (;;) {
    const auto dot = organization.find('.');
    if (dot == std::string_view::npos || suffixes.contains(std::string(organization)))
      return std::string(organization);
    const std::string_view above = organization.substr(dot + 1);
    if (suffixes.contains(std::string(above))) return std::string(organization);
    organization = above;
  }
}

struct Identifier {
  bool is_spf;
  std::string domain;
};

std::vector<Identifier> passed_identifiers(const Verdicts& verdicts) {
  std::vector<Identifier> passed;
  const auto add = [&](bool is_spf, const std::string& domain) {
    std::string plain = domain;
    if (!is_spf) std::ranges::replace(plain, '_', 'x');  // as in evaluate_dmarc()
    // What is no domain name is aligned with nothing. Of one that is not ASCII that is not known.
    if (mail::is_domain(plain) || !base::is_ascii(domain))
      passed.push_back({is_spf, base::lower(domain)});
  };
  for (const DkimVerdict& signature : verdicts.dkim.signatures)
    if (signature.result == DkimResult::Pass) add(false, signature.domain);
  const SpfVerdict& mailfrom = verdicts.spf.mailfrom;
  if (mailfrom.result == SpfResult::Pass) add(true, mailfrom.domain);
  return passed;
}

bool are_related(const std::string& a, const std::string& b) {
  return dns::is_at_or_below(a, b) || dns::is_at_or_below(b, a);
}

std::string without_short_label(const std::string& name) {
  return name.find('.') == 1 ? name.substr(2) : name;
}

class Preparation {
 public:
  Preparation(const Verdicts& verdicts, const dns::AnswerTable& answers,
              const PublicSuffixes& suffixes)
      : verdict_(verdicts.dmarc),
        suffixes_(suffixes),
        lookups_(answers),
        author_(verdicts.dmarc.author_domain),
        passed_(passed_identifiers(verdicts)) {}

  std::variant<DmarcQuestion, Refusal> run();

 private:
  enum class Aligned { No, Yes, Unclear };

  Refusal refuse_names() const;
  Refusal refuse_walk();
  Refusal find_record();
  Refusal take_record_at(const std::string& domain);
  Refusal refuse_record() const;
  Refusal refuse_alignment();
  Aligned alignment(const Identifier& identifier, AlignmentMode mode);
  Aligned unclear(Refusal reason);

  const DmarcVerdict& verdict_;
  const PublicSuffixes& suffixes_;
  dns::Lookups lookups_;
  const std::string& author_;
  const std::vector<Identifier> passed_;
  DmarcWalk walk_;            // of the author
  std::string organization_;  // of the author, by the list
  std::string record_domain_;
  std::optional<std::string> record_;
  Refusal unclear_ = nullptr;  // why an alignment is, the first
};

Refusal Preparation::refuse_names() const {
  if (passed_.size() > kMaxPassed) return "too much has passed";
  for (const Identifier& one : passed_)
    if (const Refusal refusal = refuse_name(one.domain)) return refusal;
  return nullptr;
}

Refusal Preparation::refuse_walk() {
  walk_ = walk_tree(author_, lookups_);
  if (!walk_.complete) return kMissing;
  if (walk_.failure) return kFailed;
  return walk_.discarded.empty() ? nullptr : kDiscarded;
}

// RFC 7489 section 6.6.3
Refusal Preparation::find_record() {
  organization_ = listed_organization(author_, suffixes_);
  if (const Refusal refusal = take_record_at(author_)) return refusal;
  if (record_ || organization_ == author_) return nullptr;
  return take_record_at(organization_);
}

Refusal Preparation::take_record_at(const std::string& domain) {
  const dns::Answer* answer = lookups_.find("_dmarc." + domain, dns::Type::Txt);
  if (answer == nullptr) return kMissing;
  if (answer->failed()) return kFailed;
  const auto& texts = answer->texts;
  const auto found = std::find_if(texts.begin(), texts.end(), is_dmarc_record);
  if (found == texts.end()) return nullptr;
  if (std::any_of(std::next(found), texts.end(), is_dmarc_record)) return kDiscarded;
  record_ = *found;
  record_domain_ = domain;
  return nullptr;
}

Refusal Preparation::refuse_record() const {
  // Where both have the same organizational domain they look at the same names, but for that of a
  // public suffix above it.
  const std::string& ours = verdict_.policy_domain;
  const bool same_names = organizational_domain(walk_) == organization_ &&
                          (ours.empty() || dns::is_at_or_below(ours, organization_));
  if (!same_names && ours != record_domain_) return kOtherRecord;
  return record_ ? refuse_dmarc_record(*record_, record_domain_ != author_) : nullptr;
}

Preparation::Aligned Preparation::unclear(Refusal reason) {
  if (unclear_ == nullptr) unclear_ = reason;
  return Aligned::Unclear;
}

// By RFC 9989, by RFC 7489, and by what it does.
Preparation::Aligned Preparation::alignment(const Identifier& identifier, AlignmentMode mode) {
  const std::string& domain = identifier.domain;
  if (domain == author_) return Aligned::Yes;
  const std::string short_domain = without_short_label(domain);
  const std::string short_author = without_short_label(author_);
  if (mode == AlignmentMode::Strict)
    return short_domain == short_author ? unclear(kLostLabel) : Aligned::No;
  const std::string shared = alignment_domain(walk_, suffixes_);
  bool aligned = dns::is_at_or_below(domain, shared);
  if (aligned) {
    const DmarcWalk walk = walk_tree(domain, lookups_);
    if (!walk.complete || walk.failure) return unclear(walk.complete ? kFailed : kMissing);
    aligned = alignment_domain(walk, suffixes_) == shared;
  }
  if (aligned != (listed_organization(domain, suffixes_) == organization_))
    return unclear(kOtherOrganization);
  if (aligned != are_related(domain, author_)) return unclear(kNoOrganization);
  if (aligned != are_related(short_domain, short_author)) return unclear(kLostLabel);
  return aligned ? Aligned::Yes : Aligned::No;
}

// One that all agree on suffices for a pass.
Refusal Preparation::refuse_alignment() {
  if (!record_) return nullptr;
  const auto record = std::get<DmarcRecord>(parse_dmarc_record(*record_));
  const bool certain = std::any_of(passed_.begin(), passed_.end(), [&](const Identifier& one) {
    return alignment(one, one.is_spf ? record.aspf : record.adkim) == Aligned::Yes;
  });
  return certain ? nullptr : unclear_;
}

std::variant<DmarcQuestion, Refusal> Preparation::run() {
  if (const Refusal refusal = second_opinion::refuse_verdict(verdict_)) return refusal;
  if (const Refusal refusal = refuse_names()) return refusal;
  if (const Refusal refusal = refuse_walk()) return refusal;
  if (const Refusal refusal = find_record()) return refusal;
  if (const Refusal refusal = refuse_record()) return refusal;
  if (const Refusal refusal = refuse_alignment()) return refusal;
  DmarcQuestion question{author_, record_, record_domain_ == author_ ? "" : record_domain_, {}, {}};
  for (const Identifier& one : passed_) {
    if (one.is_spf)
      question.spf = one.domain;
    else
      question.dkim.push_back(one.domain);
  }
  return question;
}

}  // namespace

std::variant<DmarcQuestion, Refusal> question_about(const Verdicts& verdicts,
                                                    const dns::AnswerTable& answers,
                                                    const PublicSuffixes& suffixes) {
  return Preparation(verdicts, answers, suffixes).run();
}

}  // namespace auth::second_opinion
