// SPDX-License-Identifier: Apache-2.0
#include "mail/header_fields.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/ascii.h"

namespace {

std::string joined(const std::vector<std::string_view>& pieces) {
  std::string text;
  for (const std::string_view piece : pieces) text += piece;
  return text;
}

struct Field {
  std::string name;
  std::string value;
};

struct Row {
  std::string section;
  std::vector<Field> fields;
};

const std::vector<Row> kRows = {
    {"", {}},
    {"A: b\r\n", {{"A", " b"}}},
    {"A:\r\nB:b\r\n", {{"A", ""}, {"B", "b"}}},
    {"A: b\r\n c\r\n\td:\r\nE: f\r\n", {{"A", " b\r\n c\r\n\td:"}, {"E", " f"}}},
    {"A: b\r\n \r\nC: d\r\n", {{"A", " b\r\n "}, {"C", " d"}}},
    {"A : b\r\nB\t \t: c\r\n", {{"A", " b"}, {"B", " c"}}},
    {"A: b: c\r\n", {{"A", " b: c"}}},
    {"!#9~: b\r\n", {{"!#9~", " b"}}},
    {"A: \xc3\xbc\xff\r\n", {{"A", " \xc3\xbc\xff"}}},
    // malformed further down
    {"A: b\r\nno field\r\n: c\r\nC: d\r\n", {{"A", " b"}, {"", ""}, {"", ""}, {"C", " d"}}},
    {"A: b\r\nno colon\r\n here: d\r\n", {{"A", " b"}, {"", ""}}},
    {"A: b\r\nSplit\r\n : c\r\n", {{"A", " b"}, {"", ""}}},
    {"A: b\r\nTwo words: c\r\n", {{"A", " b"}, {"", ""}}},
    {"A: b\r\nM\xc3\xbc: c\r\n\x01: d\r\n", {{"A", " b"}, {"", ""}, {"", ""}}},
    // CR and LF alone end nothing.
    {"A: b\rC: d\nE: f\r\n", {{"A", " b\rC: d\nE: f"}}},
    {"A: b\r\n\rC: d\r\n\nE: f\r\n", {{"A", " b"}, {"", ""}, {"", ""}}},
    {"A: b\r\r\nC: d\r\n", {{"A", " b\r"}, {"C", " d"}}},
};

void check(const mail::HeaderFields& header, const Row& row) {
  CHECK(header.section() == row.section);
  CHECK(header.empty() == row.fields.empty());
  CHECK_FALSE(header.needs_empty_line());
  REQUIRE(header.all().size() == row.fields.size());
  for (std::size_t at = 0; at < row.fields.size(); ++at) {
    CHECK(header.all()[at].name == row.fields[at].name);
    CHECK(header.all()[at].value == row.fields[at].value);
  }
  CHECK(joined(header.pieces()) == row.section);
  CHECK(header.pieces().size() == (row.section.empty() ? 0u : 1u));
}

TEST_CASE("the fields of a section, which goes out as it came in") {
  for (const Row& row : kRows) {
    INFO(row.section);
    check(mail::HeaderFields(row.section + "\r\nX: the text\r\n\r\n"), row);
    check(mail::HeaderFields(row.section), row);
  }
}

TEST_CASE("a section that the text cuts off is given as far as it goes") {
  const std::string cut = "A: b\r\nC: d\r\n e";
  const mail::HeaderFields header(cut);
  REQUIRE(header.all().size() == 2);
  CHECK(header.all()[1].value == " d\r\n e");
  CHECK(joined(header.pieces()) == cut);
  CHECK(mail::HeaderFields("A: b\r\nC: d\r").all()[1].value == " d\r");
  CHECK(mail::HeaderFields("A: b\r\nC").all()[1].name.empty());
  CHECK(mail::HeaderFields("A:").all()[0].name == "A");
}

TEST_CASE("an mbox line on top is a malformed line, and the header goes on") {
  for (const std::string line :
       {"From a@example.net Thu Jan  1 00:00:00 1970\r\n", ">From a\r\n"}) {
    INFO(line);
    const std::string text = line + "A: b\r\n\r\nbody\r\n";
    const mail::HeaderFields header(text);
    REQUIRE(header.all().size() == 2);
    CHECK(header.all()[0].name.empty());
    CHECK(header.all()[0].raw == line);
    CHECK(header.find("A") != nullptr);
    CHECK_FALSE(header.needs_empty_line());
  }
}

TEST_CASE("a message whose first line is no field has no header") {
  for (const std::string text :
       {"hello\r\n", "hello", "two words: a\r\nB: c\r\n\r\n", " A: b\r\nC: d\r\n", ": a\r\n",
        "\nA: b\r\n", "\rA: b\r\n", "From\ta\r\nA: b\r\n", ">>From a\r\nA: b\r\n"}) {
    INFO(text);
    const mail::HeaderFields header(text);
    CHECK(header.empty());
    CHECK(header.needs_empty_line());
    CHECK(header.section().empty());
    CHECK(header.pieces().empty());
  }
  for (const std::string text : {"", "\r\n", "\r\nA: b\r\n"}) {
    INFO(text);
    CHECK(mail::HeaderFields(text).empty());
    CHECK_FALSE(mail::HeaderFields(text).needs_empty_line());
  }
}

TEST_CASE("fields are found by name, in any case") {
  const std::string text =
      "Subject: 1\r\nsubject : 2\r\nX-Subject: 3\r\nSubjec: 4\r\n SUBJECT: "
      "5\r\nSUBJECT:6\r\nodd\r\n"
      "\r\nSubject: 7\r\n";
  const mail::HeaderFields header(text);
  CHECK(header.count("Subject") == 3);
  REQUIRE(header.find("SUBJECT") != nullptr);
  CHECK(header.find("SUBJECT")->value == " 1");
  const auto all = header.find_all("subject");
  REQUIRE(all.size() == 3);
  CHECK(all[1].raw == "subject : 2\r\n");
  CHECK(all[2].value == "6");
  CHECK(header.find("Subj") == nullptr);
  CHECK(header.find("To") == nullptr);
  CHECK(header.count("odd") == 0);
}

TEST_CASE("removing fields leaves the bytes of the others") {
  const std::string text =
      "Return-Path: <a@b>\r\nA: 1\r\nB : 2\r\n folded\r\nreturn-path:\r\n <c@d>\r\nodd\r\nC: "
      "3\r\n\r\n";
  mail::HeaderFields header(text);
  const auto is_return_path = [](const mail::HeaderField& field) {
    return base::iequals(field.name, "Return-Path");
  };
  CHECK(header.remove_if(is_return_path) == 2);
  CHECK(header.remove_if(is_return_path) == 0);
  CHECK(header.count("Return-Path") == 0);
  CHECK(header.section().size() == text.size() - 2);
  REQUIRE(header.pieces().size() == 2);
  CHECK(header.pieces()[0] == "A: 1\r\nB : 2\r\n folded\r\n");
  CHECK(header.pieces()[1] == "odd\r\nC: 3\r\n");
  CHECK(header.remove_if([](const mail::HeaderField&) { return true; }) == 4);
  CHECK(header.empty());
  CHECK(header.pieces().empty());
  CHECK_FALSE(header.needs_empty_line());
}

TEST_CASE("a value is unfolded") {
  CHECK(mail::unfolded("") == "");
  CHECK(mail::unfolded("\r\n ") == "");
  CHECK(mail::unfolded(" a \r\n b\r\n\tc ") == "a  b\tc");
  CHECK(mail::unfolded("\r\n\t<1@x>") == "<1@x>");
  CHECK(mail::unfolded("a\rb\nc") == "a\rb\nc");
}

}  // namespace
