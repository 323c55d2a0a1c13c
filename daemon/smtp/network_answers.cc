// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/network_answers.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "obs/log.h"
#include "smtp/reply.h"

namespace smtp_role {
namespace {

using policy::Width;

static_assert(policy::kMaxBans <= ipc::kMaxRows);

ipc::BanRow row_of(const policy::Ban& ban) {
  return {ban.network, ban.cause, ban.reason, ban.evidence, ban.since, ban.until, ban.times};
}

bool lies_in(const base::Network& inner, const base::Network& outer) {
  return inner.prefix_bits() >= outer.prefix_bits() && outer.contains(inner.address());
}

void add_ban(const ipc::ManageBans& question, policy::Bans& bans,
             const policy::LimitSettings& settings, base::WallTime now, ipc::Bans& answer) {
  for (const base::Network& exempt : settings.exempt) {
    if (lies_in(question.network, exempt)) {
      answer.error = question.network.to_string() + " is exempt: limits.exempt has " +
                     exempt.to_string() + ", and a ban would change nothing";
      return;
    }
    if (lies_in(exempt, question.network))
      answer.note +=
          (answer.note.empty() ? "limits.exempt stays served: " : ", ") + exempt.to_string();
  }
  const auto added = bans.add(question.network, question.duration, question.reason, now);
  if (!added) {
    answer.error = added.error().reason;
    return;
  }
  answer.rows.push_back(row_of(*added));
  obs::Line(obs::Event::ban_added)
      .token("network", added->network.to_string())
      .text("reason", added->reason)
      .token("until", base::utc_text(added->until))
      .write();
}

void lift_ban(const base::Network& network, policy::Bans& bans, base::WallTime now,
              ipc::Bans& answer) {
  if (bans.lift(network, now)) {
    obs::Line(obs::Event::ban_lifted).token("network", network.to_string()).write();
    return;
  }
  answer.error = network.to_string() + " has no ban";
  const auto around = bans.find(network.address(), now);
  if (around && lies_in(network, around->network))
    answer.error += " of its own; it lies in " + around->network.to_string() + ", which has one";
}

ipc::NetworkRow row_of(const base::Network& network,
                       const std::optional<policy::NetworkAccount>& account, Width width,
                       const policy::LimitSettings& settings) {
  ipc::NetworkRow row{network, {}};
  row.counts.push_back({std::string(policy::rule_of(policy::Limit::connections).name),
                        "connections", account ? account->connections() : 0,
                        policy::most_connections(settings, width), ""});
  for (const policy::AccountRule& rule : policy::account_table()) {
    const double level = account ? account->level(rule.account) : 0;
    row.counts.push_back({std::string(policy::rule_of(rule.limit).name), std::string(rule.name),
                          static_cast<std::uint64_t>(std::ceil(level)),
                          static_cast<std::uint64_t>(most(settings, rule.account, width)),
                          rate_text(settings, rule.account, width)});
  }
  return row;
}

// Without the end of the line.
std::string line_of(const smtp::Reply& reply) {
  const std::string rendered = reply.render();
  return rendered.substr(0, rendered.find('\r'));
}

ipc::Limits::Prospect prospect_of(std::size_t listener,
                                  const std::optional<policy::Refusal>& refusal) {
  ipc::Limits::Prospect prospect;
  prospect.listener = static_cast<std::uint32_t>(listener);
  if (!refusal) return prospect;
  prospect.limit = policy::rule_of(refusal->limit).name;
  prospect.reply = line_of(refusal->reply);
  prospect.detail = refusal->detail;
  return prospect;
}

}  // namespace

ipc::Bans manage_bans(const ipc::ManageBans& question, policy::Bans& bans,
                      const policy::LimitSettings& settings, base::WallTime now) {
  ipc::Bans answer;
  answer.request = question.request;
  switch (question.action) {
    case ipc::ManageBans::Action::Add:
      add_ban(question, bans, settings, now, answer);
      break;
    case ipc::ManageBans::Action::Lift:
      lift_ban(question.network, bans, now, answer);
      break;
    case ipc::ManageBans::Action::List:
      for (const policy::Ban& ban : bans.list(now)) answer.rows.push_back(row_of(ban));
  }
  return answer;
}

ipc::Limits show_limits(const ipc::ShowLimits& question, const policy::Gate& gate,
                        const policy::History& history, const policy::LimitSettings& settings,
                        const std::vector<ListenerRules>& listeners, const policy::Moment& now) {
  const base::IpAddress& client = question.address;
  ipc::Limits answer;
  answer.request = question.request;
  const auto exempt = std::ranges::find_if(
      settings.exempt, [&](const base::Network& network) { return network.contains(client); });
  if (exempt != settings.exempt.end()) answer.exempt = *exempt;
  if (const auto ban = gate.bans().find(client, now.wall)) answer.ban = row_of(*ban);
  answer.has_good_history = history.is_good(client, settings, now.wall);
  for (const Width width : {Width::Narrow, Width::Wide})
    answer.networks.push_back(row_of(policy::network_around(client, width, settings),
                                     gate.table().look(client, width, settings, now.steady), width,
                                     settings));
  for (std::size_t i = 0; i < listeners.size(); ++i)
    answer.prospects.push_back(prospect_of(
        i, gate.foresee({client}, i, listeners[i].access, listeners[i].limits, settings, now)));
  return answer;
}

ipc::Busiest list_busiest(const ipc::ListBusiest& question, const policy::RateTable& table,
                          const policy::LimitSettings& settings, base::Instant now) {
  ipc::Busiest answer{question.request, {}};
  for (const policy::RateTable::Busy& busy :
       table.busiest(kBusiest, Width::Narrow, settings, now)) {
    if (busy.account.connections() == 0 && busy.account.level(policy::Account::Connections) <= 0)
      continue;
    answer.networks.push_back(row_of(busy.network, busy.account, Width::Narrow, settings));
  }
  return answer;
}

}  // namespace smtp_role
