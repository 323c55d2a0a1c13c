// SPDX-License-Identifier: Apache-2.0
#include "smtp/commands.h"

#include <catch2/catch.hpp>
#include <set>

#include "smtp/extension.h"

namespace {

TEST_CASE("verbs are found in any case and only whole") {
  REQUIRE(smtp::find_command("mail") != nullptr);
  CHECK(smtp::find_command("MaIl")->verb == smtp::Verb::Mail);
  for (const char* name : {"", "MAI", "MAILX", "MAIL ", "EHL0"})
    CHECK_FALSE(smtp::find_command(name));
}

TEST_CASE("nothing of a transaction may come before TLS") {
  for (const smtp::CommandRule& rule : smtp::command_table()) {
    INFO(rule.name);
    const bool of_transaction = rule.input == smtp::Input::Mail ||
                                rule.input == smtp::Input::Rcpt ||
                                rule.input == smtp::Input::Data || rule.verb == smtp::Verb::Bdat;
    CHECK(rule.before_tls != of_transaction);
  }
}

// RFC 2920 section 3.1, RFC 4954 section 4, RFC 3207 section 4.
TEST_CASE("which commands end a pipelined group") {
  for (const smtp::CommandRule& rule : smtp::command_table()) {
    INFO(rule.name);
    const std::set<std::string_view> last = {"EHLO", "HELO", "DATA", "NOOP",    "VRFY",
                                             "EXPN", "TURN", "AUTH", "STARTTLS"};
    CHECK(rule.ends_group == (last.count(rule.name) > 0));
  }
}

TEST_CASE("a command that we do not have is refused whatever its argument") {
  for (const smtp::CommandRule& rule : smtp::command_table()) {
    if (rule.refusal == nullptr) continue;
    INFO(rule.name);
    CHECK(rule.refusal().code == 502);
    CHECK(rule.argument == smtp::Argument::Optional);
    CHECK_FALSE(rule.input);
  }
}

TEST_CASE("what is offered depends on TLS and on a certificate") {
  smtp::Settings settings;
  settings.hostname = "mx.ours.test";
  settings.max_message_size = 1000;
  CHECK(smtp::ehlo_text({settings, false}) ==
        "mx.ours.test\nPIPELINING\nSIZE 1000\n8BITMIME\nSMTPUTF8\nCHUNKING\nENHANCEDSTATUSCODES\n"
        "LIMITS RCPTMAX=100 MAILMAX=100\nSTARTTLS");
  CHECK(smtp::ehlo_text({settings, true}) ==
        "mx.ours.test\nPIPELINING\nSIZE 1000\n8BITMIME\nSMTPUTF8\nCHUNKING\nENHANCEDSTATUSCODES\n"
        "LIMITS RCPTMAX=100 MAILMAX=100\nREQUIRETLS");
  settings.starttls_available = false;
  CHECK(smtp::ehlo_text({settings, false}).find("STARTTLS") == std::string::npos);
}

}  // namespace
