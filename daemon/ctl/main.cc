// SPDX-License-Identifier: Apache-2.0
// The command line of `postern`; each command is a file of its own.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "daemon/common/build_id.h"
#include "daemon/common/exit_code.h"
#include "daemon/ctl/check.h"
#include "daemon/ctl/control.h"
#include "daemon/ctl/describe.h"
#include "daemon/ctl/verify.h"

namespace {

struct Command {
  ctl::CheckOptions check;
  ctl::ControlOptions control;
  ctl::DescribeOptions describe;
  ctl::VerifyOptions verify;
  int (*run)(const Command&) = nullptr;
};

void declare_check(CLI::App& app, Command& command) {
  CLI::App* check =
      app.add_subcommand("check", "Check a configuration and everything that it refers to");
  check->add_option("-c,--config", command.check.file, "The file")->capture_default_str();
  check->add_flag("--offline", command.check.offline,
                  "Leave out what depends on what else runs now");
  check->add_flag("-q,--quiet", command.check.quiet, "Print errors only");
  check->add_flag("--json", command.check.json, "Print one JSON object");
  check->callback([&] { command.run = [](const Command& c) { return ctl::check(c.check); }; });
}

void declare_config(CLI::App& app, Command& command) {
  CLI::App* config = app.add_subcommand("config", "Show what can be configured");
  config->require_subcommand(1);
  CLI::App* describe = config->add_subcommand("describe", "Describe the settings");
  describe->add_option("KEY", command.describe.key, "A setting or a section; default: a list");
  describe
      ->add_option("--format", command.describe.format,
                   "man and sample print postern.conf(5) and the sample configuration")
      ->check(CLI::IsMember({"text", "man", "sample"}))
      ->type_name("text|man|sample");
  describe->callback(
      [&] { command.run = [](const Command& c) { return ctl::describe(c.describe); }; });
}

// A part of `bans`; the options of that stand behind it too.
CLI::App* declare_action(CLI::App& bans, ctl::ControlOptions& options, const char* action,
                         const char* help) {
  CLI::App* app = bans.add_subcommand(action, help);
  app->fallthrough();
  app->callback([&options, action] { options.arguments["action"] = action; });
  return app;
}

void declare_bans(CLI::App& bans, ctl::ControlOptions& options) {
  bans.require_subcommand(0, 1);
  declare_action(bans, options, "list", "Show them; so does no word at all");
  CLI::App* lift = declare_action(bans, options, "lift", "End one");
  CLI::App* add = declare_action(bans, options, "add", "Refuse a network for a time");
  for (CLI::App* app : {lift, add})
    app->add_option("NET", options.arguments["network"],
                    "An address, or a network in CIDR notation")
        ->required();
  add->add_option("--for", options.arguments["for"], "How long: 30m, 1h, 7d; at most 365d")
      ->required();
  add->add_option("--reason", options.arguments["reason"], "What its clients are told")->required();
}

void declare_control(CLI::App& app, Command& command) {
  for (const ctl::ControlCommand& row : ctl::control_commands()) {
    CLI::App* control = app.add_subcommand(row.name, row.help);
    ctl::ControlOptions& options = command.control;
    control->add_option("-c,--config", options.file, "The file that names the control socket")
        ->capture_default_str();
    control->add_option("--socket", options.socket,
                        "The control socket; default: that of the configuration");
    control->add_flag("--json", options.json, "Print the answer as JSON");
    control->callback([&command, name = row.name] {
      command.control.command = name;
      command.run = [](const Command& c) { return ctl::control(c.control); };
    });
  }
  declare_bans(*app.get_subcommand("bans"), command.control);
  app.get_subcommand("limits")
      ->add_option("ADDRESS", command.control.arguments["address"], "Whose limits")
      ->required();
}

void declare_verify(CLI::App& app, Command& command) {
  ctl::VerifyOptions& options = command.verify;
  CLI::App* verify = app.add_subcommand("verify", "Judge a message as the server would");
  ctl::EnvelopeOptions& envelope = options.envelope;
  verify
      ->add_option("FILE", options.message, "The message, stored or as it came; -: standard input")
      ->required();
  verify->add_option("--ip", envelope.ip, "The client's address");
  verify->add_option("--helo", envelope.helo, "The name that the client gave");
  verify->add_option("--from", envelope.from, "The reverse-path of MAIL FROM; <>: the null one");
  verify->add_option("--time", envelope.time, "When it came, such as 2026-11-21T21:03:00Z");
  verify->add_flag("--as-received", options.as_received,
                   "Nothing on top of the message is from this server");
  verify->add_option("-c,--config", options.file, "The configuration")->capture_default_str();
  CLI::Option* record =
      verify->add_option("--record", options.record, "Write the answers of the DNS to this file");
  verify->add_option("--replay", options.replay, "Take the answers from this file, ask nobody")
      ->excludes(record);
  verify->add_flag("--second-opinion", options.second_opinion,
                   "Ask other implementations for their results too");
  verify->add_flag("--json", options.json, "Print one JSON object");
  verify->callback([&] { command.run = [](const Command& c) { return ctl::verify(c.verify); }; });
}

int run(int argc, char** argv) {
  Command command;
  CLI::App app("Administrator's tool of the Postern SMTP server. See postern(8).", "postern");
  app.set_version_flag("--version", std::string("postern ") + common::version());
  app.require_subcommand(1);
  declare_check(app, command);
  declare_control(app, command);
  declare_config(app, command);
  declare_verify(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Success is how CLI11 says that it has printed a help text or the version.
    return app.exit(error) == 0 ? common::kExitOk : common::kExitUsage;
  }
  return command.run(command);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "postern: %s\n", error.what());
    return common::kExitSoftware;
  }
}
