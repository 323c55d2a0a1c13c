// SPDX-License-Identifier: Apache-2.0
// How the parts work together; that each rule has its verdict is in tests/auth/dkim/.
#include "auth/dkim.h"

#include <catch2/catch.hpp>
#include <string>

#include "auth/dkim_screen.h"

using auth::DkimResult;

namespace {

const base::WallTime kNow{std::chrono::seconds(1'000'000'100)};
constexpr std::string_view kRest =
    "From: a@a.test\r\n"
    "\r\n"
    "b\r\n";
constexpr std::string_view kSigned =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=a.test;\r\n i=@a.test; q=dns/txt;"
    " s=s; t=1000000000; h=from;\r\n bh=Z54nP3j8j4uhFNsjwtzoDMd8kQg5OYJcqDAVLy8IDQg=;\r\n"
    " b=Orx+qcT8tj3hrAbLMXlqi4grtCXYLfL2eNIFKcpJqfnRzmV/f1ZyKM+I6EWW75lF1nEy3\r\n"
    " K557TWDquwzp1/xCQ==\r\n";
const std::string kKeyRecord = "k=ed25519; p=fQJRscMhiNj6wR/NpzvJ34Z35ylf9of3rGi7Kmw3Qk8=";
const dns::Question kKeyQuestion{"s._domainkey.a.test", dns::Type::Txt};

std::string other_selector(std::string_view selector) {
  std::string field(kSigned);
  field.replace(field.find(" s=s;"), 5, " s=" + std::string(selector) + ';');
  return field;
}

dns::Answer key_answer() {
  auto answer = dns::Answer::of(dns::Status::Records, dns::Security::Secure);
  answer.texts = {kKeyRecord};
  return answer;
}

auth::DkimLibrary& library() {
  static auto created = auth::DkimLibrary::create();
  REQUIRE(created.ok());
  return *created;
}

// Counts how often it is read.
class CountedBody : public auth::BodySource {
 public:
  explicit CountedBody(std::string_view text) : text_(text) {}
  std::string_view at(std::size_t offset) override {
    if (offset == 0) ++reads;
    return text_.substr(offset);
  }
  int reads = 0;

 private:
  std::string_view text_;
};

struct Judged {
  auth::DkimVerdicts verdicts;
  std::vector<dns::Question> missing;
  int reads;
};

Judged judge(const std::string& message, const dns::AnswerTable& answers) {
  const mail::HeaderFields header(message);
  CountedBody body("b\r\n");
  dns::Lookups lookups(answers);
  auto verdicts = auth::verify_dkim(header, body, {}, kNow, lookups, library());
  return {std::move(verdicts), lookups.missing(), body.reads};
}

std::string with_tag(std::string_view tag) {
  std::string field(kSigned);
  field.insert(field.find(" s=s;"), tag);
  return field;
}

}  // namespace

TEST_CASE("dkim: the header tells what to ask, the body is not read before all is answered") {
  const std::string message = std::string(kSigned) + other_selector("t") + std::string(kRest);
  const mail::HeaderFields header(message);
  dns::AnswerTable answers;
  dns::Lookups asked(answers);
  auth::ask_dkim(header, {}, kNow, asked);
  const std::vector<dns::Question> expected = {kKeyQuestion,
                                               {"t._domainkey.a.test", dns::Type::Txt}};
  CHECK(asked.missing() == expected);

  const Judged nothing = judge(message, answers);
  CHECK(nothing.missing == expected);
  CHECK(nothing.reads == 0);
  answers.add(kKeyQuestion, key_answer());
  CHECK(judge(message, answers).reads == 0);
  answers.add(expected[1], dns::Answer::of(dns::Status::Failure, {}, "no answer in 5 s"));
  const Judged all = judge(message, answers);
  CHECK(all.reads == 1);
  REQUIRE(all.verdicts.signatures.size() == 2);
  CHECK(all.verdicts.signatures[0].result == DkimResult::Pass);
  CHECK(all.verdicts.signatures[0].key_security == dns::Security::Secure);
  CHECK(all.verdicts.signatures[1].result == DkimResult::TempError);
  CHECK(all.verdicts.signatures[1].reason == "the key could not be asked for: no answer in 5 s");
}

TEST_CASE("dkim: what cannot pass is not asked for, and nothing is read for it") {
  const std::string message = "DKIM-Signature: x\r\n" + std::string(kRest);
  const Judged judged = judge(message, {});
  CHECK(judged.missing.empty());
  CHECK(judged.reads == 0);
  REQUIRE(judged.verdicts.signatures.size() == 1);
  CHECK(judged.verdicts.signatures[0].result == DkimResult::Neutral);
  CHECK(judge(std::string(kRest), {}).verdicts.signatures.empty());
}

TEST_CASE("dkim: surplus signatures ask nothing") {
  std::string message;
  for (int i = 0; i < 200; ++i) message += other_selector("k" + std::to_string(i));
  message += kRest;
  const Judged judged = judge(message, {});
  CHECK(judged.missing.size() == auth::DkimSettings().max_signatures);
  CHECK(judged.verdicts.signatures.size() == auth::kMaxDkimListed);
  CHECK(judged.verdicts.signatures.back().result == DkimResult::Policy);
  CHECK(judged.verdicts.unlisted == 100);
}

TEST_CASE("dkim: verdicts of one job do not show in the next") {
  dns::AnswerTable good, none;
  good.add(kKeyQuestion, key_answer());
  none.add(kKeyQuestion, dns::Answer::of(dns::Status::NoName));
  const std::string message = std::string(kSigned) + std::string(kRest);
  for (int i = 0; i < 3; ++i) {
    CHECK(judge(message, good).verdicts.signatures.at(0).result == DkimResult::Pass);
    CHECK(judge(message, none).verdicts.signatures.at(0).result == DkimResult::PermError);
  }
}

// That all of these pass or fail as they should is shown by tests/auth/dkim/.
TEST_CASE("dkim: how often the body is read") {
  dns::AnswerTable answers;
  answers.add(kKeyQuestion, key_answer());
  const auto reads = [&](const std::string& signatures) {
    return judge(signatures + std::string(kRest), answers).reads;
  };
  const std::string with_length = with_tag(" l=3;"), odd = with_tag(" zb=;");
  // By the clock of the library, which has t=1 for the skew.
  std::string refused = with_tag(" x=1000000000;");
  refused.replace(refused.find("t=1000000000"), 12, "t=1");
  CHECK(reads(std::string(kSigned)) == 1);
  CHECK(reads(odd) == 1);
  CHECK(reads(odd + odd + odd + odd) == 1);
  CHECK(reads(odd + std::string(kSigned)) == 2);
  CHECK(reads(odd + with_length + std::string(kSigned)) == 2);
  CHECK(reads(with_tag(" l=2;")) == 1);
  CHECK(reads(refused) == 2);
  CHECK(reads(odd + with_length + std::string(kSigned) + refused) == 2);
}

// The library has a clock, and we have given it our time.
TEST_CASE("dkim: a message is judged as of the time that is given") {
  dns::AnswerTable answers;
  answers.add(kKeyQuestion, key_answer());
  const std::string message = std::string(kSigned) + std::string(kRest);
  const mail::HeaderFields header(message);
  const auto result_at = [&](long long seconds) {
    auth::TextBody body("b\r\n");
    dns::Lookups lookups(answers);
    const base::WallTime now{std::chrono::seconds(seconds)};
    const auto verdicts = auth::verify_dkim(header, body, {}, now, lookups, library());
    return verdicts.signatures.at(0).result;
  };
  CHECK(result_at(1'000'000'000 - 301) == DkimResult::Policy);
  CHECK(result_at(1'000'000'000 - 300) == DkimResult::Pass);
  CHECK(result_at(4'000'000'000) == DkimResult::Pass);
}

TEST_CASE("dkim: every finding has a rule") {
  for (int i = 0; i <= static_cast<int>(auth::DkimFinding::Last_); ++i) {
    const auto& rule = auth::rule_of(static_cast<auth::DkimFinding>(i));
    CHECK(std::string(rule.section).starts_with("RFC "));
    CHECK_FALSE(std::string(rule.reason).empty());
    CHECK((rule.result == DkimResult::Pass) == (rule.finding == auth::DkimFinding::Passed));
  }
}
