// SPDX-License-Identifier: Apache-2.0
// A configuration file, and behind a NUL the table of mailboxes that it may name, which is what the
// system says of its DNS servers, too.
#include <algorithm>

#include "config/load.h"
#include "fuzz/fuzz.h"
#include "support/configs.h"

namespace {

using fuzz::require;

constexpr char kTable[] = "/etc/postern/example.org.mailboxes";
constexpr char kResolvConf[] = "/etc/resolv.conf";

config::Loaded load(std::string_view text, std::string_view table) {
  support::MemoryFiles files = support::config_files(std::string(text));
  for (const char* path : {kTable, kResolvConf}) files.add(path, std::string(table));
  return config::load(support::kConfigPath, files);
}

void check_diagnostic(const config::Diagnostic& diagnostic, std::size_t lines) {
  require(!diagnostic.message.empty(), "a diagnostic says something");
  if (diagnostic.file == support::kConfigPath)
    require(diagnostic.line <= lines, "a diagnostic is about a line of the file");
}

// The report reaches a terminal: no byte of the file may steer it.
bool is_harmless(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
  });
}

void check_config(const config::Config& config) {
  require(!config.hostname.empty(), "a good configuration has a host name");
  require(!config.listeners.empty(), "a good configuration has a listener");
  require(!config.tls.certificates.empty(), "a good configuration has a certificate");
  require(!config.domains.empty(), "a good configuration has a domain");
  for (const policy::Domain& domain : config.domains)
    require(!domain.name.empty(), "a domain has a name");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string_view all = input.rest();
  const std::size_t end = std::min(all.find('\0'), all.size());
  const std::string_view text = all.substr(0, end);
  const config::Loaded loaded = load(text, all.substr(std::min(end + 1, all.size())));

  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const config::Diagnostic& diagnostic : loaded.diagnostics)
    check_diagnostic(diagnostic, lines);
  require(loaded.diagnostics.size() <= config::kMaxDiagnostics + 1, "diagnostics are bounded");
  require(is_harmless(config::render(loaded.diagnostics)), "a report does not steer a terminal");
  if (loaded.ok()) check_config(loaded.config);
  return 0;
}
