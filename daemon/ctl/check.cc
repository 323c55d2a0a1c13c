// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/check.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/common/environment.h"
#include "daemon/common/exit_code.h"

namespace ctl {
namespace {

struct Findings {
  config::Loaded loaded;
  std::vector<common::Finding> environment;

  bool ok() const {
    return loaded.ok() && std::none_of(environment.begin(), environment.end(),
                                       [](const common::Finding& f) { return f.is_error; });
  }
};

Findings examine(const CheckOptions& options) {
  config::DiskFiles files;
  Findings findings{config::load(options.file, files), {}};
  if (findings.loaded.ok())
    findings.environment = common::check_environment(findings.loaded.config, options.offline);
  return findings;
}

int exit_code(const Findings& findings) {
  return findings.ok() ? common::kExitOk : common::load_failure_code(findings.loaded);
}

const char* name_of(const common::Finding& finding) {
  return finding.is_error ? "error" : "warning";
}

void print(std::FILE* stream, const std::string& text) { std::fputs(text.c_str(), stream); }

std::vector<config::Diagnostic> errors_only(const std::vector<config::Diagnostic>& all) {
  std::vector<config::Diagnostic> errors;
  for (const auto& diagnostic : all)
    if (diagnostic.severity == config::Diagnostic::Severity::Error) errors.push_back(diagnostic);
  return errors;
}

void print_text(const Findings& findings, const CheckOptions& options) {
  const auto& diagnostics = findings.loaded.diagnostics;
  print(stderr, config::render(options.quiet ? errors_only(diagnostics) : diagnostics));
  for (const common::Finding& finding : findings.environment)
    if (finding.is_error || !options.quiet)
      print(stderr, options.file + ": " + name_of(finding) + ": " + finding.text + '\n');
  if (options.quiet || !findings.loaded.ok()) return;
  const auto& ignored = findings.loaded.without_effect;
  if (!ignored.empty())
    print(stdout, std::to_string(ignored.size()) +
                      (ignored.size() == 1 ? " setting" : " settings") +
                      " without effect in this version:\n");
  for (const std::string& key : ignored) print(stdout, "  " + key + '\n');
  if (findings.ok()) print(stdout, options.file + ": ok\n");
}

const char* severity_name(config::Diagnostic::Severity severity) {
  constexpr const char* kNames[] = {"error", "warning", "note"};
  return kNames[static_cast<std::size_t>(severity)];
}

nlohmann::json to_json(const config::Diagnostic& diagnostic) {
  return {{"severity", severity_name(diagnostic.severity)},
          {"file", diagnostic.file},
          {"line", diagnostic.line},
          {"column", diagnostic.column},
          {"length", diagnostic.length},
          {"message", diagnostic.message},
          {"hint", diagnostic.hint}};
}

void print_json(const Findings& findings, const CheckOptions& options) {
  nlohmann::json report = {{"file", options.file},
                           {"ok", findings.ok()},
                           {"diagnostics", nlohmann::json::array()},
                           {"environment", nlohmann::json::array()},
                           {"without_effect", findings.loaded.without_effect}};
  for (const auto& diagnostic : findings.loaded.diagnostics)
    report["diagnostics"].push_back(to_json(diagnostic));
  for (const auto& finding : findings.environment)
    report["environment"].push_back({{"severity", name_of(finding)}, {"message", finding.text}});
  // A message may quote bytes that are not UTF-8; they must not make dump() throw.
  print(stdout, report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
}

}  // namespace

int check(const CheckOptions& options) {
  const Findings findings = examine(options);
  if (options.json)
    print_json(findings, options);
  else
    print_text(findings, options);
  return exit_code(findings);
}

}  // namespace ctl
