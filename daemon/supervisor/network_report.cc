// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor/network_report.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/ip_address.h"
#include "base/time.h"
#include "config/values.h"

namespace supervisor {
namespace {

using nlohmann::json;
using Action = ipc::ManageBans::Action;

// Far above what a ban may have; what is longer is refused here, before it is sent on.
constexpr std::size_t kMaxReason = 512;

std::string member(const ControlServer::Arguments& arguments, const std::string& name) {
  const auto found = arguments.find(name);
  return found == arguments.end() ? "" : found->second;
}

std::optional<Action> action_of(const std::string& text) {
  if (text.empty() || text == "list") return Action::List;
  if (text == "add") return Action::Add;
  if (text == "lift") return Action::Lift;
  return std::nullopt;
}

json to_json(const ipc::BanRow& ban) {
  return {{"network", ban.network.to_string()},
          {"limit", ban.cause},
          {"reason", ban.reason},
          {"evidence", ban.evidence},
          {"since", base::utc_text(ban.since)},
          {"until", base::utc_text(ban.until)},
          {"times", ban.times}};
}

json to_json(const ipc::NetworkRow& row) {
  json counts = json::array();
  for (const ipc::NetworkRow::Count& count : row.counts)
    counts.push_back({{"limit", count.limit},
                      {"what", count.what},
                      {"used", count.used},
                      {"most", count.most},
                      {"rate", count.rate}});
  return {{"network", row.network.to_string()}, {"counts", counts}};
}

}  // namespace

base::Result<ipc::ManageBans> bans_question(const ControlServer::Arguments& arguments) {
  ipc::ManageBans question;
  const auto action = action_of(member(arguments, "action"));
  if (!action) return base::Error::permanent("bans can be listed, added and lifted");
  question.action = *action;
  if (question.action == Action::List) return question;
  const std::string text = member(arguments, "network");
  const auto network = base::Network::parse(text);
  if (!network)
    return base::Error::permanent(
        "\"" + text + "\" is no network such as 192.0.2.7, 192.0.2.0/24 " + "or 2001:db8:1::/48");
  question.network = *network;
  if (question.action == Action::Lift) return question;
  const auto duration = config::parse_duration(member(arguments, "for"));
  if (!duration)
    return base::Error::permanent("\"" + member(arguments, "for") +
                                  "\" is no duration such as 30m, 1h or 7d");
  question.duration = *duration;
  question.reason = member(arguments, "reason");
  if (question.reason.size() > kMaxReason) return base::Error::permanent("the reason is too long");
  return question;
}

base::Result<ipc::ShowLimits> limits_question(const ControlServer::Arguments& arguments) {
  const std::string text = member(arguments, "address");
  const auto address = base::IpAddress::parse(text);
  if (!address)
    return base::Error::permanent("\"" + text +
                                  "\" is no address such as 192.0.2.7 or 2001:db8::7");
  return ipc::ShowLimits{0, *address};
}

json to_json(const ipc::Sessions& sessions) {
  json rows = json::array();
  for (const ipc::Sessions::Row& row : sessions.rows)
    rows.push_back({{"sid", row.sid},
                    {"client", row.client},
                    {"tls", row.tls},
                    {"stage", row.stage},
                    {"helo", row.helo},
                    {"age_ms", row.age_ms},
                    {"messages", row.messages}});
  return rows;
}

json to_json(const std::vector<ipc::NetworkRow>& networks) {
  json rows = json::array();
  for (const ipc::NetworkRow& row : networks) rows.push_back(to_json(row));
  return rows;
}

json to_json(const ipc::ManageBans& question, const ipc::Bans& answer) {
  json rows = json::array();
  for (const ipc::BanRow& ban : answer.rows) rows.push_back(to_json(ban));
  if (question.action == Action::List) return rows;
  if (question.action == Action::Lift) return {{"lifted", question.network.to_string()}};
  return {{"added", rows}, {"note", answer.note}};
}

json to_json(const ipc::Limits& limits, const base::IpAddress& address,
             const std::vector<std::string>& listeners) {
  json prospects = json::array();
  for (const ipc::Limits::Prospect& prospect : limits.prospects)
    prospects.push_back(
        {{"listener", prospect.listener < listeners.size() ? listeners[prospect.listener] : ""},
         {"limit", prospect.limit},
         {"reply", prospect.reply},
         {"detail", prospect.detail}});
  return {{"address", address.to_string()},
          {"exempt", limits.exempt ? json(limits.exempt->to_string()) : json()},
          {"ban", limits.ban ? to_json(*limits.ban) : json()},
          {"good_history", limits.has_good_history},
          {"networks", to_json(limits.networks)},
          {"new_connection", prospects}};
}

}  // namespace supervisor
