// SPDX-License-Identifier: Apache-2.0
// test_dmarc_cases DIRECTORY: plays every case of a directory (its README has the form): with all
// answers at once, one at a time, and behind a prefetch, which must have asked for all.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "support/dmarc_case.h"

namespace {

using auth::DmarcIdentifier, auth::DmarcVerdict;
using support::settle, support::SettledDmarc;

std::vector<std::string> names_of(const dns::AnswerTable& answers) {
  std::vector<std::string> names;
  for (const dns::Entry& entry : answers.entries()) names.push_back(entry.question.to_string());
  std::sort(names.begin(), names.end());
  return names;
}

class Report {
 public:
  explicit Report(std::string name) : name_(std::move(name)) {}

  void complain(const std::string& what) {
    std::printf("%s: %s\n", name_.c_str(), what.c_str());
    ++complaints_;
  }
  void require(bool holds, const std::string& what) {
    if (!holds) complain(what);
  }
  bool good() const { return complaints_ == 0; }

 private:
  std::string name_;
  unsigned complaints_ = 0;
};

void check_form(const support::DmarcCase& one, Report& report) {
  for (const std::string& complaint : one.complaints) report.complain(complaint);
  report.require(!one.title.empty() && !one.rule.empty(), "it needs a title and a rule");
  report.require(one.expected.contains("result") && one.expected.contains("reason"),
                 "it needs a result and a reason");
}

void check_verdict(const support::DmarcCase& one, Report& report) {
  const SettledDmarc settled = settle(one, one.identifiers);
  const auto found = support::expectations_of(settled.verdict);
  for (const auto& [key, value] : one.expected) {
    report.require(found.at(key) == value,
                   key + " is \"" + found.at(key) + "\", not \"" + value + '"');
  }
  if (one.asks.empty()) return;
  for (const std::string& name : names_of(settled.answers)) {
    report.require(std::find(one.asks.begin(), one.asks.end(), name) != one.asks.end(),
                   "asks " + name);
  }
  report.require(names_of(settled.answers).size() == one.asks.size(), "does not ask all it should");
}

void check_order(const support::DmarcCase& one, Report& report) {
  const DmarcVerdict verdict = settle(one, one.identifiers).verdict;
  report.require(settle(one, one.identifiers, 1).verdict == verdict,
                 "the order of the answers changes the verdict");

  auto open = one.identifiers;
  for (DmarcIdentifier& identifier : open) identifier.state = DmarcIdentifier::State::Open;
  const SettledDmarc ahead = settle(one, open);
  report.require(ahead.verdict.result != auth::DmarcResult::Pass, "passes before anything has");
  const SettledDmarc judged = settle(one, one.identifiers, SIZE_MAX, ahead.answers);
  report.require(judged.verdict == verdict, "a prefetch changes the verdict");
  report.require(judged.answers.size() == ahead.answers.size(), "a prefetch has not asked for all");
}

bool play(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const support::DmarcCase one = support::parse_dmarc_case(text);
  Report report(path.filename());
  check_form(one, report);
  if (!report.good()) return false;
  check_verdict(one, report);
  check_order(one, report);
  return report.good();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    if (entry.path().extension() == ".case") paths.insert(entry.path());
  }
  const auto failures =
      std::count_if(paths.begin(), paths.end(), [](const auto& path) { return !play(path); });
  std::printf("%zu cases, %ld failures\n", paths.size(), static_cast<long>(failures));
  return paths.empty() || failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
