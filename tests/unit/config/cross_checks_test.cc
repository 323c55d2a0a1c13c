// SPDX-License-Identifier: Apache-2.0
#include "config/cross_checks.h"

#include <catch2/catch.hpp>
#include <string>

#include "policy/settings.h"
#include "support/configs.h"

using support::errors_of;
using support::kMinimalConfig;
using support::load_text;

namespace {

constexpr char kOneError[] = "1 error. See postern.conf(5).\n";

void check_one_error(const std::string& lines, const std::string& message) {
  INFO(lines);
  CHECK_THAT(errors_of(kMinimalConfig + lines),
             Catch::Contains("error: " + message + '\n') && Catch::EndsWith(kOneError));
}

}  // namespace

TEST_CASE("one address listens once, however it is written") {
  check_one_error("[[listener]]\naddress = '127.0.0.1:2525'\n",
                  "listener.address: \"127.0.0.1:2525\" is already in line 4");
  check_one_error("[[listener]]\naddress = '[::1]:25'\n[[listener]]\naddress = '[0:0::1]:25'\n",
                  "listener.address: \"[::1]:25\" is already in line 12");
  check_one_error("[[listener]]\naddress='systemd:a'\n[[listener]]\naddress='systemd:a'\n",
                  "listener.address: \"systemd:a\" is already in line 12");
  CHECK(load_text(std::string(kMinimalConfig) + "[[listener]]\naddress = '127.0.0.1:2526'\n").ok());
}

TEST_CASE("there are as many listeners as can be opened") {
  std::string lines;
  for (std::size_t i = 2; i <= policy::kMaxListeners; ++i)  // the smallest file has one
    lines += "[[listener]]\naddress = '127.0.0.2:" + std::to_string(2000 + i) + "'\n";
  CHECK(load_text(kMinimalConfig + lines).ok());
  check_one_error(lines + "[[listener]]\naddress = '[::1]:25'\n",
                  "too many listeners: at most 256");
}

TEST_CASE("a domain stands once, whatever its case") {
  check_one_error("[[domain]]\nname = 'Example.ORG'\nmailboxes = []\n",
                  "domain.name: \"example.org\" is already in line 9");
}

TEST_CASE("a domain has mailboxes from one place") {
  check_one_error("[[domain]]\nname = 'example.net'\n",
                  "missing setting \"mailboxes\" or \"mailboxes_file\" in [[domain]]");
  auto files = support::config_files(kMinimalConfig + std::string("mailboxes_file = 'boxes'\n"));
  files.add("/etc/postern/boxes", "info\n");
  CHECK_THAT(config::render(config::load(support::kConfigPath, files).diagnostics),
             Catch::Contains("domain.mailboxes_file: mailboxes is set too"));
}

TEST_CASE("the first domain takes the mail to postmaster, others need no mailbox") {
  CHECK(load_text(std::string(kMinimalConfig) + "[[domain]]\nname = 'a.example'\nmailboxes = []\n")
            .ok());
  std::string text = kMinimalConfig;
  text.replace(text.find("['postmaster', 'info']"), 22, "[]");
  CHECK_THAT(errors_of(text),
             Catch::Contains("the first domain needs a mailbox") && Catch::EndsWith(kOneError));
}

TEST_CASE("mailboxes are listed once") {
  check_one_error("[[domain]]\nname = 'example.net'\nmailboxes = ['info', 'Info']\n",
                  "domain.mailboxes: \"Info\" is listed twice");
  check_one_error("[[domain]]\nname = 'example.net'\nmailboxes = ['a/b']\n",
                  "domain.mailboxes: \"a/b\" must not contain '/'");
}

TEST_CASE("aliases lead to mailboxes of their domain") {
  check_one_error("aliases = { sales = 'nobody' }\n",
                  "domain.aliases: there is no mailbox \"nobody\" in this domain");
  check_one_error("aliases = { sales = 'orders', orders = 'info' }\n",
                  "domain.aliases: there is no mailbox \"orders\" in this domain");
  check_one_error("aliases = { Info = 'postmaster' }\n",
                  "domain.aliases: \"info\" is a mailbox already");
  check_one_error("aliases = { sales = 'info', Sales = 'info' }\n",
                  "domain.aliases: \"Sales\" is listed twice");
  check_one_error("aliases = { sales = 'info@example.org' }\n",
                  "domain.aliases: \"info@example.org\" must not contain '@'");
  check_one_error("aliases = { sales = 5 }\n",
                  "domain.aliases: expected a table such as { abuse = \"postmaster\" }, found an "
                  "integer");
  check_one_error("aliases = ['info']\n",
                  "domain.aliases: expected a table such as { abuse = \"postmaster\" }, found a "
                  "list");
}

