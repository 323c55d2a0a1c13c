// SPDX-License-Identifier: Apache-2.0
#include "load/flood/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace flood {
namespace {

constexpr int kExitUsage = 2;

// A flood must be of no use against strangers, and not even against the neighbours.
constexpr const char* kAllowedServers = "127.0.0.0/8";

struct Texts {
  std::string server;
  std::vector<std::string> sources;
  std::vector<std::string> hot_sources;
  std::vector<std::string> kinds;
  std::int64_t hold = 20;
  std::int64_t seconds = kMaxSeconds;
};

CLI::Range up_to(auto limit) { return CLI::Range(decltype(limit){1}, limit); }

void declare(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--server", texts.server, "ADDRESS:PORT in 127.0.0.0/8")->required();
  app.add_option("--connections", options.connections, "In all")
      ->check(up_to(kMaxConnections))
      ->required();
  app.add_option("--at-once", options.at_once, "At the same time")
      ->check(up_to(kMaxAtOnce))
      ->required();
  app.add_option("--rate", options.rate, "Begun a second")->check(up_to(kMaxRate))->required();
  app.add_option("--hold", texts.hold, "Seconds that one stays, unless the server ends it")
      ->check(up_to(kMaxSeconds))
      ->capture_default_str();
  app.add_option("--seconds", texts.seconds, "The end of it all")
      ->check(up_to(kMaxSeconds))
      ->capture_default_str();
  app.add_option("--kinds", texts.kinds, "Taken in turn; with commas")
      ->delimiter(',')
      ->check(CLI::IsMember(std::vector<std::string>{kKindNames.begin(), kKindNames.end()}))
      ->required();
  app.add_option("--sources", texts.sources,
                 "Own addresses in 127.0.0.0/8, used in turn: networks or addresses, with commas")
      ->delimiter(',')
      ->required();
  app.add_option("--hot-sources", texts.hot_sources, "The same, for a quarter of the connections")
      ->delimiter(',');
  app.add_option("--mailbox", options.mailbox, "A real one of the server")->required();
}

void add_sources(const std::vector<std::string>& texts, const char* option,
                 load::Sources& sources) {
  for (const std::string& text : texts)
    if (!sources.add(text)) throw CLI::ValidationError(option, text + " is not in 127.0.0.0/8");
}

Kind kind_named(const std::string& name) {
  return static_cast<Kind>(std::find(kKindNames.begin(), kKindNames.end(), name) -
                           kKindNames.begin());
}

void interpret(const Texts& texts, Options& options) {
  const auto server = base::Endpoint::parse(texts.server);
  if (!server || !base::Network::parse(kAllowedServers)->contains(server->address))
    throw CLI::ValidationError("--server", "is no ADDRESS:PORT in 127.0.0.0/8");
  if (options.mailbox.find('@') == std::string::npos)
    throw CLI::ValidationError("--mailbox", "is no address");
  options.server = *server;
  options.hold = std::chrono::seconds(texts.hold);
  options.seconds = std::chrono::seconds(texts.seconds);
  for (const std::string& name : texts.kinds) options.kinds.push_back(kind_named(name));
  add_sources(texts.sources, "--sources", options.sources);
  add_sources(texts.hot_sources, "--hot-sources", options.hot_sources);
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& exit_code) {
  Options options;
  Texts texts;
  CLI::App app("A flood for a server on this machine. See tests/load/README.md.", "postern-flood");
  declare(app, options, texts);
  try {
    app.parse(argc, argv);
    interpret(texts, options);
    return options;
  } catch (const CLI::ParseError& error) {
    // Success is how CLI11 says that it has printed the help text.
    exit_code = app.exit(error) == 0 ? 0 : kExitUsage;
    return std::nullopt;
  }
}

}  // namespace flood
