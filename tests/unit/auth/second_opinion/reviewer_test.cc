// SPDX-License-Identifier: Apache-2.0
// libspf2 itself, with what it may see.
#include "auth/second_opinion/reviewer.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <variant>

#include "dns/answer_text.h"
#include "dns/name.h"
#include "mail/address.h"
#include "support/settle.h"

using auth::SpfResult, auth::second_opinion::Outcome, auth::second_opinion::Refusal,
    auth::second_opinion::Reviewer, auth::second_opinion::Spf2, auth::second_opinion::SpfOpinion;
using Catch::Matchers::Contains;

namespace {

dns::AnswerTable table(const std::string& text) {
  auto zone = dns::from_text(text);
  if (!zone) FAIL(zone.error().reason);
  return *std::move(zone);
}

std::string txt(const std::string& name, const std::string& text) {
  return name + " TXT unknown records \"" + text + "\"\n";
}

auth::SpfQuery query(const std::string& client = "192.0.2.1") {
  auth::SpfQuery query;
  query.client = *base::IpAddress::parse(client);
  query.domain = query.sender_domain = "example.org";
  query.local_part = "user";
  query.helo = "mx.example.org";
  query.receiver = "mx.ours.test";
  return query;
}

// With the answers that our verdict needs.
SpfOpinion review(const std::string& zone, const auth::SpfQuery& query = ::query()) {
  const auto evaluate = [&](dns::Lookups& lookups) { return auth::evaluate_spf(query, lookups); };
  return Reviewer().review_spf(query, support::settle(table(zone), evaluate).answers);
}

void check_same(const std::string& zone, SpfResult result,
                const auth::SpfQuery& query = ::query()) {
  INFO(zone);
  const SpfOpinion opinion = review(zone, query);
  INFO(opinion.reason);
  CHECK(opinion.outcome == Outcome::Same);
  CHECK(opinion.ours == result);
  CHECK(opinion.theirs == result);
  CHECK(opinion.domain == "example.org");
  CHECK(opinion.reason.empty());
}

void check_not_asked(const SpfOpinion& opinion, const std::string& reason) {
  CHECK(opinion.outcome == Outcome::NotAsked);
  CHECK_THAT(opinion.reason, Contains(reason));
}

}  // namespace

TEST_CASE("both say the same of every result") {
  check_same(txt("example.org", "v=spf1 ip4:192.0.2.0/24 -all"), SpfResult::Pass);
  check_same(txt("example.org", "v=spf1 -all"), SpfResult::Fail);
  check_same(txt("example.org", "v=spf1 ~all"), SpfResult::SoftFail);
  check_same(txt("example.org", "v=spf1 ?all"), SpfResult::Neutral);
  check_same(txt("example.org", "v=spf1"), SpfResult::Neutral);
  check_same(txt("example.org", "something else"), SpfResult::None);
  check_same("", SpfResult::None);
  check_same("example.org TXT unknown failure \"time-out\"\n", SpfResult::TempError);
  check_same("example.org TXT unknown records \"v=spf1 -all\" \"v=spf1 +all\"\n",
             SpfResult::PermError);
  check_same(txt("example.org", "v=spf1 include:nowhere.example"), SpfResult::PermError);
}

TEST_CASE("every mechanism, for both families") {
  for (const auto& [client, type, own, other] :
       {std::array{"192.0.2.1", "A", "192.0.2.1", "192.0.2.2"},
        std::array{"2001:db8::1", "AAAA", "2001:db8::1", "2001:db8::2"},
        std::array{"2001:db8::1", "AAAA", "2001:db8::1", "::ffff:192.0.2.1"}}) {
    const std::string a = std::string("h.host.test ") + type + " unknown records ";
    const auto from = query(client);
    const auto record = [](const char* terms) {
      return txt("example.org", std::string("v=spf1 ") + terms + " -all");
    };
    check_same(record("a:h.host.test") + a + other + ' ' + own + '\n', SpfResult::Pass, from);
    check_same(record("a:h.host.test") + a + other + '\n', SpfResult::Fail, from);
    check_same(
        record("mx") + "example.org MX unknown records 20:. 10:h.host.test\n" + a + own + '\n',
        SpfResult::Pass, from);
    check_same(record("ptr:host.test") + dns::reverse_name(from.client) +
                   " PTR unknown records other.test h.host.test\n" + a + own + '\n',
               SpfResult::Pass, from);
    check_same(record("exists:%{l}.%{v}.test") +
                   "user.in-addr.test A unknown records 127.0.0.2\n"
                   "user.ip6.test A unknown records 127.0.0.2\n",
               SpfResult::Pass, from);
    check_same(
        record("include:i.example") + txt("i.example", "v=spf1 a:h.host.test") + a + own + '\n',
        SpfResult::Pass, from);
  }
  check_same(txt("example.org", "v=spf1 ip6:2001:db8::/32 redirect=r.example") +
                 txt("r.example", "v=spf1 exists:%{l}.%{o}") +
                 "user.example.org A unknown records 127.0.0.2\n",
             SpfResult::Pass);
}

