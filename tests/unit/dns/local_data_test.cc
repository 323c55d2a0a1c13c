// SPDX-License-Identifier: Apache-2.0
#include "dns/local_data.h"

#include <catch2/catch.hpp>
#include <vector>

#include "dns/message.h"

namespace {

using dns::Answer;
using dns::LocalData;
using dns::Question;
using dns::Status;
using dns::Type;

LocalData data_of(const std::vector<std::string>& lines) {
  LocalData data;
  for (const std::string& line : lines) {
    CAPTURE(line);
    REQUIRE(data.add(line).ok());
  }
  return data;
}

Answer find(const LocalData& data, const std::string& name, Type type) {
  Question question{name, type};
  const auto answer = data.find(question);
  REQUIRE(answer);
  return *answer;
}

Status status(const LocalData& data, const std::string& name, Type type) {
  return find(data, name, type).status;
}

}  // namespace

TEST_CASE("local data: records of each type") {
  const LocalData data = data_of({
      R"(demo.test. 60 IN TXT "v=spf1 " "-all" ; a comment)",
      "demo.test TXT another",
      "Demo.TEST IN 60 A 192.0.2.1",
      "demo.test\t60\tA\t192.0.2.2",
      "demo.test aaaa 2001:db8::1",
      "demo.test MX 10 MX.demo.test.",
      "null.demo.test MX 0 .",
      "1.2.0.192.in-addr.arpa. PTR mx.demo.test.",
  });
  CHECK(find(data, "demo.test", Type::Txt).texts ==
        std::vector<std::string>{"v=spf1 -all", "another"});
  CHECK(find(data, "demo.test", Type::A).addresses.size() == 2);
  CHECK(find(data, "demo.test", Type::Aaaa).addresses.size() == 1);
  CHECK(find(data, "demo.test", Type::Mx).exchanges ==
        std::vector<dns::MailExchange>{{10, "mx.demo.test"}});
  CHECK(find(data, "null.demo.test", Type::Mx).exchanges ==
        std::vector<dns::MailExchange>{{0, ""}});
  CHECK(find(data, "1.2.0.192.in-addr.arpa", Type::Ptr).names ==
        std::vector<std::string>{"mx.demo.test"});
  CHECK(find(data, "demo.test", Type::A).status == Status::Records);
}

TEST_CASE("local data: whose question it is") {
  const LocalData data = data_of({"demo.test. A 192.0.2.1", "a.b.demo.test. A 192.0.2.1"});
  CHECK(status(data, "demo.test", Type::Mx) == Status::NoData);
  CHECK(status(data, "b.demo.test", Type::A) == Status::NoData);  // there is a name below it
  CHECK(status(data, "x.demo.test", Type::A) == Status::NoName);
  CHECK(status(data, "x.a.b.demo.test", Type::A) == Status::NoName);
  for (const char* name : {"test", "other.test", "xdemo.test", "demo.test.org"}) {
    Question question{name, Type::A};
    CHECK_FALSE(data.find(question));
    CHECK(question.name == name);
  }
}

TEST_CASE("local data: a record of the root makes all names local") {
  const LocalData data = data_of({". TXT x", "a.example.org A 192.0.2.1"});
  CHECK(status(data, "org", Type::A) == Status::NoData);
  CHECK(status(data, "example.org", Type::A) == Status::NoData);
  CHECK(status(data, "b.example.org", Type::A) == Status::NoName);
  CHECK(status(data, "com", Type::Mx) == Status::NoName);
}

TEST_CASE("local data: CNAMEs lead on, and out") {
  const LocalData data = data_of({"a.test CNAME b.test.", "b.test 60 IN CNAME c.test",
                                  "c.test A 192.0.2.1", "out.test CNAME www.Example.org",
                                  "loop.test CNAME pool.test", "pool.test CNAME loop.test"});
  CHECK(find(data, "a.test", Type::A).addresses.size() == 1);
  CHECK(status(data, "a.test", Type::Mx) == Status::NoData);
  CHECK(find(data, "loop.test", Type::A).reason == "a chain of CNAMEs without end");
  Question question{"out.test", Type::A};
  CHECK_FALSE(data.find(question));
  CHECK(question == Question{"www.example.org", Type::A});
}

