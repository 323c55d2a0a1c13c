// SPDX-License-Identifier: Apache-2.0
// Records that are answered from memory, given as lines of a zone file (RFC 1035 section 5.1):
//
//   demo.test. 60 IN TXT "v=spf1 ip4:192.0.2.1 -all"
//
// One record a line; names are absolute, with or without the dot at their end; the time to live and
// the class may be left out. Types are those of question.h and CNAME. Every name that has a record
// is a domain of its own: of it and of what is below it nobody else is ever asked. With a record of
// the root (".") nobody is asked at all.
//
// A value; no thread safety of its own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/answer.h"
#include "dns/question.h"

namespace dns {

class LocalData {
 public:
  // The error names the line by its number, from 1.
  static base::Result<LocalData> of(const std::vector<std::string>& lines);

  // The error, without the line, says what is wrong with it or with its place among the others.
  base::Status add(std::string_view line);

  // Nothing: the question is for somebody else, and where a CNAME led out of here it is now for the
  // name at its end. A loop of CNAMEs is a Failure.
  std::optional<Answer> find(Question& question) const;

 private:
  struct Node {
    std::string alias;  // of a CNAME; then there are no answers
    std::map<Type, Answer> answers;
  };
  bool owns(std::string_view name) const;
  bool has_names_below(std::string_view name) const;

  std::map<std::string, Node, std::less<>> nodes_;
};

}  // namespace dns