TEST_CASE("hosts of an MX come in the order in which we try them") {
  check_same(txt("example.org", "v=spf1 mx -all") +
                 "example.org MX unknown records 20:slow.example 10:h.example\n"
                 "h.example A unknown records 192.0.2.1\n"
                 "slow.example A unknown failure \"time-out\"\n",
             SpfResult::Pass);
}

TEST_CASE("a disagreement is told with both results") {
  // Of several names of the client we take the domain itself, it takes the first.
  const std::string zone = txt("example.org", "v=spf1 exists:%{p}.x.test -all") +
                           "1.2.0.192.in-addr.arpa PTR unknown records other.test example.org\n"
                           "other.test A unknown records 192.0.2.1\n"
                           "example.org A unknown records 192.0.2.1\n"
                           "example.org.x.test A unknown records 127.0.0.2\n"
                           "other.test.x.test A unknown nxdomain\n";
  const SpfOpinion opinion = Reviewer().review_spf(query(), table(zone));
  CHECK(opinion.outcome == Outcome::Different);
  CHECK(opinion.ours == SpfResult::Pass);
  CHECK(opinion.theirs == SpfResult::Fail);
  CHECK(opinion.reason.empty());
}

TEST_CASE("what it may not see it does not see") {
  check_not_asked(review(txt("example.org", "v=spf1 -all"), query("127.0.0.1")), "loopback");
  check_not_asked(review(txt("example.org", "v=spf1 bad:term")), "grammar");
  check_not_asked(
      review(txt("example.org", "v=spf1 include:i.example") + txt("i.example", "v=spf1 -all=")),
      "grammar");
  check_not_asked(review(txt("example.org", "v=spf1 ptr -all") +
                         "1.2.0.192.in-addr.arpa PTR unknown failure \"time-out\"\n"),
                  "client's names");
  check_not_asked(Reviewer().review_spf(query(), dns::AnswerTable()), "are not there");
  auto no_name = query();
  no_name.domain = no_name.sender_domain = "[192.0.2.1]";
  check_not_asked(review("", no_name), "not the name of a domain");
}

TEST_CASE("what does not fit into its memory for a record is not left out silently") {
  std::string record = "v=spf1";
  for (int i = 0; i < 63; ++i) record += " ip4:198.51.100." + std::to_string(i);
  check_same(txt("example.org", record), SpfResult::Neutral);
  check_not_asked(review(txt("example.org", record + " ip4:192.0.2.1 -all")), "no room");
}

TEST_CASE("texts for people are not shown to it") {
  std::string deadly;  // CVE-2023-42118
  for (int i = 0; i < 127; ++i) deadly += "%{d}";
  const std::string zone =
      txt("example.org", "v=spf1 -all exp=why.example") + txt("why.example", deadly + ".x");
  auto explained = query();
  explained.explain = true;
  check_same(zone, SpfResult::Fail, explained);
}

TEST_CASE("its includes end, whatever they include") {
  std::string zone;
  for (int depth = 0; depth < 6; ++depth) {
    std::string record = "v=spf1";
    for (int i = 0; i < 10; ++i) record += " include:d" + std::to_string(depth + 1) + ".example";
    zone += txt("d" + std::to_string(depth) + ".example", record);
  }
  zone += txt("d6.example", "v=spf1 -all");
  zone += txt("example.org", "v=spf1 include:d0.example");
  check_not_asked(review(zone), "4.6.4");
  // Without our own limits, ten times as many with each step.
  const auto answer = Spf2().ask(query(), table(zone));
  REQUIRE(std::holds_alternative<Refusal>(answer));
  CHECK_THAT(std::get<Refusal>(answer), Contains("too often"));
}