TEST_CASE("local data: escapes and limits of strings") {
  const LocalData data = data_of(
      {R"(a.test TXT "\"a\\;\065\255" b\ c;d)", "a\\032b.test TXT " + std::string(255, 'x')});
  CHECK(find(data, "a.test", Type::Txt).texts == std::vector<std::string>{"\"a\\;A\xff"
                                                                          "b c"});
  CHECK(find(data, "a b.test", Type::Txt).texts.front().size() == 255);
  LocalData other;
  CHECK(other.add("a.test TXT " + std::string(256, 'x')).error().reason ==
        "a string is longer than 255 octets; split it");
}

TEST_CASE("local data: every mistake is named") {
  const std::string awaited =
      "NAME [TTL] [IN] TYPE DATA is awaited, with TYPE one of A AAAA CNAME MX PTR TXT";
  const std::string escape = "an escape is \\ and a character, or \\ and three digits up to 255";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", "there is no record in it"},
      {" ; nothing", "there is no record in it"},
      {"\"demo.test\" A 192.0.2.1", "it does not begin with a domain name"},
      {"@ A 192.0.2.1", "it does not begin with a domain name"},
      {"a..test A 192.0.2.1", "it does not begin with a domain name"},
      {"*.demo.test A 192.0.2.1", "there are no wildcards"},
      {"demo.test TXT a\x7f", "only printable ASCII may be in it; other octets are written \\DDD"},
      {"demo.test TXT a\nb A x",
       "only printable ASCII may be in it; other octets are written \\DDD"},
      {"demo.test", awaited},
      {"demo.test 60 60 A 192.0.2.1", awaited},
      {"demo.test 2147483648 A 192.0.2.1", awaited},
      {"demo.test IN IN A 192.0.2.1", awaited},
      {"demo.test CH A 192.0.2.1", awaited},
      {"demo.test SRV 0 0 25 mx.demo.test", awaited},
      {"demo.test \"A\" 192.0.2.1", awaited},
      {"demo.test A", "an A record has one IPv4 address"},
      {"demo.test A 192.0.2.1 192.0.2.2", "an A record has one IPv4 address"},
      {"demo.test A 2001:db8::1", "an A record has one IPv4 address"},
      {"demo.test AAAA 192.0.2.1", "an AAAA record has one IPv6 address"},
      {"demo.test MX mx.demo.test", "an MX record has a preference and a host"},
      {"demo.test MX 65536 mx.demo.test", "an MX record has a preference and a host"},
      {"demo.test MX 10 mx..test", "an MX record has a preference and a host"},
      {"demo.test PTR .", "the record has one name"},
      {"demo.test CNAME a.test b.test", "the record has one name"},
      {"demo.test TXT", "a TXT record has a string"},
      {"demo.test TXT \"open", "a string has no closing quote"},
      {"demo.test TXT \"open\\\"", "a string has no closing quote"},
      {"demo.test TXT \"a\"\"b\"", "a blank is missing beside a string"},
      {"demo.test TXT a\"b\"", "a blank is missing beside a string"},
      {"demo.test TXT \"\\25\"", escape},
      {"demo.test TXT \\256", escape},
      {"demo.test TXT a\\", escape},
  };
  for (const auto& [line, complaint] : rows) {
    CAPTURE(line);
    LocalData data;
    const auto added = data.add(line);
    REQUIRE_FALSE(added.ok());
    CHECK(added.error().reason == complaint);
  }
}

TEST_CASE("local data: the line with the mistake") {
  CHECK(LocalData::of({"a.test A 192.0.2.1"}).ok());
  CHECK(LocalData::of({"a.test A 192.0.2.1", "x"}).error().reason.starts_with("line 2: NAME"));
}

TEST_CASE("local data: a CNAME is alone at its name") {
  const std::string complaint = "a CNAME and another record have the same name";
  const std::vector<std::string> lines = {"a.test CNAME b.test", "A.test. TXT x"};
  for (const bool reversed : {false, true}) {
    LocalData data = data_of({lines[reversed ? 1 : 0]});
    CHECK(data.add(lines[reversed ? 0 : 1]).error().reason == complaint);
  }
  LocalData twice = data_of({lines[0]});
  CHECK(twice.add("a.test CNAME c.test").error().reason == complaint);
}
