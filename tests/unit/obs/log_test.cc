// SPDX-License-Identifier: Apache-2.0
#include "obs/log.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "obs/render.h"

using obs::Event;
using obs::Format;
using obs::Line;

namespace {

std::string every_byte() {
  std::string bytes;
  for (int value = 0; value < 256; ++value) bytes += static_cast<char>(value);
  return bytes;
}

nlohmann::ordered_json parse_json(const Line& line) {
  return nlohmann::ordered_json::parse("{" + line.render(Format::Json) + "}");
}

}  // namespace

TEST_CASE("fields stand in the declared order, whatever the order of the calls") {
  const Line line = Line(Event::reject)
                        .peer("helo", "mail.example.net")
                        .token("reason", "no_such_user")
                        .number("code", 550)
                        .token("client", "192.0.2.10")
                        .token("sid", "6740A3F1.0007");
  CHECK(line.render(Format::Logfmt) ==
        "event=reject sid=6740A3F1.0007 client=192.0.2.10 code=550 reason=no_such_user "
        "helo=\"mail.example.net\"");
  CHECK(line.render(Format::Json) ==
        "\"event\":\"reject\",\"sid\":\"6740A3F1.0007\",\"client\":\"192.0.2.10\",\"code\":550,"
        "\"reason\":\"no_such_user\",\"helo\":\"mail.example.net\"");
}

TEST_CASE("a field without a value is left out, an empty text of a peer is not") {
  const Line line = Line(Event::accept).token("tls", "").peer("from", "");
  CHECK(line.render(Format::Logfmt) == "event=accept from=\"\"");
  CHECK(line.render(Format::Json) == "\"event\":\"accept\",\"from\":\"\"");
}

TEST_CASE("a peer cannot forge a field") {
  const Line line = Line(Event::reject)
                        .token("sid", "S1")
                        .token("client", "203.0.113.9")
                        .peer("from", "x\" client=198.51.100.7 event=\"accept")
                        .peer("helo", "h\nevent=reject sid=S2 client=198.51.100.8");
  CHECK(line.render(Format::Logfmt) ==
        "event=reject sid=S1 client=203.0.113.9 "
        "helo=\"h\\x0aevent=reject sid=S2 client=198.51.100.8\" "
        "from=\"x\\x22 client=198.51.100.7 event=\\x22accept\"");
  const auto json = parse_json(line);
  CHECK(json.size() == 5);
  CHECK(json["client"] == "203.0.113.9");
}

TEST_CASE("JSON is valid and printable whatever the bytes") {
  const std::string all = every_byte();
  const auto json = parse_json(Line(Event::reject).peer("helo", all).text("detail", all));
  CHECK(json["helo"] == obs::escape_peer(all));
  CHECK(json["detail"] == obs::escape(all));
}

TEST_CASE("text of a peer is cut behind 256 bytes, our own behind 64 KiB") {
  const std::string longest(256, 'a');
  CHECK(obs::escape_peer(longest) == longest);
  CHECK(obs::escape_peer(longest + "b") == longest + "...");
  CHECK(obs::escape_peer(std::string(300, '\n')).size() == 256 * 4 + 3);
  CHECK(Line(Event::fatal).text("reason", longest + "b").render(Format::Logfmt) ==
        "event=fatal reason=\"" + longest + "b\"");
  const std::string most(64u << 10, 'a');
  CHECK(Line(Event::fatal).text("reason", most).render(Format::Logfmt) ==
        "event=fatal reason=\"" + most + '"');
  CHECK(Line(Event::fatal).text("reason", most + "b").render(Format::Logfmt) ==
        "event=fatal reason=\"" + most + "...\"");
}