TEST_CASE("postmaster exists without being listed") {
  const auto loaded = load_text(std::string(kMinimalConfig) +
                                "[[domain]]\nname = 'example.net'\nmailboxes = ['info']\n"
                                "aliases = { Abuse = 'Postmaster' }\n");
  REQUIRE(loaded.ok());
  CHECK(loaded.config.domains.at(1).aliases.at("abuse") == "postmaster");
}

TEST_CASE("a catch-all exists") {
  check_one_error("catch_all = 'nobody'\n",
                  "domain.catch_all: there is no mailbox \"nobody\" in this domain");
}

TEST_CASE("one mistake in the mailboxes is reported once") {
  std::string text = kMinimalConfig;
  text.replace(text.find("'info'"), 6, "'in/fo'");
  CHECK_THAT(errors_of(text + "aliases = { a = 'info' }\ncatch_all = 'info'\n"),
             Catch::EndsWith(kOneError));
}

TEST_CASE("bans do not begin beyond their end") {
  check_one_error("[limits]\nban_for = '8d'\n", "limits.ban_for: longer than limits.ban_max");
  check_one_error("[limits]\nban_max = '59m'\n", "limits.ban_for: longer than limits.ban_max");
  CHECK(load_text(std::string(kMinimalConfig) + "[limits]\nban_for = '7d'\n").ok());
}

TEST_CASE("a wide network is wider than the network within it") {
  check_one_error("[limits.wide]\nipv4_prefix = 31\n[limits]\nipv4_prefix = 31\n",
                  "limits.wide.ipv4_prefix: not shorter than limits.ipv4_prefix");
  check_one_error("[limits]\nipv4_prefix = 24\n",
                  "limits.wide.ipv4_prefix: not shorter than limits.ipv4_prefix");
  check_one_error("[limits.wide]\nipv6_prefix = 64\n",
                  "limits.wide.ipv6_prefix: not shorter than limits.ipv6_prefix");
  CHECK(errors_of(kMinimalConfig + std::string("[limits]\nipv4_prefix = 25\nipv6_prefix = 49\n"))
            .empty());
}

TEST_CASE("a table that is too small for two networks a connection is warned of") {
  const std::string warning =
      "warning: limits.tracked_networks: less than two times limits.total_connections\n";
  for (const char* lines :
       {"[limits]\ntracked_networks = 19999\n", "[limits]\ntotal_connections = 50001\n"}) {
    INFO(lines);
    const auto loaded = load_text(kMinimalConfig + std::string(lines));
    CHECK(loaded.ok());
    CHECK_THAT(config::render(loaded.diagnostics), Catch::Contains(warning));
  }
  CHECK(errors_of(kMinimalConfig + std::string("[limits]\ntotal_connections = 50000\n")).empty());
}

TEST_CASE("state is not kept in the spool") {
  const auto directories = [](const char* spool, const char* state) {
    return "[spool]\ndirectory = '" + std::string(spool) + "'\n[state]\ndirectory = '" + state +
           "'\n";
  };
  const std::string refusal = "state.directory: lies in spool.directory";
  for (const auto& [spool, state] : {std::pair("/srv/mail", "/srv/mail"),
                                     {"/srv/mail", "/srv/mail/state"},
                                     {"/srv/mail/", "/srv/./mail//a/b"},
                                     {"mail", "/etc/postern/x/../mail/state"},
                                     {"/", "/state"}})
    check_one_error(directories(spool, state), refusal);
  check_one_error("[spool]\ndirectory = '/var/lib/postern'\n", refusal);
  check_one_error("[state]\ndirectory = '/var/lib/postern/mail/s'\n", refusal);
  for (const auto& [spool, state] : {std::pair("/srv/mail", "/srv/mail-state"),
                                     {"/srv/mail", "/srv"},
                                     {"/srv/mail/../spool", "/srv/mail/state"}})
    CHECK(load_text(kMinimalConfig + directories(spool, state)).ok());
}

