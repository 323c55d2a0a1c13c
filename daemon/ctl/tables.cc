// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/tables.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/ascii.h"
#include "daemon/common/counters.h"

namespace ctl {
namespace {

using nlohmann::json;
using Row = std::vector<std::string>;

std::string text(const json& object, const char* member) {
  return for_terminal(object.at(member).get<std::string>());
}

std::string number(const json& object, const char* member) {
  return std::to_string(object.at(member).get<long long>());
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string configuration(const json& result) {
  const json& configuration = result.at("configuration");
  return text(configuration, "file") + ", generation " + number(configuration, "generation") +
         ", in force for " + age(configuration.at("age_seconds").get<long long>()) +
         ", last reload " +
         for_terminal(first_line(configuration.at("last_reload").get<std::string>()));
}

std::string roles(const json& result) {
  std::vector<Row> rows{{"PROCESS", "PID", "STATE", "UPTIME", "RESTARTS"}};
  for (const json& role : result.at("roles")) {
    const bool running = role.at("pid").get<long long>() != 0;
    rows.push_back({"postern-" + text(role, "role"), running ? number(role, "pid") : "-",
                    role.at("serving").get<bool>() ? "serving"
                    : running                      ? "starting"
                                                   : "away",
                    running ? age(role.at("uptime_seconds").get<long long>()) : "-",
                    number(role, "restarts")});
  }
  return aligned(rows);
}

// "http 3, tls_bytes 1": those that occurred, of the counters that have `what`.
std::string occurred(const json& result, std::string_view common::CounterRule::*what) {
  std::string list;
  for (const common::CounterRule& rule : common::kCounters) {
    const std::string name(rule.name);
    if ((rule.*what).empty() || result.at(name) == 0) continue;
    list +=
        (list.empty() ? "" : ", ") + std::string(rule.*what) + ' ' + number(result, name.c_str());
  }
  return list.empty() ? "none" : list;
}

// One function for each command, of its name.
std::string status(const json& result) {
  std::string report = "posternd " + text(result, "version") + "  " + text(result, "hostname") +
                       "  pid " + number(result, "pid") + '\n';
  const auto add = [&](const char* name, const std::string& value) {
    std::array<char, 24> label;
    std::snprintf(label.data(), label.size(), "%-15s", name);
    report += label.data() + value + '\n';
  };
  add("configuration", configuration(result));
  for (const json& listener : result.at("listeners"))
    add("listener", for_terminal(listener.get<std::string>()));
  add("certificate", number(result, "certificate_days") + " days left");
  // The figures are those of the process that serves now.
  add("sessions", number(result, "sessions") + " now, " + number(result, "connections_total") +
                      " since postern-smtp started");
  add("messages", number(result, "messages_accepted") + " accepted, " +
                      number(result, "messages_refused") + " refused");
  add("verdicts", number(result, "verdict_quarantined") + " quarantined, " +
                      number(result, "verdict_excepted") + " let through, " +
                      number(result, "verdict_dmarc_refused") + " refused by DMARC, " +
                      number(result, "verdict_refused") + " by other checks, " +
                      number(result, "verdict_deferred") + " deferred");
  if (result.at("unjudged_in_a_row") != 0)
    add("DNS", "does not answer: none of the last " + number(result, "unjudged_in_a_row") +
                   " messages could be judged");
  add("ended by us", occurred(result, &common::CounterRule::end_reason));
  add("limits met", occurred(result, &common::CounterRule::limit));
  return report + '\n' + roles(result);
}

std::string ps(const json& result) {
  std::vector<Row> rows{{"SID", "CLIENT", "TLS", "STAGE", "AGE", "MESSAGES", "HELO"}};
  for (const json& session : result) {
    const std::string helo = text(session, "helo");
    rows.push_back({text(session, "sid"), text(session, "client"), text(session, "tls"),
                    text(session, "stage"), age(session.at("age_ms").get<long long>() / 1000),
                    number(session, "messages"), helo.empty() ? "-" : helo});
  }
  return aligned(rows);
}

std::string reload(const json& result) {
  return "reloaded: generation " + number(result, "generation") + " of the configuration\n";
}

std::string stop(const json&) { return "stopped\n"; }

struct Table {
  std::string_view command;
  std::string (*print)(const json& result);
};

constexpr Table kTables[] = {
#define POSTERN_CONTROL(name, help) {#name, name},
#include "daemon/common/control_commands.def"
#undef POSTERN_CONTROL
};

}  // namespace

std::string table_of(std::string_view command, const json& result) {
  return std::ranges::find(kTables, command, &Table::command)->print(result);
}

std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string result;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    result += line + '\n';
  }
  return result;
}

std::string for_terminal(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (base::is_printable(c)) {
      result += c;
      continue;
    }
    std::array<char, 8> escaped;
    std::snprintf(escaped.data(), escaped.size(), "\\x%02x", static_cast<unsigned char>(c));
    result += escaped.data();
  }
  return result;
}

std::string age(long long seconds) {
  constexpr long long kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  const auto part = [](long long value, const char* unit) {
    return std::to_string(value) + ' ' + unit;
  };
  if (seconds < kMinute) return part(seconds, "s");
  if (seconds < kHour) return part(seconds / kMinute, "min");
  if (seconds < kDay)
    return part(seconds / kHour, "h") + ' ' + part(seconds % kHour / kMinute, "min");
  return part(seconds / kDay, "d") + ' ' + part(seconds % kDay / kHour, "h");
}

}  // namespace ctl
