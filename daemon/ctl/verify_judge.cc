// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_judge.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "daemon/common/resolve_client.h"
#include "daemon/common/sealed_memory.h"
#include "daemon/common/settings_of_roles.h"
#include "daemon/common/verify_client.h"
#include "daemon/ctl/confined_role.h"
#include "net/event_loop.h"
#include "obs/log.h"

namespace ctl {
namespace {

using Role = base::Result<std::unique_ptr<ConfinedRole>>;

Role start_verifier(const Judges& judges) {
  auto settings = common::seal_settings(kRoleLog);
  if (!settings) return settings.error();
  return ConfinedRole::start(ipc::Role::Verify, judges.verify, std::move(*settings), judges.user);
}

Role start_resolver(const Judges& judges, const config::Config& config) {
  auto its_settings = common::resolve_settings(config);
  its_settings.log = kRoleLog;
  auto settings = common::seal_settings(its_settings);
  if (!settings) return settings.error();
  return ConfinedRole::start(ipc::Role::Resolve, judges.resolve, std::move(*settings), judges.user);
}

// For a verifier's work on one round. Nobody waits behind it, and a message may be larger than the
// server would take: the largest, with ten signatures, took 6 seconds.
constexpr std::chrono::seconds kPatience{20};

// The part of smtp: asks `answers` for what the verifier wants to know.
class Trial {
 public:
  explicit Trial(net::EventLoop& loop, dns::Resolver& answers)
      : loop_(loop), log_(answers), client_(loop, log_, {.work = kPatience}) {
    client_.on_judged(
        [this](const auth::Facts& facts, const auth::Verdicts&, const dns::AnswerTable& table) {
          facts_ = facts;
          answers_ = table;
        });
  }

  base::Result<Judgement> run(ConfinedRole& verifier, const auth::SessionFacts& facts,
                              const MessageText& message, const auth::Settings& settings);
  // A role is gone.
  void fail(std::string reason) {
    trouble_ = std::move(reason);
    loop_.stop();
  }

 private:
  net::EventLoop& loop_;
  LookupLog log_;
  common::VerifyClient client_;
  std::string trouble_;
  auth::Facts facts_;  // and answers: what the verdicts stand on
  dns::AnswerTable answers_;
};

base::Result<common::MessagePiece> piece_of(std::string_view bytes) {
  auto fd = common::sealed_memory("postern-message", bytes);
  if (!fd) return fd.error();
  return common::MessagePiece{base::share(std::move(*fd)), 0, bytes.size()};
}

base::Result<Judgement> Trial::run(ConfinedRole& verifier, const auth::SessionFacts& facts,
                                   const MessageText& message, const auth::Settings& settings) {
  auto header = piece_of(message.header);
  if (!header) return header.error();
  auto body = piece_of(message.body);
  if (!body) return body.error();
  std::optional<common::VerifyClient::Outcome> outcome;
  client_.on_lost([&](const ipc::RoleId&) { fail(verifier.how_it_ended()); });
  const base::Instant begun = base::now();
  const std::uint64_t job = client_.next_job();
  client_.verify(job, facts, settings, [&](const common::VerifyClient::Outcome& its) {
    outcome = its;
    loop_.stop();
  });
  client_.add_header(job, std::move(*header));
  client_.add_body(job, {std::move(*body)});
  // Only then: the first round has all of the message, and a replay the same rounds each time.
  loop_.post([&] { client_.connect({ipc::Role::Verify}, verifier.take_channel()); });
  loop_.run();
  const Milliseconds took = base::now() - begun;
  if (!trouble_.empty()) return base::Error::temporary(trouble_);
  if (!*outcome) return outcome->error();
  return Judgement{**outcome, facts_, answers_, log_.take("no answer within auth.deadline"),
                   took,      {}};
}

base::Result<Judgement> ask(const Judges& judges, const config::Config& config,
                            ConfinedRole& verifier, const auth::SessionFacts& facts,
                            const MessageText& message) {
  const Role resolver = start_resolver(judges, config);
  if (!resolver) return resolver.error();
  net::EventLoop loop;
  common::ResolveClient client(loop);
  Trial trial(loop, client);
  client.on_lost([&] { trial.fail((*resolver)->how_it_ended()); });
  client.connect((*resolver)->take_channel());
  auto judgement = trial.run(verifier, facts, message, config.auth);
  if (judgement) judgement->warnings = (*resolver)->warnings();
  return judgement;
}

base::Result<Judgement> replay(const config::Config& config, ConfinedRole& verifier,
                               const auth::SessionFacts& facts, const MessageText& message,
                               const dns::AnswerTable& recorded) {
  net::EventLoop loop;
  RecordedAnswers answers(loop, recorded);
  auto judgement = Trial(loop, answers).run(verifier, facts, message, config.auth);
  if (!judgement) return judgement;
  for (Lookup& lookup : judgement->lookups) lookup.took.reset();
  if (answers.missing() > 0)
    judgement->warnings.push_back(std::to_string(answers.missing()) +
                                  " of the answers were never recorded, and count as failures");
  return judgement;
}

}  // namespace

base::Result<Judgement> judge(const Judges& judges, const config::Config& config,
                              const auth::SessionFacts& facts, const MessageText& message,
                              const dns::AnswerTable* recorded) {
  obs::configure(kRoleLog);
  const Role verifier = start_verifier(judges);
  if (!verifier) return verifier.error();
  auto judgement = recorded == nullptr ? ask(judges, config, **verifier, facts, message)
                                       : replay(config, **verifier, facts, message, *recorded);
  if (!judgement) return judgement;
  auto& warnings = judgement->warnings;
  for (const std::string& warning : (*verifier)->warnings())
    if (std::ranges::count(warnings, warning) == 0) warnings.push_back(warning);
  return judgement;
}

}  // namespace ctl
