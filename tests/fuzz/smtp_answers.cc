// SPDX-License-Identifier: Apache-2.0
// What an smtp that an attacker has taken answers to the questions of an administrator: by way of
// the supervisor to the tables of `postern`, on a terminal. First byte: which question.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/ascii.h"
#include "daemon/common/counters.h"
#include "daemon/ctl/tables.h"
#include "daemon/supervisor/network_report.h"
#include "fuzz/fuzz.h"
#include "ipc/messages.h"

namespace {

using fuzz::require;
using nlohmann::json;
using Action = ipc::ManageBans::Action;

// As it goes over the control socket.
json sent(const json& answer) {
  const std::string line = answer.dump(-1, ' ', true, json::error_handler_t::replace);
  require(std::all_of(line.begin(), line.end(), base::is_printable), "an answer is one line");
  return json::parse(line);
}

// `postern` says of an answer that is none that it is none.
void check_table(const char* command, const json& answer) {
  std::string text;
  try {
    text = ctl::table_of(command, sent(answer));
  } catch (const json::exception&) {
    return;
  }
  require(std::all_of(text.begin(), text.end(),
                      [](char c) { return c == '\n' || base::is_printable(c); }),
          "a table steers no terminal");
}

void check_bans(std::uint8_t choice, std::string_view body) {
  const auto bans = ipc::unpack<ipc::Bans>(body);
  if (!bans) return;
  ipc::ManageBans question;
  question.action = static_cast<Action>(choice % (static_cast<unsigned>(Action::Last_) + 1));
  check_table("bans", supervisor::to_json(question, *bans));
}

// As Server::status() has it; its figures are smtp's.
json status_with(unsigned figure) {
  json status = {{"version", "1"},
                 {"pid", 1},
                 {"hostname", "mx.ours.test"},
                 {"listeners", {"127.0.0.1:25 starttls"}},
                 {"roles", json::array()},
                 {"certificate_days", 1},
                 {"configuration",
                  {{"file", "x"}, {"generation", 1}, {"age_seconds", 1}, {"last_reload", "ok"}}}};
  for (const char* name : {"sessions", "networks", "bans"}) status[name] = figure;
  for (const common::CounterRule& rule : common::kCounters) status[std::string(rule.name)] = figure;
  return status;
}

void check_status(std::uint8_t choice, std::string_view body) {
  const auto busiest = ipc::unpack<ipc::Busiest>(body);
  if (!busiest) return;
  json status = status_with(choice & 1);
  status["shedding"] = (choice & 2) != 0 ? std::string(body) : "";
  status["busiest"] = supervisor::to_json(busiest->networks);
  check_table("status", status);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t choice = input.byte();
  const std::string_view body = input.rest();
  switch (choice & 3) {
    case 0:
      if (const auto sessions = ipc::unpack<ipc::Sessions>(body))
        check_table("ps", supervisor::to_json(*sessions));
      break;
    case 1:
      check_bans(choice >> 2, body);
      break;
    case 2:
      if (const auto limits = ipc::unpack<ipc::Limits>(body))
        check_table("limits", supervisor::to_json(*limits, {}, {"192.0.2.1:25"}));
      break;
    default:
      check_status(choice >> 2, body);
  }
  return 0;
}
