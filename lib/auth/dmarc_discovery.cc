// SPDX-License-Identifier: Apache-2.0
#include "auth/dmarc_discovery.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "dns/name.h"

namespace auth {
namespace {

// The last `labels` labels of it, or all.
std::string last_labels(const std::string& name, std::size_t labels) {
  std::size_t start = name.size();
  for (; labels > 0 && start != 0; --labels) {
    const auto dot = name.rfind('.', start - 1);
    if (dot == std::string::npos) return name;
    start = dot;
  }
  return name.substr(start + 1);
}

// Section 4.10 steps 1, 4 and 7: the start, then at most seven labels and always one less.
std::vector<std::string> targets(const std::string& start) {
  std::vector<std::string> names = {start};
  const std::size_t above = std::min(dns::label_count(start) - 1, kMaxWalkLabels);
  for (std::size_t labels = above; labels > 0; --labels)
    names.push_back(last_labels(start, labels));
  POSTERN_ASSERT(names.size() <= kMaxWalkQuestions);
  return names;
}

// Steps 2 and 6.
std::optional<DmarcRecord> valid_record(const std::string& domain, const dns::Answer& answer,
                                        DmarcWalk& walk) {
  const auto discard = [&](const std::string& why) {
    if (walk.discarded.empty()) walk.discarded = dns::presentation(domain) + why;
  };
  std::vector<std::string_view> records;
  std::copy_if(answer.texts.begin(), answer.texts.end(), std::back_inserter(records),
               is_dmarc_record);
  if (records.empty()) return {};
  if (records.size() > 1) {
    discard(" has several DMARC records");
    return {};
  }
  auto parsed = parse_dmarc_record(records.front());
  if (auto* record = std::get_if<DmarcRecord>(&parsed)) return std::move(*record);
  discard(": " + std::get<DmarcSyntaxError>(parsed).reason);
  return {};
}

std::string one_label_below(const std::string& domain, const std::string& start) {
  return last_labels(start, dns::label_count(domain) + 1);
}

}  // namespace

const DmarcRecordAt* DmarcWalk::at(const std::string& domain) const {
  const auto found = std::find_if(records.begin(), records.end(),
                                  [&](const DmarcRecordAt& one) { return one.domain == domain; });
  return found == records.end() ? nullptr : &*found;
}

DmarcWalk walk_tree(const std::string& start, dns::Lookups& lookups) {
  DmarcWalk walk;
  walk.start = start;
  for (const std::string& target : targets(start)) {
    const std::string name = "_dmarc." + target;
    const dns::Answer* answer = lookups.find(name, dns::Type::Txt);
    if (answer == nullptr) {
      walk.complete = false;
      continue;
    }
    if (answer->failed() && !walk.failure)
      walk.failure = dns::presentation(name) + " TXT: " + answer->why();
    auto record = valid_record(target, *answer, walk);
    if (!record) continue;
    walk.records.push_back({target, std::move(*record)});
    if (walk.records.back().record.psd != Psd::Unknown) break;
  }
  return walk;
}

std::string organizational_domain(const DmarcWalk& walk) {
  POSTERN_ASSERT(!walk.failure);
  if (walk.records.empty()) return walk.start;
  // A record that stops the walk is its last, and the last has the fewest labels.
  const DmarcRecordAt& last = walk.records.back();
  const bool is_suffix = last.record.psd == Psd::Yes && last.domain != walk.start;
  return is_suffix ? one_label_below(last.domain, walk.start) : last.domain;
}

std::string alignment_domain(const DmarcWalk& walk, const PublicSuffixes& suffixes) {
  std::string domain = organizational_domain(walk);
  const DmarcRecordAt* found = walk.at(domain);
  if (found != nullptr && found->record.psd == Psd::No) return domain;
  // What stands below one public suffix may be another: co.uk below uk.
  while (domain != walk.start && suffixes.contains(domain))
    domain = one_label_below(domain, walk.start);
  return domain;
}

const DmarcRecordAt* applicable_record(const DmarcWalk& walk) {
  if (const DmarcRecordAt* own = walk.at(walk.start)) return own;
  const DmarcRecordAt* found = walk.at(organizational_domain(walk));
  if (found != nullptr || walk.records.empty()) return found;
  return &walk.records.back();  // of the public suffix domain
}

}  // namespace auth
