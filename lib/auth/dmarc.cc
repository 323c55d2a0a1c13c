// SPDX-License-Identifier: Apache-2.0
#include "auth/dmarc.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "dns/name.h"
#include "mail/domain.h"
#include "mail/idn.h"

namespace auth {
namespace {

using State = DmarcIdentifier::State;
using Method = DmarcIdentifier::Method;

const char* name_of(Method method) { return method == Method::Dkim ? "dkim" : "spf"; }
const char* title_of(Method method) { return method == Method::Dkim ? "DKIM" : "SPF"; }

// The labels that both end in.
std::string common_suffix(const std::string& a, const std::string& b) {
  for (std::size_t start = 0;;) {
    const std::string suffix = a.substr(start);
    if (dns::is_at_or_below(b, suffix)) return suffix;
    const auto dot = a.find('.', start);
    if (dot == std::string::npos) return {};
    start = dot + 1;
  }
}

// Section 5.3.1 for the author, and RFC 8616 for the others: A-labels, in lower case. No address
// has an underscore in its domain, but a signer's domain may: it is only a name of the DNS.
std::optional<std::string> identity_of(const DmarcIdentifier& identifier) {
  std::string plain = identifier.domain;
  if (identifier.method == Method::Dkim) std::ranges::replace(plain, '_', 'x');
  if (plain == identifier.domain) return mail::to_a_labels(plain);
  if (!mail::is_domain(plain)) return std::nullopt;
  return base::lower(identifier.domain);
}

class Evaluation {
 public:
  Evaluation(const Author& author, const std::vector<DmarcIdentifier>& identifiers,
             const PublicSuffixes& suffixes, dns::Lookups& lookups)
      : author_(author.domain), suffixes_(suffixes), lookups_(lookups) {
    verdict_.author_domain = author.domain;
    take_names(identifiers);
  }

  DmarcVerdict run();

 private:
  enum class Aligned { No, Yes, Unknown };
  struct Alignment {
    Aligned is = Aligned::No;
    std::string failure;  // of the DNS; why it is unknown
  };

  void take_names(const std::vector<DmarcIdentifier>& identifiers);
  void ask_ahead();
  void choose_policy(const DmarcWalk& walk, const DmarcRecordAt& found);
  void choose_for_subdomain(const DmarcRecord& record);
  void align(const DmarcWalk& walk, const DmarcRecord& record);
  Alignment alignment(const DmarcIdentifier& identifier, const DmarcWalk& author_walk,
                      AlignmentMode mode);
  Alignment relaxed_alignment(const std::string& domain, const DmarcWalk& author_walk);
  const DmarcWalk* walk_of(const std::string& domain, std::size_t most);
  DmarcVerdict conclude(DmarcResult result, const char* section, std::string reason);
  DmarcVerdict pass(const DmarcIdentifier& identifier);

