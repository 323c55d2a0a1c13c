// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_opinion.h"

#include <cerrno>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/common/await_message.h"
#include "daemon/common/role_settings.h"
#include "daemon/ctl/confined_role.h"
#include "daemon/ctl/tables.h"
#include "ipc/channel.h"

namespace ctl {
namespace {

using auth::second_opinion::OpinionRow, auth::second_opinion::Opinions;

constexpr std::chrono::seconds kPatience{5};  // as long as smtp has
constexpr std::uint64_t kJob = 1;             // it has no other

base::Result<std::unique_ptr<ConfinedRole>> start(const std::optional<base::Account>& user) {
  const auto program = common::open_program(ipc::Role::Opinion);
  if (!program) return program.error();
  auto settings = common::seal_settings(kRoleLog);
  if (!settings) return settings.error();
  return ConfinedRole::start(ipc::Role::Opinion, *program, std::move(*settings), user);
}

// What became of it, for a reader.
std::string trouble_of(ConfinedRole& role, const base::Error& error) {
  if (error.system_error == ETIMEDOUT) return "postern-opinion did not answer within 5 seconds";
  static_assert(kPatience == std::chrono::seconds(5));
  if (error.system_error == EPIPE) return role.how_it_ended();
  return "postern-opinion: " + error.reason;
}

}  // namespace

base::Result<Opinions> ask_opinions(base::UniqueFd channel, const auth::Facts& facts,
                                    const auth::Verdicts& verdicts, const dns::AnswerTable& answers,
                                    std::chrono::milliseconds patience) {
  ipc::Channel peer(std::move(channel), ipc::State::FromOpinion);
  const ipc::Judge job{kJob, ipc::pack(facts), answers.entries(), {}, 0, 0, ipc::pack(verdicts)};
  if (const auto sent = peer.send(job); !sent) return sent.error();
  const auto message = common::await_message(peer, base::now() + patience);
  if (!message) return message.error();
  const auto reviewed = ipc::unpack<ipc::Reviewed>(message->body);
  const auto opinions = reviewed ? ipc::unpack<Opinions>(reviewed->opinions) : std::nullopt;
  if (!opinions || reviewed->job != kJob)
    return base::Error::permanent("what it said makes no sense");
  return *opinions;
}

SecondOpinions second_opinions(const std::optional<base::Account>& user, const auth::Facts& facts,
                               const auth::Verdicts& verdicts, const dns::AnswerTable& answers) {
  const auto role = start(user);
  if (!role) return {{}, role.error().reason};
  const auto opinions = ask_opinions((*role)->take_channel(), facts, verdicts, answers, kPatience);
  if (!opinions) return {{}, trouble_of(**role, opinions.error())};
  const auto rows = rows_of(*opinions);
  return {{rows.begin(), rows.end()}, ""};
}

std::string as_text(const SecondOpinions& opinions) {
  if (!opinions.trouble.empty())
    return "no second opinion: " + for_terminal(opinions.trouble) + '\n';
  std::vector<std::vector<std::string>> rows = {
      {"LIBRARY", "CHECK", "OF", "NAME", "OUTCOME", "OURS", "THEIRS", "REASON"}};
  const auto or_nothing = [](const std::string& text) {
    return text.empty() ? "-" : for_terminal(text);
  };
  for (const OpinionRow& row : opinions.rows)
    rows.push_back({row.library, row.check, row.identity, or_nothing(row.domain),
                    name_of(row.outcome), or_nothing(row.ours), or_nothing(row.theirs),
                    or_nothing(row.reason)});
  return aligned(rows);
}

nlohmann::json to_json(const SecondOpinions& opinions) {
  nlohmann::json list = nlohmann::json::array();
  for (const OpinionRow& row : opinions.rows)
    list.push_back({{"library", row.library},
                    {"check", row.check},
                    {"of", row.identity},
                    {"name", row.domain},
                    {"outcome", name_of(row.outcome)},
                    {"ours", row.ours},
                    {"theirs", row.theirs},
                    {"reason", row.reason}});
  return {{"opinions", list}, {"trouble", opinions.trouble}};
}

}  // namespace ctl
