// SPDX-License-Identifier: Apache-2.0
#include "auth/verify.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "dns/answer_text.h"
#include "support/auth_message.h"

using auth::Cutoff, auth::IprevResult, auth::NullMx, auth::SpfResult;

namespace {

auth::Facts facts_of(const std::string& mail_from, const std::string& helo = "helo.example") {
  auth::Facts facts;
  facts.session.client = *base::IpAddress::parse("192.0.2.1");
  facts.session.helo = helo;
  facts.session.receiver = "mx.ours.test";
  if (!mail_from.empty()) facts.session.mail_from = mail::parse_mailbox(mail_from);
  return facts;
}

dns::AnswerTable table(const std::string& text) {
  auto parsed = dns::from_text(text);
  REQUIRE(parsed.ok());
  return *parsed;
}

std::string txt(const std::string& name, const std::string& record) {
  return name + " TXT unknown records \"v=spf1 " + record + "\"\n";
}

// With all of a message that nothing is asked for.
std::variant<auth::Verdicts, auth::Need> verify(const auth::Facts& facts,
                                                const dns::AnswerTable& answers,
                                                const auth::Asked& asked = {}) {
  support::AuthMessage message;
  return auth::verify(facts, message.whole(), answers, asked, support::auth_libraries());
}

struct Outcome {
  auth::Verdicts verdicts;
  unsigned rounds = 0;
  std::size_t lookups = 0;
};

const dns::Answer& answer_of(const dns::AnswerTable& zone, const dns::Question& question) {
  static const dns::Answer none = dns::Answer::of(dns::Status::NoName);
  const dns::Answer* answer = zone.find(question);
  return answer != nullptr ? *answer : none;
}

// Asks what is missing until there are verdicts. What the zone has not does not exist. Where the
// client is slow, its own questions are answered when the sender's domain has no more.
enum class Client { Fast, Slow };
Outcome settle(const auth::Facts& facts, const dns::AnswerTable& zone,
               Client client = Client::Fast) {
  dns::AnswerTable answers;
  auth::Asked asked;
  for (unsigned round = 0;; ++round) {
    auto result = verify(facts, answers, asked);
    if (auto* verdicts = std::get_if<auth::Verdicts>(&result))
      return {*verdicts, round, answers.size()};
    const auto& [questions, of_sender, of_message] = std::get<auth::Need>(result);
    REQUIRE(of_message == 0);
    REQUIRE_FALSE(questions.empty());
    REQUIRE(std::set(questions.begin(), questions.end()).size() == questions.size());
    asked.open.insert(questions.begin(), questions.end());
    REQUIRE(answers.size() + asked.open.size() <= auth::kMaxLookups);
    const bool only_sender = client == Client::Slow && of_sender > 0;
    for (std::size_t i = 0; i < (only_sender ? of_sender : questions.size()); ++i) {
      REQUIRE(answers.find(questions[i]) == nullptr);
      answers.add(questions[i], answer_of(zone, questions[i]));
      asked.open.erase(questions[i]);
    }
  }
}

auth::Need need(const auth::Facts& facts, const dns::AnswerTable& answers,
                const auth::Asked& asked = {}) {
  const auto result = verify(facts, answers, asked);
  REQUIRE(std::holds_alternative<auth::Need>(result));
  return std::get<auth::Need>(result);
}

// A record that asks for all that section 4.6.4 of RFC 7208 lets it ask, and matches nobody.
std::string largest_record(const std::string& domain) {
  std::string zone, terms;
  for (int mx = 0; mx < 10; ++mx) {
    const std::string list = "m" + std::to_string(mx) + "." + domain;
    terms += "mx:" + list + " ";
    zone += list + " MX unknown records";
    std::string hosts;
    for (int host = 0; host < 10; ++host) {
      const std::string name = "h" + std::to_string(host) + "." + list;
      zone += " 10:" + name;
      hosts += name + " A unknown records 198.51.100.1\n";
    }
    zone += '\n' + hosts;
  }
  return zone + txt(domain, terms + "-all");
}

}  // namespace

