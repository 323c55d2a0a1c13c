// SPDX-License-Identifier: Apache-2.0
#include "obs/render.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace std::string_literals;

struct EscapeCase {
  std::string raw;
  std::string escaped;
};

const std::vector<EscapeCase> kEscapes{
    {"", ""},
    {"mail.example.net", "mail.example.net"},
    {"a b=c 'd' ~", "a b=c 'd' ~"},
    {"say \"hi\"", "say \\x22hi\\x22"},
    {"back\\slash", "back\\x5cslash"},
    {"\\x22", "\\x5cx22"},
    {"tab\there", "tab\\x09here"},
    {"two\r\nlines", "two\\x0d\\x0alines"},
    {"nul\0end"s, "nul\\x00end"},
    {"\x7f", "\\x7f"},
    {"\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"},
    {"\xc3\xa9", "\\xc3\\xa9"},
    {"\x80\xff", "\\x80\\xff"},
};

base::WallTime at(std::int64_t milliseconds) {
  return base::WallTime(std::chrono::milliseconds(milliseconds));
}

}  // namespace

TEST_CASE("escape leaves only printable ASCII without quotes and backslashes") {
  for (const auto& row : kEscapes) {
    CAPTURE(row.raw);
    CHECK(obs::escape(row.raw) == row.escaped);
  }
}

TEST_CASE("a token needs no quotes") {
  for (const char* good : {"", "192.0.2.10", "2001:db8::1", "6740A3F1.0007", "no_such_user", "a/b"})
    CHECK(obs::is_token(good));
  for (const char* bad : {"a b", "a=b", "a\"b", "a\\b", "a\tb", "\xc3\xa9"})
    CHECK_FALSE(obs::is_token(bad));
}

TEST_CASE("timestamps are RFC 3339 in UTC with milliseconds") {
  CHECK(obs::timestamp(at(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(obs::timestamp(at(1'795'295'023'123)) == "2026-11-21T21:03:43.123Z");
  CHECK(obs::timestamp(at(1'709'251'199'999)) == "2024-02-29T23:59:59.999Z");
  CHECK(obs::timestamp(at(-1)) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("a line is dressed for where it goes") {
  using obs::Format;
  using obs::Level;
  using obs::Target;
  const auto time = at(1'795'295'023'123);
  CHECK(obs::dress("event=stop", Level::Info, Format::Logfmt, Target::Stream, time) ==
        "time=2026-11-21T21:03:43.123Z level=info event=stop\n");
  CHECK(obs::dress("event=stop", Level::Info, Format::Logfmt, Target::JournalStream, time) ==
        "<6>event=stop\n");
  CHECK(obs::dress("\"event\":\"stop\"", Level::Error, Format::Json, Target::Stream, time) ==
        "{\"time\":\"2026-11-21T21:03:43.123Z\",\"level\":\"error\",\"event\":\"stop\"}\n");
  CHECK(obs::dress("\"event\":\"stop\"", Level::Error, Format::Json, Target::JournalStream, time) ==
        "<3>{\"time\":\"2026-11-21T21:03:43.123Z\",\"level\":\"error\",\"event\":\"stop\"}\n");
}

TEST_CASE("every level has the priority that syslog gives it") {
  using obs::Level;
  const auto prefix = [](Level level) {
    return obs::dress("", level, obs::Format::Logfmt, obs::Target::JournalStream, at(0));
  };
  CHECK(prefix(Level::Debug) == "<7>\n");
  CHECK(prefix(Level::Info) == "<6>\n");
  CHECK(prefix(Level::Warning) == "<4>\n");
  CHECK(prefix(Level::Error) == "<3>\n");
}