  const std::string& author_;
  const PublicSuffixes& suffixes_;
  dns::Lookups& lookups_;
  std::vector<DmarcIdentifier> identifiers_;  // in A-labels
  std::map<std::string, DmarcWalk> walks_;    // of identifiers, each once
  DmarcVerdict verdict_;
  const DmarcIdentifier* aligned_ = nullptr;  // and passed
  std::optional<std::string> open_;           // why there is no telling whether it passes or fails
  std::optional<std::string> open_policy_;
};

void Evaluation::take_names(const std::vector<DmarcIdentifier>& identifiers) {
  for (const DmarcIdentifier& identifier : identifiers) {
    auto domain = identity_of(identifier);
    if (!domain) continue;
    DmarcIdentifier name{identifier.method, identifier.state, std::move(*domain)};
    if (std::find(identifiers_.begin(), identifiers_.end(), name) == identifiers_.end())
      identifiers_.push_back(std::move(name));
  }
}

DmarcVerdict Evaluation::conclude(DmarcResult result, const char* section, std::string reason) {
  verdict_.result = result;
  verdict_.section = section;
  verdict_.reason = std::move(reason);
  return verdict_;
}

DmarcVerdict Evaluation::run() {
  const DmarcWalk walk = walk_tree(author_, lookups_);
  if (!walk.complete) {
    ask_ahead();
    return verdict_;
  }
  if (!walk.failure) verdict_.organizational_domain = organizational_domain(walk);
  if (walk.failure && walk.at(author_) == nullptr)
    return conclude(DmarcResult::TempError, "5.3.6", *walk.failure);

  const DmarcRecordAt* found = applicable_record(walk);
  if (found == nullptr) {
    return conclude(DmarcResult::None, "4.10.1",
                    walk.discarded.empty()
                        ? dns::presentation(author_) + " has no DMARC record, nor has what is above"
                        : walk.discarded);
  }
  verdict_.policy_domain = found->domain;
  if (!found->record.is_policy) {
    return conclude(DmarcResult::None, "4.10.1",
                    dns::presentation(found->domain) + ": " + found->record.flaw);
  }
  choose_policy(walk, *found);
  align(walk, found->record);
  if (aligned_ != nullptr) return pass(*aligned_);
  if (open_) return conclude(DmarcResult::TempError, "5.3.6", *open_);
  if (open_policy_) return conclude(DmarcResult::TempError, "5.3.6", *open_policy_);
  return conclude(DmarcResult::Fail, "5.3.5",
                  "nothing that passed is aligned with " + dns::presentation(author_));
}

DmarcVerdict Evaluation::pass(const DmarcIdentifier& identifier) {
  verdict_.aligned_method = name_of(identifier.method);
  verdict_.aligned_domain = identifier.domain;
  return conclude(DmarcResult::Pass, "5.3.5",
                  std::string(title_of(identifier.method)) + " of " +
                      dns::presentation(identifier.domain) + " is aligned");
}

// What an identifier is walked for is only known when the author's walk is done. Those that look as
// if they belonged to it are asked about at once; this saves most messages a round.
void Evaluation::ask_ahead() {
  for (const DmarcIdentifier& identifier : identifiers_) {
    const std::string suffix = common_suffix(author_, identifier.domain);
    const bool related = identifier.domain != author_ && !suffix.empty();
    if (related && !suffixes_.contains(suffix)) walk_of(identifier.domain, kMaxAskedAhead);
  }
}

// Section 4.10.1
void Evaluation::choose_policy(const DmarcWalk& walk, const DmarcRecordAt& found) {
  const DmarcRecord& record = found.record;
  verdict_.testing = record.testing;
  verdict_.published = record.p;
  if (found.domain != walk.start) choose_for_subdomain(record);
}

void Evaluation::choose_for_subdomain(const DmarcRecord& record) {
  if (record.sp) {
    verdict_.published = record.sp;
    verdict_.tag = DmarcTag::Sp;
  }
  if (!record.np || record.np == verdict_.published) return;
  // Section 3.2.13: it does not exist when the DNS says so of the name, whatever it is asked for.
  // MX, because the check for a null MX may have asked for it.
  const dns::Answer* answer = lookups_.find(author_, dns::Type::Mx);
  if (answer == nullptr) return;
  if (answer->failed()) {
    open_policy_ = dns::presentation(author_) + " MX: " + answer->why();
    verdict_.published = {};
    verdict_.tag = DmarcTag::P;
  } else if (answer->status == dns::Status::NoName) {
    verdict_.published = record.np;
    verdict_.tag = DmarcTag::Np;
  }
}

// Sections 5.3.4 and 5.3.5
void Evaluation::align(const DmarcWalk& walk, const DmarcRecord& record) {
  for (const DmarcIdentifier& identifier : identifiers_) {
    const bool dkim = identifier.method == Method::Dkim;
    const Alignment aligned = alignment(identifier, walk, dkim ? record.adkim : record.aspf);
    // Only now: whether it failed must not change what is asked for the others.
    if (identifier.state == State::Failed) continue;
    if (aligned.is == Aligned::Yes && identifier.state == State::Passed) {
      aligned_ = &identifier;
      return;
    }
    if (open_) continue;
    if (aligned.is == Aligned::Unknown) open_ = aligned.failure;
    if (aligned.is == Aligned::Yes) {
      open_ = std::string(title_of(identifier.method)) + " of " +
              dns::presentation(identifier.domain) + " could not be checked";
    }
  }
}

Evaluation::Alignment Evaluation::alignment(const DmarcIdentifier& identifier,
                                            const DmarcWalk& author_walk, AlignmentMode mode) {
  // In both modes, and without a walk.
  if (identifier.domain == author_) return {Aligned::Yes, {}};
  if (mode == AlignmentMode::Strict) return {Aligned::No, {}};
  return relaxed_alignment(identifier.domain, author_walk);
}

// Section 4.10.2: that both have the same organizational domain.
Evaluation::Alignment Evaluation::relaxed_alignment(const std::string& domain,
                                                    const DmarcWalk& author_walk) {
  // Where both are below the same name, that may be it.
  if (author_walk.failure) {
    if (common_suffix(author_, domain).empty()) return {Aligned::No, {}};
    return {Aligned::Unknown, *author_walk.failure};
  }
  const std::string shared = alignment_domain(author_walk, suffixes_);
  const DmarcWalk* walk =
      dns::is_at_or_below(domain, shared) ? walk_of(domain, kMaxDmarcIdentifiers) : nullptr;
  if (walk == nullptr) return {Aligned::No, {}};
  if (!walk->complete) return {Aligned::No, {}};  // on to the next, so that all are asked at once
  if (walk->failure) return {Aligned::Unknown, *walk->failure};
  return {alignment_domain(*walk, suffixes_) == shared ? Aligned::Yes : Aligned::No, {}};
}

// Nothing: it would be one more than `most`.
const DmarcWalk* Evaluation::walk_of(const std::string& domain, std::size_t most) {
  const auto known = walks_.find(domain);
  if (known != walks_.end()) return &known->second;
  if (walks_.size() == most) return nullptr;
  return &walks_.emplace(domain, walk_tree(domain, lookups_)).first->second;
}

}  // namespace

DmarcVerdict evaluate_dmarc(const Author& author, const std::vector<DmarcIdentifier>& identifiers,
                            const PublicSuffixes& suffixes, dns::Lookups& lookups) {
  DmarcVerdict verdict;
  if (author.fault == AuthorFault::None) {
    verdict = Evaluation(author, identifiers, suffixes, lookups).run();
    verdict.security = lookups.security();
    return verdict;
  }
  verdict.result = DmarcResult::PermError;
  verdict.fault = author.fault;
  verdict.reason = author.reason;
  verdict.section = "5.3.1";
  return verdict;
}

}  // namespace auth
