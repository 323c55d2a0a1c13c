// SPDX-License-Identifier: Apache-2.0
#include "policy/recipients.h"

#include <catch2/catch.hpp>

namespace {

policy::Domain domain(const std::string& name, std::vector<std::string> mailboxes) {
  policy::Domain result;
  result.name = name;
  result.mailboxes = std::move(mailboxes);
  return result;
}

mail::Path path(const std::string& local_part, const std::string& domain_name) {
  return {mail::Address{local_part, domain_name, !domain_name.empty() && domain_name[0] == '['}};
}

std::string found(const policy::Recipients& recipients, const std::string& local_part,
                  const std::string& domain_name) {
  const auto decision = recipients.decide(path(local_part, domain_name));
  REQUIRE(decision.reply.positive() == decision.mailbox.has_value());
  if (decision.mailbox) return decision.mailbox->domain + "/" + decision.mailbox->mailbox;
  return std::to_string(decision.reply.code) + " " + decision.reply.status.to_string();
}

policy::Recipients two_domains() {
  policy::Domain first = domain("ours.test", {"info", "sales"});
  first.aliases = {{"abuse", "postmaster"}, {"verkauf", "sales"}};
  policy::Domain second = domain("other.test", {"postmaster", "anna"});
  second.subaddress_delimiters = "+-";
  second.catch_all = "anna";
  return policy::Recipients({first, second});
}

}  // namespace

TEST_CASE("a listed mailbox is found whatever the case") {
  const auto recipients = two_domains();
  CHECK(found(recipients, "info", "ours.test") == "ours.test/info");
  CHECK(found(recipients, "INFO", "Ours.TEST") == "ours.test/info");
  CHECK(found(recipients, "verkauf", "ours.test") == "ours.test/sales");
}

TEST_CASE("an unknown mailbox is 550 5.1.1") {
  CHECK(found(two_domains(), "nobody", "ours.test") == "550 5.1.1");
  CHECK(found(two_domains(), "", "ours.test") == "550 5.1.1");
}

TEST_CASE("a catch-all takes every other local part of its domain only") {
  CHECK(found(two_domains(), "nobody", "other.test") == "other.test/anna");
}

TEST_CASE("subaddresses lead to their mailbox") {
  const auto recipients = two_domains();
  CHECK(found(recipients, "info+news", "ours.test") == "ours.test/info");
  CHECK(found(recipients, "info-news", "ours.test") == "550 5.1.1");
  CHECK(found(recipients, "postmaster-x", "other.test") == "other.test/postmaster");
  CHECK(found(recipients, "+news", "ours.test") == "550 5.1.1");
}

TEST_CASE("postmaster is always accepted") {
  const auto recipients = two_domains();
  CHECK(found(recipients, "Postmaster", "") == "ours.test/info");
  CHECK(found(recipients, "postmaster", "ours.test") == "ours.test/info");
  CHECK(found(recipients, "abuse", "ours.test") == "ours.test/info");
  CHECK(found(recipients, "postmaster", "other.test") == "other.test/postmaster");
}

TEST_CASE("an unlisted postmaster goes to the first mailbox of the first domain") {
  const policy::Recipients recipients({domain("a.test", {"x", "y"}), domain("b.test", {"z"})});
  CHECK(found(recipients, "postmaster", "b.test") == "a.test/x");
}

TEST_CASE("a listed postmaster of the first domain takes the bare one too") {
  const policy::Recipients recipients({domain("a.test", {"x", "postmaster"})});
  CHECK(found(recipients, "postmaster", "") == "a.test/postmaster");
}

TEST_CASE("no other domain is ever accepted, in any disguise") {
  const auto recipients = two_domains();
  for (const std::string name : {"elsewhere.example", "ours.test.", "sub.ours.test", "ours.tes",
                                 "[192.0.2.1]", "[ours.test]", "xours.test", ""})
    CHECK(found(recipients, "info", name) == "550 5.7.1");
}

TEST_CASE("routing inside a local part is refused, catch-all or not") {
  const auto recipients = two_domains();
  for (const std::string local_part : {"user%elsewhere.example", "elsewhere.example!user",
                                       "user@elsewhere.example", "%", "!", "@"}) {
    CHECK(found(recipients, local_part, "ours.test") == "550 5.7.1");
    CHECK(found(recipients, local_part, "other.test") == "550 5.7.1");
  }
}

TEST_CASE("all mailboxes that a decision can name are listed once") {
  const auto all = two_domains().all_mailboxes();
  std::vector<std::string> names;
  for (const auto& mailbox : all) names.push_back(mailbox.domain + "/" + mailbox.mailbox);
  CHECK(names == std::vector<std::string>{"other.test/anna", "other.test/postmaster",
                                          "ours.test/info", "ours.test/sales"});
}