TEST_CASE("verify: all checks of a message in two rounds") {
  const auto zone = table(txt("example.org", "a:relay.example.org -all") +
                          txt("helo.example", "ip4:192.0.2.0/24 -all") +
                          "relay.example.org A unknown records 192.0.2.1\n"
                          "example.org MX unknown records 10:mx.example.org\n"
                          "1.2.0.192.in-addr.arpa PTR unknown records helo.example\n"
                          "helo.example A unknown records 192.0.2.1\n");
  const auto outcome = settle(facts_of("user@example.org"), zone);
  CHECK(outcome.rounds == 2);
  CHECK(outcome.lookups == 6);
  CHECK(outcome.verdicts.spf.mailfrom.result == SpfResult::Pass);
  CHECK(outcome.verdicts.spf.mailfrom.domain == "example.org");
  CHECK(outcome.verdicts.spf.helo.result == SpfResult::Pass);
  CHECK(outcome.verdicts.iprev.result == IprevResult::Pass);
  CHECK(outcome.verdicts.null_mx == NullMx::No);
}

TEST_CASE("verify: a null reverse-path has no MX to ask for, and helo stands in") {
  const auto outcome = settle(facts_of(""), table(txt("helo.example", "-all")));
  CHECK(outcome.lookups == 2);  // TXT and PTR
  CHECK(outcome.verdicts.null_mx == NullMx::No);
  CHECK(outcome.verdicts.spf.mailfrom == outcome.verdicts.spf.helo);
  CHECK(outcome.verdicts.spf.helo.result == SpfResult::Fail);
}

TEST_CASE("verify: a domain that takes no mail") {
  const auto zone = table("example.org MX unknown records 0:.\n");
  CHECK(settle(facts_of("user@example.org"), zone).verdicts.null_mx == NullMx::Yes);
  CHECK(settle(facts_of("user@[192.0.2.1]"), zone).verdicts.null_mx == NullMx::No);
}

TEST_CASE("verify: a helo that asks for all it can takes nothing from the sender's domain") {
  const auto zone =
      table(largest_record("victim.example") + largest_record("helo.example") +
            "1.2.0.192.in-addr.arpa PTR unknown records p0.x p1.x p2.x p3.x p4.x p5.x p6.x p7.x "
            "p8.x p9.x\n");
  for (const Client client : {Client::Fast, Client::Slow}) {
    const auto outcome = settle(facts_of("user@victim.example"), zone, client);
    CHECK(outcome.verdicts.spf.mailfrom.result == SpfResult::Fail);
    CHECK(outcome.verdicts.spf.mailfrom.mechanism == "-all");
    CHECK(outcome.verdicts.spf.helo.result == SpfResult::PermError);
    CHECK(outcome.verdicts.spf.helo.reason == "the checks ask the DNS more than 150 times");
    CHECK(outcome.verdicts.spf.helo.domain == "helo.example");
    CHECK(outcome.lookups == auth::kMaxLookups);
    CHECK(outcome.rounds <= auth::kMaxRounds);
  }
}

TEST_CASE("verify: the largest record that is allowed is judged, and a small helo beside it") {
  const auto zone = table(largest_record("large.example") + txt("helo.example", "-all"));
  const auto outcome = settle(facts_of("user@large.example"), zone);
  CHECK(outcome.verdicts.spf.mailfrom.result == SpfResult::Fail);
  CHECK(outcome.verdicts.spf.helo.result == SpfResult::Fail);
  CHECK(outcome.lookups == 114);  // 111, MX, PTR, and TXT of helo
}

TEST_CASE("verify: what the sender's domain waits for comes first") {
  using dns::Type;
  const auto first = need(facts_of("user@example.org"), {});
  CHECK(first.questions == std::vector<dns::Question>{{"example.org", Type::Mx},
                                                      {"example.org", Type::Txt},
                                                      {"1.2.0.192.in-addr.arpa", Type::Ptr},
                                                      {"helo.example", Type::Txt}});
  CHECK(first.of_sender == 2);
  // helo stands in for it.
  const auto null = need(facts_of(""), {});
  CHECK(null.questions.front() == dns::Question{"helo.example", Type::Txt});
  CHECK(null.of_sender == 1);
  // It waits for the same as helo.
  const auto same = need(facts_of("user@example.org", "example.org"), {});
  CHECK(same.questions.size() == 3);
  CHECK(same.of_sender == 2);
}

