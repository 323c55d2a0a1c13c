// SPDX-License-Identifier: Apache-2.0
// Beside the public suites (tests/auth/spf): what they leave open, and the number of rounds.
#include "auth/spf_eval.h"

#include <catch2/catch.hpp>
#include <string>

#include "auth/spf.h"
#include "dns/answer_text.h"
#include "support/settle.h"

namespace {

using auth::SpfResult;

dns::AnswerTable zone_of(const std::string& text) {
  auto zone = dns::from_text(text);
  INFO((zone ? "" : zone.error().reason));
  REQUIRE(zone);
  return *std::move(zone);
}

auth::SpfQuery query(const std::string& domain, const char* client = "192.0.2.1") {
  auth::SpfQuery query;
  query.client = *base::IpAddress::parse(client);
  query.domain = query.sender_domain = domain;
  query.local_part = "user";
  query.helo = "helo.example";
  query.receiver = "mx.ours.test";
  return query;
}

support::Settled<auth::SpfVerdict> settle(const std::string& zone, const auth::SpfQuery& query) {
  return support::settle(zone_of(zone),
                         [&](dns::Lookups& lookups) { return auth::evaluate_spf(query, lookups); });
}

// The verdict on example.org with this record, and these answers beside it.
auth::SpfVerdict judge(const std::string& record, const std::string& answers = "",
                       const char* client = "192.0.2.1") {
  return settle("example.org TXT unknown records \"v=spf1 " + record + "\"\n" + answers,
                query("example.org", client))
      .verdict;
}

std::string txt(const std::string& name, const std::string& record) {
  return name + " TXT unknown records \"v=spf1 " + record + "\"\n";
}

}  // namespace

TEST_CASE("SPF: a verdict tells why, where, and by which mechanism") {
  auto verdict = judge("ip4:192.0.2.0/24 -all");
  CHECK(verdict.result == SpfResult::Pass);
  CHECK(verdict.mechanism == "ip4:192.0.2.0/24");
  CHECK(verdict.reason == "ip4:192.0.2.0/24 of example.org matches the client");
  CHECK(verdict.section == "4.6.2");
  CHECK(verdict.domain == "example.org");

  verdict = judge("redirect=b.example", txt("b.example", "?all"));
  CHECK(verdict.result == SpfResult::Neutral);
  CHECK(verdict.reason == "?all of b.example matches the client");

  verdict = judge("moo");
  CHECK(verdict.result == SpfResult::PermError);
  CHECK(verdict.reason == "example.org: \"moo\": no such mechanism");
  CHECK(verdict.section == "4.6");
  CHECK(verdict.mechanism.empty());

  verdict = judge("a:slow.example", "slow.example A unknown failure \"no answer in 5 s\"\n");
  CHECK(verdict.result == SpfResult::TempError);
  CHECK(verdict.reason == "slow.example A: no answer in 5 s");

  verdict = judge("include:b.example -all");
  CHECK(verdict.result == SpfResult::PermError);
  CHECK(verdict.reason == "include: b.example does not exist");
  CHECK(verdict.section == "5.2");
}

TEST_CASE("SPF: domains that are none are not asked for") {
  for (const char* domain : {"", "localhost", "[192.0.2.1]", "a..example", "a b.example",
                             "\xc3\xa4.example", "a@b.example"}) {
    CAPTURE(domain);
    const auto settled = settle("", query(domain));
    CHECK(settled.verdict.result == SpfResult::None);
    CHECK(settled.rounds == 0);
  }
  const auto settled = settle(txt("example.org", "+all"), query("Example.ORG."));
  CHECK(settled.verdict.result == SpfResult::Pass);
}

TEST_CASE("SPF: a redirect of a local part that no name can hold") {
  auto unnamable = query("example.org");
  unnamable.local_part = "\xc3\xa9";
  const auto verdict = settle(txt("example.org", "redirect=%{l}.b.example"), unnamable).verdict;
  CHECK(verdict.result == SpfResult::PermError);
  CHECK(verdict.reason == "the redirect of example.org comes to no name");
}

