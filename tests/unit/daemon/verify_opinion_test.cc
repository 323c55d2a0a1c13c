// SPDX-License-Identifier: Apache-2.0
// Second opinions for `postern verify`, whatever becomes of who gives them.
#include "daemon/ctl/verify_opinion.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "daemon/common/await_message.h"
#include "ipc/channel.h"

using auth::second_opinion::Opinions, auth::second_opinion::Outcome, auth::second_opinion::rows_of;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLong{20000};

Opinions opinions() {
  Opinions said;
  said.spf_mailfrom = {Outcome::Same, "example.org", auth::SpfResult::Pass, auth::SpfResult::Pass,
                       ""};
  said.spf_helo.domain = "\x1b[2J";
  said.spf_helo.reason = "why";
  return said;
}

// Asks somebody who does this with the job.
base::Result<Opinions> ask(const std::function<void(ipc::Channel&, const ipc::Judge&)>& behaves,
                           milliseconds patience = kLong, const dns::AnswerTable& answers = {}) {
  auto ends = ipc::Channel::make_pair();
  REQUIRE(ends.ok());
  std::thread peer([&, fd = std::move(ends->second)]() mutable {
    ipc::Channel channel(std::move(fd), ipc::State::JobsFromSmtp);
    const auto message = common::await_message(channel, base::now() + kLong);
    const auto job = message ? ipc::unpack<ipc::Judge>(message->body) : std::nullopt;
    if (job) behaves(channel, *job);
  });
  auth::Verdicts verdicts;
  verdicts.dmarc.author_domain = "example.org";
  auto result = ctl::ask_opinions(std::move(ends->first), {}, verdicts, answers, patience);
  peer.join();
  return result;
}

void say(ipc::Channel& channel, std::uint64_t job, std::string said) {
  static_cast<void>(channel.send(ipc::Reviewed{job, std::move(said)}));
}

}  // namespace

TEST_CASE("verify opinion: the job has all that it needs, however large") {
  dns::AnswerTable answers;
  auto large = dns::Answer::of(dns::Status::Records);
  large.texts = {std::string(65000, 'x')};
  for (int i = 0; i < 50; ++i) answers.add({"a" + std::to_string(i), dns::Type::Txt}, large);
  const auto result = ask(
      [&](auto& channel, auto& job) {
        const auto verdicts = ipc::unpack<auth::Verdicts>(job.verdicts);
        const bool complete = verdicts && verdicts->dmarc.author_domain == "example.org" &&
                              ipc::unpack<auth::Facts>(job.facts) &&
                              dns::AnswerTable(job.answers) == answers;
        say(channel, job.job, complete ? ipc::pack(opinions()) : "");
      },
      kLong, answers);
  REQUIRE(result.ok());
  CHECK(*result == opinions());
}

TEST_CASE("verify opinion: who ends, is silent or talks nonsense has given none") {
  const auto error_of = [](const base::Result<Opinions>& result) {
    REQUIRE_FALSE(result.ok());
    return result.error();
  };
  CHECK(error_of(ask([](auto&, auto&) {})).system_error == EPIPE);
  CHECK(error_of(ask(
                     [](auto& channel, auto&) {
                       static_cast<void>(common::await_message(channel, base::now() + kLong));
                     },
                     milliseconds(50)))
            .system_error == ETIMEDOUT);
  const std::string nonsense = "what it said makes no sense";
  CHECK(error_of(ask([](auto& channel, auto& job) { say(channel, job.job, "damaged"); })).reason ==
        nonsense);
  CHECK(error_of(ask([](auto& channel, auto& job) {
          say(channel, job.job + 1, ipc::pack(opinions()));
        })).reason == nonsense);
  CHECK_FALSE(ask([](auto& channel, auto& job) {
                static_cast<void>(channel.send(ipc::Judged{job.job, ""}));
              }).ok());
}

TEST_CASE("verify opinion: what is shown") {
  const auto rows = rows_of(opinions());
  const ctl::SecondOpinions said{{rows.begin(), rows.end()}, ""};
  CHECK(ctl::as_text(said) ==
        "LIBRARY       CHECK  OF        NAME         OUTCOME    OURS  THEIRS  REASON\n"
        "libspf2       spf    mailfrom  example.org  same       pass  pass    -\n"
        "libspf2       spf    helo      \\x1b[2J      not_asked  -     -       why\n"
        "libopendmarc  dmarc  from      -            not_asked  -     -       -\n");
  const auto json = ctl::to_json(said);
  CHECK(json["opinions"].size() == 3);
  CHECK(json["opinions"][1] == nlohmann::json({{"library", "libspf2"},
                                               {"check", "spf"},
                                               {"of", "helo"},
                                               {"name", "\x1b[2J"},
                                               {"outcome", "not_asked"},
                                               {"ours", ""},
                                               {"theirs", ""},
                                               {"reason", "why"}}));
  CHECK(json["trouble"] == "");
  const ctl::SecondOpinions none{{}, "it died:\n\x1b"};
  CHECK(ctl::as_text(none) == "no second opinion: it died:\\x0a\\x1b\n");
  CHECK(ctl::to_json(none)["trouble"] == "it died:\n\x1b");
}