TEST_CASE("verify: verdicts do not depend on who is slow") {
  const auto zone =
      table(txt("example.org", "include:a.example -all") + txt("a.example", "ip4:192.0.2.1 -all") +
            txt("helo.example", "include:b.example -all") + txt("b.example", "-all"));
  const auto fast = settle(facts_of("user@example.org"), zone);
  const auto slow = settle(facts_of("user@example.org"), zone, Client::Slow);
  CHECK(fast.verdicts == slow.verdicts);
  CHECK(slow.verdicts.spf.mailfrom.result == SpfResult::Pass);
  CHECK(slow.verdicts.spf.helo.result == SpfResult::Fail);
  CHECK(fast.rounds == 2);
  CHECK(slow.rounds == 4);
}

TEST_CASE("verify: what is open or lost counts as asked") {
  const auto facts = facts_of("user@example.org");
  const auto answers = table(txt("example.org", "-all") + "example.org MX unknown records 0:.\n");
  const dns::Question open{"helo.example", dns::Type::Txt};
  auth::Asked asked;
  asked.lost = auth::kMaxLookups - 3;
  const auto one = need(facts, answers, asked);
  CHECK(one.questions == std::vector<dns::Question>{{"1.2.0.192.in-addr.arpa", dns::Type::Ptr}});
  CHECK(one.of_sender == 0);
  asked.open = {open};
  CHECK(need(facts, answers, asked).questions == std::vector{open});  // is waited for
  asked.open = {{"no-more.example", dns::Type::Txt}};
  const auto end = verify(facts, answers, asked);
  REQUIRE(std::holds_alternative<auth::Verdicts>(end));
  CHECK(std::get<auth::Verdicts>(end).spf.mailfrom.result == SpfResult::Fail);
  CHECK(std::get<auth::Verdicts>(end).spf.helo.result == SpfResult::PermError);
}

TEST_CASE("verify: helo may not ask while others of its questions are open") {
  auth::Asked asked;
  for (std::size_t i = 0; i < auth::kHeloShare; ++i)
    asked.open.insert({"h" + std::to_string(i) + ".example", dns::Type::A});
  const auto its = need(facts_of("user@example.org"), {}, asked);
  CHECK(its.questions.size() == 3);
  CHECK(its.questions.back().type == dns::Type::Ptr);
}

TEST_CASE("verify: each part has its own cutoff") {
  auto facts = facts_of("user@example.org");
  facts.client = Cutoff::Memory;
  CHECK(need(facts, {}).of_sender == need(facts, {}).questions.size());
  const auto zone = table(txt("example.org", "-all"));
  auto verdicts = settle(facts, zone).verdicts;
  CHECK(verdicts.spf.mailfrom.result == SpfResult::Fail);
  CHECK(verdicts.spf.helo.result == SpfResult::TempError);
  CHECK(verdicts.spf.helo.reason == "the answers to the checks take too much memory");
  CHECK(verdicts.iprev.result == IprevResult::TempError);

  facts.client = Cutoff::None;
  facts.sender = Cutoff::Rounds;
  CHECK(need(facts, {}).of_sender == 0);
  verdicts = settle(facts, zone).verdicts;
  CHECK(verdicts.spf.mailfrom.result == SpfResult::TempError);
  CHECK(verdicts.null_mx == NullMx::Unknown);
  CHECK(verdicts.spf.helo.result == SpfResult::None);
  CHECK(verdicts.iprev.result == IprevResult::PermError);
}

TEST_CASE("verify: behind a cutoff only what is open is an error, each with its reason") {
  const auto answers = table(txt("example.org", "-all"));
  const std::pair<Cutoff, std::string> cutoffs[] = {
      {Cutoff::Rounds, "the checks ask the DNS more than 20 times in a row"},
      {Cutoff::Deadline, "the checks were not done within auth.deadline"}};
  for (const auto& [cutoff, reason] : cutoffs) {
    auto facts = facts_of("user@example.org");
    facts.sender = facts.client = cutoff;
    const auto result = verify(facts, answers);
    const auto* verdicts = std::get_if<auth::Verdicts>(&result);
    REQUIRE(verdicts != nullptr);
    CHECK(verdicts->spf.mailfrom.result == SpfResult::Fail);
    CHECK(verdicts->spf.helo.result == SpfResult::TempError);
    CHECK(verdicts->spf.helo.reason == reason);
    CHECK(verdicts->spf.helo.section == "4.6.4");
    CHECK(verdicts->iprev.result == IprevResult::TempError);
    CHECK(verdicts->iprev.reason == reason);
    CHECK(verdicts->null_mx == NullMx::Unknown);
  }
}