TEST_CASE("SPF: at most ten terms ask, over includes and redirects") {
  const std::string a5 = "a:x.example a:x.example a:x.example a:x.example a:x.example ";
  const std::string x = "x.example A unknown records 198.51.100.1\n";
  CHECK(judge(a5 + a5 + "+all", x).result == SpfResult::Pass);
  CHECK(judge(a5 + a5 + "a:x.example +all", x).result == SpfResult::PermError);
  CHECK(judge(a5 + "a:x.example a:x.example include:b.example ?all",
              x + txt("b.example", "a:x.example a:x.example ?all"))
            .result == SpfResult::Neutral);
  CHECK(judge(a5 + "a:x.example a:x.example include:b.example ?all",
              x + txt("b.example", "a:x.example a:x.example a:x.example ?all"))
            .result == SpfResult::PermError);
  CHECK(judge(a5 + "a:x.example a:x.example a:x.example a:x.example redirect=b.example",
              x + txt("b.example", "+all"))
            .result == SpfResult::Pass);
  CHECK(judge(a5 + a5 + "redirect=b.example", x + txt("b.example", "+all")).result ==
        SpfResult::PermError);
  // Those that do not ask do not count.
  CHECK(judge(a5 + a5 + "ip4:198.51.100.0/24 ip6:2001:db8::/32 -all", x).result == SpfResult::Fail);
}

TEST_CASE("SPF: a third void term is too much, and a term counts once") {
  CHECK(judge("a:a.example exists:b.example ?all").result == SpfResult::Neutral);
  const auto verdict = judge("a:a.example exists:b.example mx:c.example ?all");
  CHECK(verdict.result == SpfResult::PermError);
  CHECK(verdict.section == "4.6.4");
  // Not the question for the SPF record itself, and not what could not be asked.
  CHECK(judge("a:a.example a:b.example a:c..example ?all").result == SpfResult::Neutral);
  // Hosts of an MX without an address of the client's family are one term.
  const std::string mx =
      "m.example MX unknown records 1:a.example 2:b.example 3:c.example 4:d.example\n";
  CHECK(judge("mx:m.example ?all", mx, "2001:db8::1").result == SpfResult::Neutral);
  CHECK(judge("mx:m.example a:a.example a:b.example ?all", mx).result == SpfResult::PermError);
}

TEST_CASE("SPF: eleven hosts of an MX are too many, eleven names of a client are not") {
  std::string exchanges = "m.example MX unknown records";
  std::string names = "1.2.0.192.in-addr.arpa PTR unknown records";
  for (int i = 1; i <= 10; ++i) {
    exchanges += ' ' + std::to_string(i) + ":h.example";
    names += " n" + std::to_string(i) + ".example";
  }
  const std::string host = "h.example A unknown records 198.51.100.1\n";
  CHECK(judge("mx:m.example ?all", exchanges + '\n' + host).result == SpfResult::Neutral);
  CHECK(judge("mx:m.example ?all", exchanges + " 11:h.example\n" + host).result ==
        SpfResult::PermError);

  const auto confirm = [](const char* name) {
    return std::string(name) + " A unknown records 192.0.2.1\n";
  };
  CHECK(judge("ptr:n10.example ?all", names + '\n' + confirm("n10.example")).result ==
        SpfResult::Pass);
  CHECK(judge("ptr:n11.example ?all", names + " n11.example\n" + confirm("n11.example")).result ==
        SpfResult::Neutral);
}

TEST_CASE("SPF: errors of the client's own names are no errors of the domain") {
  const std::string slow = "1.2.0.192.in-addr.arpa PTR unknown failure \"SERVFAIL\"\n";
  CHECK(judge("ptr -all", slow).result == SpfResult::Fail);
  CHECK(
      judge("exists:%{p}.x.example -all", slow + "unknown.x.example A unknown records 127.0.0.2\n")
          .result == SpfResult::Pass);
  const std::string names = "1.2.0.192.in-addr.arpa PTR unknown records a.example b.example\n";
  CHECK(judge("ptr:example -all", names).result == SpfResult::PermError);  // a top label alone
  CHECK(judge("ptr:b.example -all", names + "a.example A unknown failure \"SERVFAIL\"\n"
                                            "b.example A unknown records 192.0.2.1\n")
            .result == SpfResult::Pass);
}

