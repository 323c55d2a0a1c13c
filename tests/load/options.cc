// SPDX-License-Identifier: Apache-2.0
#include "load/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>

#include "base/ascii.h"

namespace load {
namespace {

constexpr int kExitUsage = 2;

// Everything that may be loaded: this machine and private networks. A load client must be of no use
// against strangers.
constexpr std::array kAllowedServers = {
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7", "fe80::/10"};

const std::map<std::string, Tls> kTlsNames = {
    {"off", Tls::Off}, {"starttls", Tls::StartTls}, {"implicit", Tls::Implicit}};

// Values that need more than CLI11's conversion.
struct Texts {
  std::string server;
  std::vector<std::string> sources;
  std::int64_t seconds = Options{}.seconds.count();
  std::int64_t timeout = Options{}.timeout.count();
  std::int64_t pause_ms = Options{}.pause.count();
};

bool may_be_loaded(const base::IpAddress& address) {
  return std::any_of(kAllowedServers.begin(), kAllowedServers.end(), [&](const char* network) {
    return base::Network::parse(network)->contains(address);
  });
}

// Goes into commands as it is, so it must not bring a command of its own.
std::string one_word(const std::string& text) {
  const bool sound = std::all_of(text.begin(), text.end(), [](char c) {
    return base::is_printable(c) && c != ' ' && c != '<' && c != '>';
  });
  if (!sound) return "must be printable and without blanks and angle brackets";
  return text.size() <= kMaxWord ? "" : "is too long";
}

CLI::Range up_to(auto limit) { return CLI::Range(decltype(limit){1}, limit); }

void declare_amounts(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--connections", options.connections, "Connections at the same time")
      ->check(up_to(kMaxConnections))
      ->capture_default_str();
  app.add_option("--messages", options.messages, "Messages in all; default: until time is over")
      ->check(up_to(kMaxMessages));
  app.add_option("--seconds", texts.seconds, "No message is begun later than that")
      ->check(up_to(kMaxSeconds))
      ->capture_default_str();
  app.add_option("--timeout", texts.timeout, "Seconds that a connection may stand still")
      ->check(up_to(kMaxSeconds))
      ->capture_default_str();
  app.add_option("--messages-per-connection", options.messages_per_connection, "Then QUIT")
      ->check(up_to(kMaxMessages))
      ->capture_default_str();
  app.add_option("--pause", texts.pause_ms, "Milliseconds before the next of these connections")
      ->check(up_to(kMaxPauseMs));
  app.add_option("--slow", options.slow_bytes_per_second,
                 "Send so many bytes a second on each connection")
      ->check(up_to(std::uint32_t{1} << 30));
}

void declare_messages(CLI::App& app, Options& options) {
  CLI::Option* size =
      app.add_option("--size", options.size_bytes, "Bytes of a generated message, with CRLF")
          ->check(CLI::Range(kMinMessageSize, kMaxMessageSize))
          ->capture_default_str();
  app.add_option("--file", options.file, "Send this message, X-Load-Hash and X-Load-Id on top")
      ->check(CLI::ExistingFile)
      ->excludes(size);
  app.add_option("--recipients", options.recipients, "Recipients of every message, with commas")
      ->delimiter(',')
      ->required()
      ->check(one_word);
  app.add_option("--from", options.from, "Sender; '' is the null sender")
      ->check(one_word)
      ->capture_default_str();
}

void declare_connection(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--server", texts.server, "ADDRESS:PORT, in numbers")->required();
  app.add_option("--sources", texts.sources,
                 "Own addresses in 127.0.0.0/8, used in turn: networks or addresses, with commas")
      ->delimiter(',');
  app.add_option("--helo", options.helo, "The name in EHLO")
      ->check(one_word)
      ->capture_default_str();
  app.add_option("--tls", options.tls, "off, starttls or implicit")
      ->transform(CLI::CheckedTransformer(kTlsNames))
      ->default_str("starttls");
  app.add_flag("--pipelining", options.pipelining, "Send MAIL, RCPT and DATA in one piece");
  app.add_flag("--reconnect", options.reconnect, "Go on when the server dies");
}

void declare_output(CLI::App& app, Options& options) {
  app.add_option("--journal", options.journal,
                 "Append a line 'ID QUEUE-ID' for each acknowledged message");
  app.add_flag("--json", options.json, "Print the report as one line of JSON");
}

void interpret(const Texts& texts, Options& options, bool any_bound) {
  const auto server = base::Endpoint::parse(texts.server);
  if (!server || server->port == 0) throw CLI::ValidationError("--server", "is no ADDRESS:PORT");
  if (!may_be_loaded(server->address))
    throw CLI::ValidationError("--server", "is neither this machine nor a private network");
  if (!any_bound) throw CLI::RequiredError("--messages or --seconds");
  if (options.recipients.size() > kMaxRecipients)
    throw CLI::ValidationError("--recipients", "are too many");
  options.server = *server;
  options.seconds = std::chrono::seconds(texts.seconds);
  options.timeout = std::chrono::seconds(texts.timeout);
  options.pause = std::chrono::milliseconds(texts.pause_ms);
  for (const std::string& text : texts.sources)
    if (!options.sources.add(text))
      throw CLI::ValidationError("--sources", text + " is no part of 127.0.0.0/8");
  if (!options.sources.empty() && !server->address.is_v4())
    throw CLI::ValidationError("--sources", "are for IPv4 servers");
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& exit_code) {
  Options options;
  Texts texts;
  CLI::App app("Load client for SMTP servers. See tests/load/README.md.", "postern-load");
  declare_connection(app, options, texts);
  declare_amounts(app, options, texts);
  declare_messages(app, options);
  declare_output(app, options);
  try {
    app.parse(argc, argv);
    interpret(texts, options, app.count("--messages") + app.count("--seconds") > 0);
    return options;
  } catch (const CLI::ParseError& error) {
    // Success is how CLI11 says that it has printed the help text.
    exit_code = app.exit(error) == 0 ? 0 : kExitUsage;
    return std::nullopt;
  }
}

}  // namespace load
