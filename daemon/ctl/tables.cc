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

// "3 connections, 12 new connections": those that are not zero.
std::string counts(const json& network) {
  std::string list;
  for (const json& count : network.at("counts"))
    if (count.at("used") != 0)
      list += (list.empty() ? "" : ", ") + number(count, "used") + ' ' + text(count, "what");
  return list;
}

std::string busiest(const json& result) {
  std::vector<Row> rows{{"NETWORK", "OF LATE"}};
  for (const json& network : result.at("busiest"))
    rows.push_back({text(network, "network"), counts(network)});
  return rows.size() > 1 ? '\n' + aligned(rows) : "";
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
  add("networks", number(result, "networks") + " known, " + number(result, "bans") + " refused");
  if (!text(result, "shedding").empty())
    add("refuses all", "for " + text(result, "shedding") + ", until there is more of it");
  return report + '\n' + roles(result) + busiest(result);
}

std::string table_of_bans(const json& bans) {
  std::vector<Row> rows{{"NETWORK", "LIMIT", "SINCE", "UNTIL", "TIMES", "REASON", "EVIDENCE"}};
  for (const json& ban : bans)
    rows.push_back({text(ban, "network"), text(ban, "limit"), text(ban, "since"),
                    text(ban, "until"), number(ban, "times"), text(ban, "reason"),
                    text(ban, "evidence")});
  return rows.size() > 1 ? aligned(rows) : "no bans\n";
}

std::string bans(const json& result) {
  if (result.is_array()) return table_of_bans(result);
  if (result.contains("lifted")) return text(result, "lifted") + " is refused no more\n";
  const std::string note = text(result, "note");
  return table_of_bans(result.at("added")) + (note.empty() ? "" : note + '\n');
}

std::string prospect(const json& row) {
  if (text(row, "limit").empty()) return "it would be let in";
  const std::string detail = text(row, "detail");
  return text(row, "reply") + " (" + text(row, "limit") + (detail.empty() ? "" : "; " + detail) +
         ")";
}

std::string use(const json& count) {
  const std::string rate = text(count, "rate");
  const std::string most = rate.empty() ? number(count, "most") : rate;
  const bool full = count.at("used") >= count.at("most");
  return number(count, "used") + " of " + most + (full ? " FULL" : "");
}

std::vector<Row> ban_facts(const json& ban) {
  if (ban.is_null()) return {{"ban", "none"}};
  const std::string evidence = text(ban, "evidence");
  return {
      {"ban", text(ban, "network") + " until " + text(ban, "until") + ": " + text(ban, "reason")},
      {"", "by " + text(ban, "limit") + (evidence.empty() ? "" : ", " + evidence)}};
}

// A column for each network.
std::string table_of_counts(const json& networks) {
  std::vector<Row> rows{{"LIMIT"}};
  for (const json& network : networks) rows.front().push_back(text(network, "network"));
  for (std::size_t i = 0; i < networks.at(0).at("counts").size(); ++i) {
    rows.push_back({text(networks.at(0).at("counts").at(i), "limit")});
    for (const json& network : networks) rows.back().push_back(use(network.at("counts").at(i)));
  }
  return aligned(rows);
}

std::string limits(const json& result) {
  const bool exempt = !result.at("exempt").is_null();
  std::vector<Row> facts{
      {"exempt", exempt ? "by " + text(result, "exempt") + " of limits.exempt" : "no"}};
  for (Row& row : ban_facts(result.at("ban"))) facts.push_back(std::move(row));
  facts.push_back({"good history", result.at("good_history").get<bool>() ? "yes" : "no"});
  for (const json& row : result.at("new_connection"))
    facts.push_back({"to " + text(row, "listener"), prospect(row)});
  return aligned(facts) + '\n' + table_of_counts(result.at("networks"));
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