TEST_CASE("SPF: the validated name is the domain's own, or below it, or any") {
  const std::string names =
      "1.2.0.192.in-addr.arpa PTR unknown records z.example w.example.org example.org\n"
      "z.example A unknown records 192.0.2.1\n"
      "w.example.org A unknown records 192.0.2.1\n";
  const std::string own = "example.org A unknown records 192.0.2.1\n";
  const auto yes = [](const char* name) {
    return std::string(name) + ".x.example A unknown records 127.0.0.2\n";
  };
  const char* record = "exists:%{p}.x.example -all";
  CHECK(judge(record, names + own + yes("example.org")).result == SpfResult::Pass);
  CHECK(judge(record, names + yes("w.example.org")).result == SpfResult::Pass);
  CHECK(judge(record, names + yes("z.example")).result == SpfResult::Fail);
}

TEST_CASE("SPF: local-parts beyond ASCII match nobody (RFC 8616 section 4)") {
  const std::string zone = txt("example.org", "exists:%{l}.x.example exists:%{d}.x.example -all");
  auto eai = query("example.org");
  eai.local_part = "j\xc3\xb6rg";
  const std::string match = "j\\195\\182rg.x.example A unknown records 127.0.0.2\n";
  CHECK(settle(zone + match, eai).verdict.result == SpfResult::Fail);
  CHECK(settle(zone + "example.org.x.example A unknown records 127.0.0.2\n", eai).verdict.result ==
        SpfResult::Pass);
}

TEST_CASE("SPF: long names lose labels on the left") {
  const std::string label(60, 'a');
  std::string tail;
  for (int i = 0; i < 4; ++i) tail += '.' + label;
  const std::string kept = tail.substr(1) + ".example";  // 251 octets
  const std::string answer = kept + " A unknown records 127.0.0.2\n";
  CHECK(judge("exists:x." + kept + " -all", answer).result == SpfResult::Fail);  // fits: 253
  CHECK(judge("exists:xx." + kept + " -all", answer).result == SpfResult::Pass);
  CHECK(judge("exists:x.y.z." + kept + ". -all", answer).result == SpfResult::Fail);
  CHECK(judge("exists:%{h}.%{h}.yy." + kept + ". -all", answer).result == SpfResult::Pass);
  std::string storm;
  for (int i = 0; i < 5000; ++i) storm += "%{s}";
  CHECK(judge("exists:" + storm + ".zz." + kept + " -all", answer).result == SpfResult::Pass);
}

TEST_CASE("SPF: an explanation only when asked for, and within its limit") {
  const std::string zone = txt("example.org", "-all exp=e.example");
  auto asked = query("example.org");
  const std::string text = "e.example TXT unknown records \"%{i} is not of %{o}\"\n";
  CHECK(settle(zone + text, asked).answers.size() == 1);
  asked.explain = true;
  CHECK(settle(zone + text, asked).verdict.explanation == "192.0.2.1 is not of example.org");
  const std::string most(auth::kMaxSpfExplanation, 'x');
  CHECK(settle(zone + "e.example TXT unknown records \"" + most + "\"\n", asked)
            .verdict.explanation == most);
  CHECK(settle(zone + "e.example TXT unknown records \"" + most + "y\"\n", asked)
            .verdict.explanation.empty());
  asked.local_part = "a\nb";
  CHECK(
      settle(zone + "e.example TXT unknown records \"%{l}\"\n", asked).verdict.explanation.empty());
}

TEST_CASE("SPF: a realistic record needs as many rounds as its chain is long") {
  // Five includes, nested three deep, MX with two hosts, address, exists; the client matches last.
  const std::string zone =
      txt("example.org",
          "include:_spf.big.example include:mail.example include:crm.example mx a:web.example "
          "exists:%{i}._allow.example.org ip4:192.0.2.1 -all") +
      txt("_spf.big.example", "include:_a.big.example include:_b.big.example ~all") +
      txt("_a.big.example", "ip4:198.51.100.0/24 ~all") +
      txt("_b.big.example", "include:_c.big.example ~all") +
      txt("_c.big.example", "ip4:203.0.113.0/24 ~all") + txt("mail.example", "mx ?all") +
      "mail.example MX unknown records 10:mx.mail.example\n"
      "mx.mail.example A unknown records 198.51.100.9\n" +
      txt("crm.example", "ip4:198.51.100.7 -all") +
      "example.org MX unknown records 10:mx1.example.org 20:mx2.example.org\n"
      "mx1.example.org A unknown records 198.51.100.1\n"
      "mx2.example.org A unknown records 198.51.100.2\n"
      "web.example A unknown records 198.51.100.3\n";
  const auto settled = settle(zone, query("example.org"));
  CHECK(settled.verdict.result == SpfResult::Pass);
  CHECK(settled.rounds == 4);  // example.org, _spf, _b, _c
  CHECK(settled.answers.size() == 14);

  auto one_by_one = support::settle(
      zone_of(zone),
      [&](dns::Lookups& lookups) { return auth::evaluate_spf(query("example.org"), lookups); }, 1);
  CHECK(one_by_one.verdict == settled.verdict);
  CHECK(one_by_one.rounds > 10);
}

