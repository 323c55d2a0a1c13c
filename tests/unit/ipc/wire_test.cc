// SPDX-License-Identifier: Apache-2.0
#include "ipc/wire.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <limits>

#include "ipc/messages.h"

namespace {

enum class Colour : std::uint8_t { Red, Blue, Last_ = Blue };

struct Everything {
  bool flag = false;
  std::uint8_t small = 0;
  std::int64_t negative = 0;
  Colour colour = Colour::Red;
  std::string text;
  std::vector<std::string> list;
  std::map<std::string, std::uint32_t> map;
  std::optional<std::string> present, absent;
  ipc::Ping nested;
  void visit(auto& v) {
    v(flag, small, negative, colour, text, list, map, present, absent, nested);
  }
};

struct ShortList {
  std::vector<std::string> texts;
  void visit(auto& v) { v(ipc::at_most(texts, 3)); }
};

struct List {
  std::vector<std::string> rows;
  void visit(auto& v) { v(rows); }
};

struct One {
  Colour colour = Colour::Red;
  void visit(auto& v) { v(colour); }
};

struct Flag {
  bool flag = false;
  void visit(auto& v) { v(flag); }
};

struct Host {
  base::IpAddress address;
  void visit(auto& v) { v(address); }
};

struct Range {
  base::Network network;
  void visit(auto& v) { v(network); }
};

struct Date {
  base::WallTime time;
  void visit(auto& v) { v(time); }
};

Everything sample() {
  return {true,           200,        -5,     Colour::Blue, std::string("a\0b", 3),
          {"x", "", "y"}, {{"k", 7}}, "here", std::nullopt, {99}};
}

}  // namespace

TEST_CASE("what is packed comes back") {
  const auto back = ipc::unpack<Everything>(ipc::pack(sample()));
  REQUIRE(back);
  CHECK(back->flag);
  CHECK(back->small == 200);
  CHECK(back->negative == -5);
  CHECK(back->colour == Colour::Blue);
  CHECK(back->text == std::string("a\0b", 3));
  CHECK(back->list == std::vector<std::string>{"x", "", "y"});
  CHECK(back->map == std::map<std::string, std::uint32_t>{{"k", 7}});
  CHECK(back->present == "here");
  CHECK_FALSE(back->absent);
  CHECK(back->nested.number == 99);
}

TEST_CASE("every truncation and every surplus byte is refused") {
  const std::string whole = ipc::pack(sample());
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(ipc::unpack<Everything>(std::string_view(whole).substr(0, size)).has_value());
  CHECK_FALSE(ipc::unpack<Everything>(whole + '\0').has_value());
}

TEST_CASE("a count that promises more than there is costs no memory") {
  const std::string lie("\xff\xff\xff\xff", 4);
  CHECK_FALSE(ipc::unpack<List>(lie).has_value());
}

TEST_CASE("a list may have a limit of its own") {
  const std::vector<std::string> most(3);
  CHECK(ipc::unpack<ShortList>(ipc::pack(ShortList{most}))->texts == most);
  CHECK_FALSE(ipc::unpack<ShortList>(ipc::pack(List{std::vector<std::string>(4)})).has_value());
}

TEST_CASE("numbers that an enumeration or a bool does not have are refused") {
  CHECK(ipc::unpack<One>(std::string_view("\1", 1)).has_value());
  CHECK_FALSE(ipc::unpack<One>(std::string_view("\2", 1)).has_value());
  CHECK_FALSE(ipc::unpack<Flag>(std::string_view("\2", 1)).has_value());
}

TEST_CASE("addresses travel, and what is none is refused") {
  for (const char* text : {"192.0.2.1", "2001:db8::1", "0.0.0.0"}) {
    const auto back = ipc::unpack<Host>(ipc::pack(Host{*base::IpAddress::parse(text)}));
    REQUIRE(back);
    CHECK(back->address.to_string() == text);
  }
  CHECK_FALSE(ipc::unpack<Host>(ipc::pack(List{{"192.0.2.1"}})).has_value());
  CHECK_FALSE(ipc::unpack<Host>(std::string_view("\3\0\0\0abc", 7)).has_value());
  // In another way than we write it.
  CHECK_FALSE(ipc::unpack<Host>(std::string_view("\3\0\0\0::0", 7)).has_value());
}

TEST_CASE("a network that is written in another way is refused") {
  const auto with = [](const std::string& text) {
    return std::string{static_cast<char>(text.size()), '\0', '\0', '\0'} + text;
  };
  for (const char* text : {"192.0.2.7/32", "192.0.2.0/24", "2001:db8::/48"})
    CHECK(ipc::unpack<Range>(with(text))->network.to_string() == text);
  for (const char* text : {"192.0.2.7", "2001:db8::7", "2001:DB8::/48", "192.0.2.0/024", "x"}) {
    INFO(text);
    CHECK_FALSE(ipc::unpack<Range>(with(text)).has_value());
  }
}

TEST_CASE("an address that is written in another way is refused") {
  for (const char* text : {"2001:DB8::1", "2001:db8:0::1", "::ffff:192.0.2.1"}) {
    std::string body("\0\0\0\0", 4);
    body[0] = static_cast<char>(std::strlen(text));
    CHECK_FALSE(ipc::unpack<Host>(body + text).has_value());
  }
}

TEST_CASE("dates travel, however far away") {
  using Rep = base::WallTime::rep;
  for (const Rep count : {Rep{0}, Rep{1'700'000'000'123'456'789}, std::numeric_limits<Rep>::min(),
                          std::numeric_limits<Rep>::max()}) {
    const Date date{base::WallTime(base::WallTime::duration(count))};
    const auto back = ipc::unpack<Date>(ipc::pack(date));
    REQUIRE(back);
    CHECK(back->time == date.time);
  }
}
