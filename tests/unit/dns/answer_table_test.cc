// SPDX-License-Identifier: Apache-2.0
#include "dns/answer_table.h"

#include <catch2/catch.hpp>
#include <vector>

#include "ipc/wire.h"

namespace {

using dns::Answer;
using dns::Question;
using dns::Security;
using dns::Status;
using dns::Type;

Answer text(const std::string& bytes) {
  Answer answer = Answer::of(Status::Records, Security::Secure);
  answer.texts = {bytes};
  return answer;
}

struct Table {
  std::vector<dns::Entry> entries;
  void visit(auto& v) { v(entries); }
};

}  // namespace

TEST_CASE("answers: the first to a question stays") {
  dns::AnswerTable table;
  const Question question{"example.org", Type::Txt};
  CHECK(table.find(question) == nullptr);
  table.add(question, text("one"));
  table.add(question, text("two"));
  REQUIRE(table.find(question) != nullptr);
  CHECK(table.find(question)->texts == std::vector<std::string>{"one"});
  CHECK(table.size() == 1);
  CHECK(table.find({"example.org", Type::A}) == nullptr);
}

TEST_CASE("lookups: what is missing is collected once, in order") {
  dns::AnswerTable table;
  table.add({"example.org", Type::Txt}, text("one"));
  dns::Lookups lookups(table);
  REQUIRE(lookups.find("EXAMPLE.org.", Type::Txt) != nullptr);
  CHECK(lookups.complete());
  CHECK(lookups.find("b.example.org", Type::A) == nullptr);
  CHECK(lookups.find("a.example.org", Type::A) == nullptr);
  CHECK(lookups.find("B.example.org.", Type::A) == nullptr);
  CHECK_FALSE(lookups.complete());
  CHECK(lookups.missing() ==
        std::vector<Question>{{"b.example.org", Type::A}, {"a.example.org", Type::A}});
}

TEST_CASE("lookups: what cannot be asked does not exist, and is not missing") {
  const dns::AnswerTable table;
  dns::Lookups lookups(table);
  for (const std::string& name : {std::string("a..b"), std::string(64, 'a') + ".org"}) {
    const Answer* answer = lookups.find(name, Type::A);
    REQUIRE(answer != nullptr);
    CHECK(answer->status == Status::NoName);
  }
  CHECK(lookups.complete());
}

TEST_CASE("answers: they travel between programs") {
  dns::AnswerTable table;
  table.add({"example.org", Type::Txt}, text(std::string("\0\xff", 2)));
  Answer exchanges = Answer::of(Status::Records, Security::Insecure);
  exchanges.exchanges = {{10, "mx.example.org"}, {20, ""}};
  table.add({"example.org", Type::Mx}, exchanges);
  Answer addresses = Answer::of(Status::Records);
  addresses.addresses = {*base::IpAddress::parse("192.0.2.1"),
                         *base::IpAddress::parse("2001:db8::1")};
  table.add({"example.org", Type::Aaaa}, addresses);
  Answer names = Answer::of(Status::Records);
  names.names = {"mx.example.org"};
  table.add({"1.2.0.192.in-addr.arpa", Type::Ptr}, names);
  table.add({"a.example.org", Type::A},
            Answer::of(Status::Failure, Security::Unknown, "no answer in 5 s"));
  table.add({"b.example.org", Type::A}, Answer::of(Status::NoName));

  const auto received = ipc::unpack<Table>(ipc::pack(Table{table.entries()}));
  REQUIRE(received);
  CHECK(dns::AnswerTable(received->entries) == table);
}

TEST_CASE("answers: a reason is printable and short, whoever wrote it") {
  const Answer answer =
      Answer::of(Status::Failure, Security::Unknown, "slow\x80\n" + std::string(300, 'x'));
  CHECK(answer.why() == "slow??" + std::string(194, 'x'));
}
