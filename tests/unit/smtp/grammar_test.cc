// SPDX-License-Identifier: Apache-2.0
#include "smtp/grammar.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "smtp/limits.h"
#include "smtp/replies.h"

namespace {

namespace replies = smtp::replies;

TEST_CASE("a line is a verb and an argument") {
  struct Row {
    std::string line;
    std::string_view name;  // empty: unknown
    std::string argument;
  };
  const std::vector<Row> rows = {
      {"NOOP", "NOOP", ""},
      {"noop a b", "NOOP", "a b"},
      {"NOOP ", "NOOP", ""},
      {"NOOP \t ", "NOOP", ""},
      {"MAIL FROM:<>", "MAIL", "FROM:<>"},
      {"MAIL  FROM:<>", "MAIL", " FROM:<>"},
      {"EHLO\ta", "", ""},
      {"", "", ""},
      {" ", "", ""},
      {" NOOP", "", "NOOP"},
      {std::string("NOOP\0", 5), "", ""},
      {std::string("NOOP \0", 6), "NOOP", std::string(1, '\0')},
      {"\xff\xff", "", ""},
  };
  for (const Row& row : rows) {
    INFO(row.line);
    const auto command = smtp::split_command(row.line);
    CHECK((command.rule ? command.rule->name : std::string_view()) == row.name);
    CHECK(command.argument == row.argument);
  }
}

TEST_CASE("arguments are there where they must and only where they may") {
  CHECK(smtp::check_argument(*smtp::find_command("RSET"), "x") == replies::argument_not_allowed());
  CHECK(smtp::check_argument(*smtp::find_command("EHLO"), "") == replies::argument_missing());
  for (const char* argument : {"", "x"}) {
    CHECK_FALSE(smtp::check_argument(*smtp::find_command("NOOP"), argument));
  }
}

TEST_CASE("names of EHLO and HELO") {
  for (const std::string name : {"a", "mx.example.net", "[192.0.2.1]", "_x_", "!$%", "a:b"}) {
    CHECK_FALSE(smtp::check_helo(name));
  }
  CHECK_FALSE(smtp::check_helo(std::string(smtp::kMaxHelo, 'a')));
  CHECK(smtp::check_helo(std::string(smtp::kMaxHelo + 1, 'a')) == replies::bad_helo());
  for (const std::string& name : {std::string("a b"), std::string("a\tb"), std::string("a\0b", 3),
                                  std::string("\x7f"), std::string("\xc3\xa9")}) {
    CHECK(smtp::check_helo(name) == replies::bad_helo());
  }
}

smtp::Settings settings() {
  smtp::Settings settings;
  settings.max_message_size = 1000;
  return settings;
}

TEST_CASE("MAIL: what is understood") {
  struct Row {
    std::string argument;
    std::string path;
    std::size_t size;
    smtp::BodyType body;
  };
  using smtp::BodyType;
  const std::vector<Row> rows = {
      {"FROM:<a@b>", "<a@b>", 0, BodyType::SevenBit},
      {"from:<>", "<>", 0, BodyType::SevenBit},
      {"FROM: <a@b>", "<a@b>", 0, BodyType::SevenBit},
      {"FROM:<a@b> SIZE=1000", "<a@b>", 1000, BodyType::SevenBit},
      {"FROM:<a@b> SIZE=00000000000000000001", "<a@b>", 1, BodyType::SevenBit},
      {"FROM:<a@b> BODY=8BITMIME", "<a@b>", 0, BodyType::EightBitMime},
      {"FROM:<a@b> body=8bitmime size=7", "<a@b>", 7, BodyType::EightBitMime},
      {"FROM:<a@b> BODY=7BIT", "<a@b>", 0, BodyType::SevenBit},
      {"FROM:<\"> SIZE=1\"@b> SIZE=2", "<\"> SIZE=1\"@b>", 2, BodyType::SevenBit},
  };
  for (const Row& row : rows) {
    INFO(row.argument);
    const auto limits = settings();
    const auto parsed = smtp::parse_mail(row.argument, {limits, true});
    REQUIRE(std::holds_alternative<smtp::Sender>(parsed));
    const auto& sender = std::get<smtp::Sender>(parsed);
    CHECK(sender.path.to_string() == row.path);
    CHECK(sender.declared_size == row.size);
    CHECK(sender.body == row.body);
  }
}

TEST_CASE("MAIL: what is refused, and how") {
  struct Row {
    std::string argument;
    smtp::Reply reply;
  };
  const std::vector<Row> rows = {
      {"", replies::bad_mail_syntax()},
      {"TO:<a@b>", replies::bad_mail_syntax()},
      {"FROM", replies::bad_mail_syntax()},
      {" FROM:<a@b>", replies::bad_mail_syntax()},
      {"FROM :<a@b>", replies::bad_mail_syntax()},
      {"FROM:", replies::bad_sender()},
      {"FROM:a@b", replies::bad_sender()},
      {"FROM:  <a@b>", replies::bad_sender()},
      {"FROM:<a@b", replies::bad_sender()},
      {"FROM:<a@b>SIZE=1", replies::bad_mail_syntax()},
      {"FROM:<a@b>\tSIZE=1", replies::bad_mail_syntax()},
      {"FROM:<a@b> ", replies::bad_parameter()},
      {"FROM:<a@b>  SIZE=1", replies::bad_parameter()},
      {"FROM:<a@b> SIZE=1 ", replies::bad_parameter()},
      {"FROM:<a@b> SIZE", replies::bad_parameter()},
      {"FROM:<a@b> SIZE=", replies::bad_parameter()},
      {"FROM:<a@b> SIZE=1=1", replies::bad_parameter()},
      {"FROM:<a@b> SIZE=+1", replies::bad_parameter()},
      {"FROM:<a@b> SIZE=0x1", replies::bad_parameter()},
      {"FROM:<a@b> SIZE=" + std::string(smtp::kMaxSizeDigits + 1, '0'), replies::bad_parameter()},
      {"FROM:<a@b> SIZE=1001", replies::message_too_big()},
      {"FROM:<a@b> SIZE=" + std::string(smtp::kMaxSizeDigits, '9'), replies::message_too_big()},
      {"FROM:<a@b> SIZE=18446744073709551616", replies::message_too_big()},
      {"FROM:<a@b> BODY", replies::bad_parameter()},
      {"FROM:<a@b> BODY=9BIT", replies::bad_parameter()},
      {"FROM:<a@b> -X", replies::bad_parameter()},
      {"FROM:<a@b> X_Y", replies::bad_parameter()},
      {std::string("FROM:<a@b> SIZE=1\0", 18), replies::bad_parameter()},
      {"FROM:<a@b> X=\xc3\xa9", replies::bad_parameter()},
      {"FROM:<a@b> X-1", replies::unknown_parameter()},
      {"FROM:<a@b> RET=HDRS", replies::unknown_parameter()},
      {"FROM:<a@b> SIZE=1 X=1 SIZE=1", replies::unknown_parameter()},
      {"FROM:<a@b> SIZE=1 size=2", replies::duplicate_parameter()},
      {"FROM:<a@b> BODY=7BIT SIZE=1 BODY=8BITMIME", replies::duplicate_parameter()},
      {"FROM:<a@b> SMTPUTF8=1", replies::bad_parameter()},
      {"FROM:<a@b> SMTPUTF8 SMTPUTF8", replies::duplicate_parameter()},
      {"FROM:<a@b> REQUIRETLS=yes", replies::bad_parameter()},
      {"FROM:<\xc3\xa9@b>", replies::non_ascii_address()},
      {"FROM:<a@\xc3\xa9.example>", replies::non_ascii_address()},
      {"FROM:<@\xc3\xa9.example:a@b>", replies::non_ascii_address()},
      {"FROM:<\xc3\xa9@b> BODY=8BITMIME", replies::non_ascii_address()},
      {"FROM:<\xc3@b> SMTPUTF8", replies::bad_sender()},
  };
  for (const Row& row : rows) {
    INFO(row.argument);
    const auto limits = settings();
    const auto parsed = smtp::parse_mail(row.argument, {limits, true});
    REQUIRE(std::holds_alternative<smtp::Reply>(parsed));
    CHECK(std::get<smtp::Reply>(parsed) == row.reply);
  }
}

TEST_CASE("MAIL: SMTPUTF8 and REQUIRETLS") {
  const auto limits = settings();
  const auto parsed = smtp::parse_mail("FROM:<\xc3\xa9@b> smtputf8 RequireTLS", {limits, true});
  REQUIRE(std::holds_alternative<smtp::Sender>(parsed));
  const auto& sender = std::get<smtp::Sender>(parsed);
  CHECK(sender.path.to_string() == "<\xc3\xa9@b>");
  CHECK(sender.smtputf8);
  CHECK(sender.require_tls);
  // RFC 8689 section 4.2.1: unknown where it is not offered.
  const auto clear = smtp::parse_mail("FROM:<a@b> REQUIRETLS", {limits, false});
  CHECK(std::get<smtp::Reply>(clear) == replies::unknown_parameter());
}

TEST_CASE("RCPT with UTF-8") {
  const std::string argument = "TO:<\xc3\xa9@b>";
  CHECK(std::holds_alternative<mail::Path>(smtp::parse_rcpt(argument, true)));
  CHECK(std::get<smtp::Reply>(smtp::parse_rcpt(argument, false)) == replies::non_ascii_address());
}

TEST_CASE("BDAT") {
  struct Row {
    std::string argument;
    std::uint64_t octets;
    bool last;
  };
  const std::vector<Row> rows = {
      {"0", 0, false},
      {"86", 86, false},
      {"86 LAST", 86, true},
      {"0 last", 0, true},
      {"00000000000000000086", 86, false},
      {"18446744073709551615", std::numeric_limits<std::uint64_t>::max(), false},
  };
  for (const Row& row : rows) {
    INFO(row.argument);
    const auto parsed = smtp::parse_bdat(row.argument);
    REQUIRE(std::holds_alternative<smtp::Chunk>(parsed));
    CHECK(std::get<smtp::Chunk>(parsed).octets == row.octets);
    CHECK(std::get<smtp::Chunk>(parsed).last == row.last);
  }
  for (const std::string argument : {"",
                                     " ",
                                     "LAST",
                                     " LAST",
                                     "-1",
                                     "+1",
                                     "0x10",
                                     "1.5",
                                     "1e3",
                                     "1 LAST LAST",
                                     "1 FIRST",
                                     "1  LAST",
                                     " 1",
                                     "1\tLAST",
                                     "1LAST",
                                     "1 LAS",
                                     "18446744073709551616",
                                     "99999999999999999999",
                                     "000000000000000000001",
                                     "\xd9\xa1"}) {
    INFO(argument);
    CHECK(std::get<smtp::Reply>(smtp::parse_bdat(argument)) == replies::bad_chunk_syntax());
  }
  CHECK(std::holds_alternative<smtp::Reply>(smtp::parse_bdat(std::string_view("1\0", 2))));
}

TEST_CASE("RCPT") {
  const auto path = smtp::parse_rcpt("to:<info@ours.test>", false);
  REQUIRE(std::holds_alternative<mail::Path>(path));
  CHECK(std::get<mail::Path>(path).to_string() == "<info@ours.test>");
  struct Row {
    std::string argument;
    smtp::Reply reply;
  };
  const std::vector<Row> rows = {
      {"FROM:<a@b>", replies::bad_rcpt_syntax()},
      {"TO:<>", replies::bad_recipient()},
      {"TO:a@b", replies::bad_recipient()},
      {"TO:<a@b>x", replies::bad_rcpt_syntax()},
      {"TO:<a@b> NOTIFY=NEVER", replies::unknown_parameter()},
      {"TO:<a@b> NOTIFY=NEVER ORCPT=x", replies::unknown_parameter()},
      {"TO:<a@b> SIZE=1", replies::unknown_parameter()},
      {"TO:<a@b> =", replies::bad_parameter()},
  };
  for (const Row& row : rows) {
    INFO(row.argument);
    CHECK(std::get<smtp::Reply>(smtp::parse_rcpt(row.argument, false)) == row.reply);
  }
}

}  // namespace
