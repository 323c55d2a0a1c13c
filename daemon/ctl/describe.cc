// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/describe.h"

#include <cstdio>
#include <string_view>
#include <vector>

#include "config/closest.h"
#include "config/describe.h"
#include "config/keys.h"
#include "daemon/common/exit_code.h"

namespace ctl {
namespace {

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return common::kExitOk;
}

int unknown(const std::string& name) {
  std::vector<std::string_view> names;
  for (const config::Section& section : config::sections()) names.push_back(section.path);
  for (const config::Key& key : config::keys()) names.push_back(key.path);
  const std::string hint = config::did_you_mean(name, names);
  std::fprintf(stderr, "postern: there is no setting \"%s\"%s%s\n", name.c_str(),
               hint.empty() ? "" : "; ", hint.c_str());
  return common::kExitUsage;
}

int describe_section(const config::Section& section) {
  std::string text;
  for (const config::Key* key : config::keys_of(section))
    text += (text.empty() ? "" : "\n") + config::describe_key(*key);
  return print(text);
}

int describe_text(const std::string& name) {
  if (name.empty()) return print(config::describe_keys());
  if (const config::Key* key = config::find_key(name)) return print(config::describe_key(*key));
  if (const auto* section = config::find_section(name)) return describe_section(*section);
  return unknown(name);
}

}  // namespace

int describe(const DescribeOptions& options) {
  if (options.format == "man") return print(config::man_page());
  if (options.format == "sample") return print(config::sample());
  return describe_text(options.key);
}

}  // namespace ctl