TEST_CASE("records and macros at the limits of the guard") {
  using namespace auth::second_opinion;
  auto longest = query();
  longest.local_part = longest.helo = std::string(kMaxValue, 'x');
  std::string macros;
  for (std::size_t i = 0; i < kMaxMacros; ++i) macros += i % 2 == 0 ? "%{S}" : "%{hr-}.";
  const SpfOpinion opinion =
      review(txt("example.org", "v=spf1 exp=" + macros + "example -all"), longest);
  CHECK(opinion.reason == "");
  CHECK(opinion.outcome == Outcome::Same);
  check_not_asked(review(txt("example.org", "v=spf1 a:" + macros + "example -all"), longest),
                  "name that is too long");
}

TEST_CASE("both identities of a session, and its author") {
  auth::Facts facts;
  facts.session.client = *base::IpAddress::parse("192.0.2.1");
  facts.session.helo = "helo.example";
  facts.session.mail_from = mail::parse_mailbox("user@example.org");
  const dns::AnswerTable answers =
      table(txt("example.org", "v=spf1 ip4:192.0.2.1 -all") + txt("helo.example", "v=spf1 -all") +
            txt("_dmarc.example.org", "v=DMARC1; p=reject") + "_dmarc.org TXT unknown nxdomain\n");
  auth::Verdicts verdicts;
  verdicts.spf.mailfrom.result = SpfResult::Pass;
  verdicts.spf.mailfrom.domain = "example.org";
  verdicts.dmarc.author_domain = verdicts.dmarc.policy_domain = "example.org";
  verdicts.dmarc.result = auth::DmarcResult::Pass;
  verdicts.dmarc.published = auth::DmarcPolicy::Reject;
  const auto opinions = Reviewer().review(facts, verdicts, answers);
  CHECK(opinions.spf_mailfrom ==
        SpfOpinion{Outcome::Same, "example.org", SpfResult::Pass, SpfResult::Pass, ""});
  CHECK(opinions.spf_helo ==
        SpfOpinion{Outcome::Same, "helo.example", SpfResult::Fail, SpfResult::Fail, ""});
  const auth::second_opinion::DmarcJudgement pass{auth::DmarcResult::Pass,
                                                  auth::DmarcPolicy::Reject};
  CHECK(opinions.dmarc ==
        auth::second_opinion::DmarcOpinion{Outcome::Same, "example.org", pass, pass, ""});
}

TEST_CASE("opinions as they are told") {
  using namespace auth::second_opinion;
  Opinions opinions;
  opinions.spf_helo = {Outcome::Different, "helo.example", SpfResult::Pass, SpfResult::Fail, ""};
  opinions.dmarc = {Outcome::Different,
                    "example.org",
                    {auth::DmarcResult::Fail, auth::DmarcPolicy::Reject},
                    {auth::DmarcResult::None, {}},
                    ""};
  opinions.spf_mailfrom.reason = "why";
  const auto rows = rows_of(opinions);
  CHECK((rows[0].ours.empty() && rows[0].theirs.empty() && rows[0].reason == "why"));
  CHECK((rows[1].identity == std::string("helo") && rows[1].ours == "pass"));
  CHECK(rows[1].theirs == "fail");
  CHECK((rows[2].check == std::string("dmarc") && rows[2].domain == "example.org"));
  CHECK((rows[2].ours == "fail:reject" && rows[2].theirs == "none"));
}

TEST_CASE("answers of another type than was asked") {
  // From a table that no resolver of ours has made.
  dns::AnswerTable odd;
  auto answer = dns::Answer::of(dns::Status::Records);
  answer.texts = {"v=spf1 a ~all"};
  odd.add({"example.org", dns::Type::Txt}, answer);
  answer = dns::Answer::of(dns::Status::Records);
  answer.addresses = {*base::IpAddress::parse("2001:db8::1")};
  answer.names = {"name.example"};
  odd.add({"example.org", dns::Type::A}, answer);
  CHECK(Reviewer().review_spf(query(), odd).outcome == Outcome::Same);
}