TEST_CASE("SPF: what stands behind a term that matches is not asked for") {
  const auto settled = settle(txt("example.org", "include:b.example ip4:192.0.2.1 a:c.example") +
                                  txt("b.example", "?all a:d.example redirect=e.example"),
                              query("example.org"));
  CHECK(settled.verdict.result == SpfResult::Pass);
  CHECK(settled.answers.size() == 2);
}

TEST_CASE("SPF: includes of includes end at ten terms, in few rounds") {
  std::string zone;
  for (int i = 0; i < 12; ++i) {
    std::string terms;
    for (int j = 0; j < 10; ++j)
      terms += "include:n" + std::to_string((i + j + 1) % 12) + ".example ";
    zone += txt("n" + std::to_string(i) + ".example", terms + "-all");
  }
  const auto settled = settle(zone, query("n0.example"));
  CHECK(settled.verdict.result == SpfResult::PermError);
  CHECK(settled.rounds <= 12);
  CHECK(settled.answers.size() <= 12);
}

TEST_CASE("SPF: hosts that may not be needed are asked ahead in part") {
  // Each level puts ten more hosts behind two includes that are not known yet.
  std::string zone;
  for (int level = 0; level < 4; ++level) {
    const std::string n = std::to_string(level);
    std::string terms = "include:p" + n + ".example ";
    for (int mx = 0; mx < 9 - 2 * level; ++mx) {
      const std::string m = "m" + n + std::to_string(mx) + ".example";
      terms += "mx:" + m + ' ';
      std::string exchanges, addresses;
      for (int host = 0; host < 10; ++host) {
        const std::string h = 'h' + std::to_string(host) + '.' + m;
        exchanges += " 0:" + h;
        addresses += h + " A unknown records 198.51.100.1\n";
      }
      zone += m + " MX unknown records" + exchanges + '\n' + addresses;
    }
    zone += txt("n" + n + ".example", terms);
    zone += txt("p" + n + ".example", "include:n" + std::to_string(level + 1) + ".example ?all");
  }
  zone += txt("n4.example", "?all");
  const auto settled = settle(zone, query("n0.example"));
  CHECK(settled.verdict.reason == "more than 10 terms ask the DNS");
  CHECK(settled.rounds < 16);
  CHECK(settled.answers.size() < 150);
}

TEST_CASE("SPF: helo stands in for a null reverse-path only") {
  const std::string zone = txt("helo.example", "-all") + txt("example.org", "+all");
  auth::SessionFacts facts;
  facts.client = *base::IpAddress::parse("192.0.2.1");
  facts.helo = "helo.example";
  const auto settle_facts = [&] {
    return support::settle(zone_of(zone), [&](dns::Lookups& lookups) {
      return auth::SpfVerdicts{auth::evaluate_mailfrom(facts, lookups),
                               auth::evaluate_helo(facts, lookups)};
    });
  };
  auto settled = settle_facts();
  CHECK(settled.verdict.helo.result == SpfResult::Fail);
  CHECK(settled.verdict.mailfrom == settled.verdict.helo);
  facts.mail_from = mail::parse_mailbox("user@example.org");
  settled = settle_facts();
  CHECK(settled.verdict.helo.result == SpfResult::Fail);
  CHECK(settled.verdict.mailfrom.result == SpfResult::Pass);
  CHECK(settled.rounds == 1);
  facts.mail_from = mail::parse_mailbox("user@none.example");
  CHECK(settle_facts().verdict.mailfrom.result == SpfResult::None);
}