TEST_CASE("a deadline that leaves no time for two answers is warned of") {
  const std::string warning = "warning: auth.deadline: shorter than two times dns.timeout\n";
  const auto load = [](const std::string& lines) { return load_text(kMinimalConfig + lines); };
  for (const char* lines : {"[auth]\ndeadline = '9s'\n", "[dns]\ntimeout = '21s'\n",
                            "[auth]\ndeadline = '3s'\n[dns]\ntimeout = '2s'\n"}) {
    INFO(lines);
    const auto loaded = load(lines);
    CHECK(loaded.ok());
    CHECK_THAT(config::render(loaded.diagnostics), Catch::Contains(warning));
  }
  CHECK(load("[auth]\ndeadline = '10s'\n").diagnostics.empty());
  CHECK(load("[dns]\ntimeout = '20s'\n").diagnostics.empty());
}

TEST_CASE("an exception says for whom, until when and why") {
  check_one_error("[[auth.dmarc.exception]]\nuntil = '2027-06-30'\nreason = 'x'\n",
                  "missing setting \"network\" or \"dkim_domain\" in [[auth.dmarc.exception]]");
  CHECK_THAT(errors_of(std::string(kMinimalConfig) +
                       "[[auth.dmarc.exception]]\nnetwork = '192.0.2.0/24'\n"),
             Catch::Contains("missing setting \"until\" in [[auth.dmarc.exception]]\n") &&
                 Catch::Contains("missing setting \"reason\" in [[auth.dmarc.exception]]\n"));
  const std::string rest = "until = '2027-06-30'\nreason = 'x'\n";
  for (const std::string everybody : {"0.0.0.0/0", "::/0"})
    check_one_error("[[auth.dmarc.exception]]\nnetwork = '" + everybody + "'\n" + rest,
                    "auth.dmarc.exception.network: holds every address");
  CHECK(errors_of(kMinimalConfig + ("[[auth.dmarc.exception]]\nnetwork = '0.0.0.0/0'\n"
                                    "dkim_domain = 'l.example'\n" +
                                    rest))
            .empty());
  check_one_error(
      "[[auth.dmarc.exception]]\ndkim_domain = 'l.example'\nuntil = 2027-06-30\nreason = ' '\n",
      "auth.dmarc.exception.reason: is blank");
}

TEST_CASE("an exception that has ended, or soon will, is a warning in its place") {
  const auto said = [](int days_before_its_end) {
    using std::chrono::days;
    const std::string text = kMinimalConfig + std::string(
                                                  "[[auth.dmarc.exception]]\n"
                                                  "dkim_domain = 'l.example'\n"
                                                  "until = '2026-11-22'\n"
                                                  "reason = 'x'\n");
    CHECK(load_text(text, support::kToday - days(days_before_its_end)).ok());
    return errors_of(text, support::kToday - days(days_before_its_end));
  };
  CHECK(said(30).empty());
  for (const int days : {29, 1, 0})
    CHECK_THAT(said(days),
               Catch::StartsWith("/etc/postern/postern.conf:13:9: warning: "
                                 "auth.dmarc.exception.until: the exception ends within 30 "
                                 "days\n"));
  for (const int days : {-1, -400})
    CHECK_THAT(said(days), Catch::StartsWith("/etc/postern/postern.conf:13:9: warning: "
                                             "auth.dmarc.exception.until: the exception has "
                                             "ended\n"));
}

TEST_CASE("a table of mailboxes reports every bad line") {
  auto text = std::string(kMinimalConfig);
  text.replace(text.find("mailboxes = ['postmaster', 'info']"), 34, "mailboxes_file = 'boxes'");
  auto files = support::config_files(text);
  files.add("/etc/postern/boxes", "# people\n\nInfo\r\n  sales \na/b\ninfo\n.x");
  CHECK(config::render(config::load(support::kConfigPath, files).diagnostics) ==
        "/etc/postern/boxes:5: error: \"a/b\" must not contain '/'\n"
        "    5 | a/b\n"
        "/etc/postern/boxes:6: error: \"info\" is listed twice\n"
        "    6 | info\n"
        "/etc/postern/boxes:7: error: \".x\" must not begin with a dot\n"
        "    7 | .x\n"
        "3 errors. See postern.conf(5).\n");

  files.add("/etc/postern/boxes", "# people\n\nInfo\r\n  sales \n");
  const auto loaded = config::load(support::kConfigPath, files);
  REQUIRE(loaded.ok());
  CHECK(loaded.config.domains.at(0).mailboxes == std::vector<std::string>{"info", "sales"});
}
