// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_fields.h"

#include <algorithm>

#include "base/ascii.h"

namespace auth {

bool DkimFields::NoCase::operator()(std::string_view a, std::string_view b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char c, char d) {
    return base::to_lower(c) < base::to_lower(d);
  });
}

DkimFields::DkimFields(const mail::HeaderFields& header,
                       const std::vector<const DkimSignature*>& signatures) {
  for (const DkimSignature* signature : signatures)
    for (const std::string& name : signature->fields) by_name_[name];
  for (const mail::HeaderField& field : header.all())
    if (const auto row = by_name_.find(field.name); row != by_name_.end())
      row->second.push_back(&field);
}

// From the bottom up. The signature itself is none of them (section 3.5, h=), and a name without a
// field that is left adds nothing.
DkimFields::Fields DkimFields::signed_by(const DkimSignature& signature,
                                         const mail::HeaderField& itself) const {
  std::map<std::string_view, std::size_t> left;
  Fields fields;
  for (const std::string& name : signature.fields) {
    const Fields& all = by_name_.at(name);
    std::size_t& rest = left.emplace(name, all.size()).first->second;
    if (rest > 0 && all[rest - 1] == &itself) --rest;
    if (rest > 0) fields.push_back(all[--rest]);
  }
  return fields;
}

DkimFields::Fields DkimFields::signed_by_any(
    const std::vector<const DkimSignature*>& signatures) const {
  std::map<std::string_view, std::size_t> wanted;
  for (const DkimSignature* signature : signatures) {
    std::map<std::string_view, std::size_t> by_one;
    for (const std::string& name : signature->fields) ++by_one[name];
    for (const auto& [name, count] : by_one) wanted[name] = std::max(wanted[name], count);
  }
  Fields fields;
  for (const auto& [name, count] : wanted) {
    const Fields& all = by_name_.at(name);
    const std::size_t size = std::min(count, all.size());
    fields.insert(fields.end(), all.end() - static_cast<std::ptrdiff_t>(size), all.end());
  }
  return fields;
}

}  // namespace auth
