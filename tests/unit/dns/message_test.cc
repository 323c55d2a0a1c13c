// SPDX-License-Identifier: Apache-2.0
#include "dns/message.h"

#include <catch2/catch.hpp>
#include <ctime>
#include <string>
#include <vector>

#include "support/dns_wire.h"

namespace {

using dns::Answer;
using dns::Question;
using dns::Status;
using dns::Type;
using support::kCname, support::wire_address, support::wire_exchange, support::wire_name,
    support::wire_number, support::wire_question, support::wire_record, support::wire_strings,
    support::WireAnswer;

const std::string kName = "example.org";
const std::string kOwner("\xc0\x0c", 2);  // a pointer to the name of the question

std::string message(Type type, std::vector<std::string> records, unsigned rcode = 0) {
  return WireAnswer{rcode, std::move(records)}.message(wire_question(kName, dns::code_of(type)));
}

Answer read(Type type, std::vector<std::string> records, unsigned rcode = 0) {
  return dns::read_answer(message(type, std::move(records), rcode), {kName, type});
}

std::string record(Type type, const std::string& data) {
  return wire_record(kOwner, dns::code_of(type), data);
}

std::string alias(const std::string& from, const std::string& to) {
  return wire_record(wire_name(from), kCname, wire_name(to));
}

std::string reason(const Answer& answer) {
  CHECK(answer.status == Status::Failure);
  return answer.reason;
}

}  // namespace

TEST_CASE("an answer: records of each type") {
  const Answer a = read(Type::A, {record(Type::A, wire_address("192.0.2.1")),
                                  record(Type::A, wire_address("192.0.2.2"))});
  CHECK(a.status == Status::Records);
  CHECK(a.security == dns::Security::Unknown);
  CHECK(a.addresses ==
        std::vector{*base::IpAddress::parse("192.0.2.1"), *base::IpAddress::parse("192.0.2.2")});
  CHECK(read(Type::Aaaa, {record(Type::Aaaa, wire_address("2001:db8::1"))}).addresses ==
        std::vector{*base::IpAddress::parse("2001:db8::1")});
  CHECK(read(Type::Mx, {record(Type::Mx, wire_exchange(10, "MX.example.org")),
                        record(Type::Mx, wire_exchange(0, ""))})
            .exchanges == std::vector<dns::MailExchange>{{10, "mx.example.org"}, {0, ""}});
  CHECK(read(Type::Ptr, {record(Type::Ptr, wire_name("Mail.Example.Org"))}).names ==
        std::vector<std::string>{"mail.example.org"});
}

TEST_CASE("an answer: the strings of a TXT record are joined, records stay apart") {
  const std::string every_octet = [] {
    std::string bytes;
    for (int octet = 0; octet < 255; ++octet) bytes += static_cast<char>(octet);
    return bytes;
  }();
  const Answer answer =
      read(Type::Txt, {record(Type::Txt, wire_strings({"v=spf1 ", "", "-all"})),
                       record(Type::Txt, wire_strings({every_octet, every_octet, every_octet})),
                       record(Type::Txt, wire_strings({""}))});
  CHECK(answer.texts ==
        std::vector<std::string>{"v=spf1 -all", every_octet + every_octet + every_octet, ""});
}

TEST_CASE("an answer: what there is not") {
  CHECK(read(Type::A, {}).status == Status::NoData);
  CHECK(read(Type::A, {}, 3).status == Status::NoName);
  // Of another name, type or class.
  CHECK(read(Type::A, {wire_record(wire_name("other.org"), 1, wire_address("192.0.2.1")),
                       record(Type::Txt, wire_strings({"text"})),
                       kOwner + wire_number(1) + wire_number(3) + wire_number(60, 4) +
                           wire_number(4) + wire_address("192.0.2.1")})
            .status == Status::NoData);
}

TEST_CASE("an answer: every code but two is a failure, with its name") {
  const std::vector<std::string> names = {"", "FORMERR", "SERVFAIL", "", "NOTIMP", "REFUSED"};
  for (unsigned rcode = 0; rcode < 16; ++rcode) {
    if (rcode == 0 || rcode == 3) continue;
    const Answer answer = read(Type::A, {record(Type::A, wire_address("192.0.2.1"))}, rcode);
    CHECK(reason(answer) == (rcode < 6 ? names[rcode] : "RCODE " + std::to_string(rcode)));
    CHECK(answer.addresses.empty());
  }
}

TEST_CASE("an answer: CNAMEs are followed, in whatever order they come") {
  const std::string address = wire_record(wire_name("C.Example.org"), 1, wire_address("192.0.2.1"));
  const Answer answer = read(
      Type::A, {address, alias("b.example.org", "c.example.org"), alias(kName, "b.example.org")});
  CHECK(answer.status == Status::Records);
  CHECK(answer.addresses.size() == 1);
  // The status is of the name at the end.
  CHECK(read(Type::A, {alias(kName, "b.example.org")}).status == Status::NoData);
  CHECK(read(Type::A, {alias(kName, "b.example.org")}, 3).status == Status::NoName);
  CHECK(read(Type::A, {alias(kName, "")}).status == Status::NoName);
}

TEST_CASE("an answer: a chain of CNAMEs has an end") {
  std::vector<std::string> records;
  std::string name = kName;
  for (int i = 1; i <= dns::kMaxAliases; ++i) {
    const std::string next = "n" + std::to_string(i) + ".example.org";
    records.push_back(alias(name, next));
    name = next;
  }
  records.push_back(wire_record(wire_name(name), 1, wire_address("192.0.2.1")));
  CHECK(read(Type::A, records).addresses.size() == 1);
  records.back() = alias(name, "one.more.org");
  CHECK(reason(read(Type::A, records)) == "a chain of CNAMEs without end");
  CHECK(reason(read(Type::A, {alias(kName, kName)})) == "a chain of CNAMEs without end");
}

TEST_CASE("an answer: names that no name of ours can be are left out") {
  const std::string with_dot("\3a.b\3org\0", 9);
  CHECK(read(Type::Ptr, {record(Type::Ptr, with_dot), record(Type::Ptr, wire_name(""))}).status ==
        Status::NoData);
  const Answer mixed = read(
      Type::Ptr, {record(Type::Ptr, with_dot), record(Type::Ptr, wire_name("mx.example.org"))});
  CHECK(mixed.names == std::vector<std::string>{"mx.example.org"});
  CHECK(read(Type::Mx, {record(Type::Mx, wire_number(10) + with_dot)}).status == Status::NoData);
  // Whose name looks as ours when it is written is still another.
  CHECK(read(Type::A,
             {wire_record(std::string("\13example.org\0", 13), 1, wire_address("192.0.2.1"))})
            .status == Status::NoData);
  CHECK(read(Type::A, {wire_record(kOwner, kCname, with_dot)}).status == Status::NoName);
}

TEST_CASE("an answer: data that are not what the type says") {
  using Row = std::pair<Type, std::string>;
  for (const auto& [type, data] : std::vector<Row>{
           {Type::A, ""},
           {Type::A, "123"},
           {Type::A, "12345"},
           {Type::Aaaa, wire_address("192.0.2.1")},
           {Type::Mx, ""},
           {Type::Mx, wire_number(10)},
           {Type::Mx, wire_exchange(10, "mx.example.org") + "x"},
           {Type::Mx, wire_number(10) + "\2mx"},
           {Type::Ptr, ""},
           {Type::Ptr, wire_name("a.org") + wire_name("b.org")},
           {Type::Txt, ""},
           {Type::Txt, "\5text"},
           {Type::Txt, wire_strings({"text"}) + "\1"},
       }) {
    CAPTURE(dns::name_of(type), data);
    CHECK(reason(read(type, {record(type, data)})) ==
          std::string("damaged ") + dns::name_of(type) + " record");
  }
  CHECK(reason(read(Type::A, {wire_record(kOwner, kCname, wire_name("b.org") + "x")})) ==
        "damaged CNAME");
}

TEST_CASE("an answer: a message that ends too early, wherever that is") {
  const std::string whole =
      message(Type::Mx, {record(Type::Mx, wire_exchange(10, "mx.example.org")),
                         wire_record(wire_name("a.b.c"), kCname, kOwner)});
  CHECK(dns::read_answer(whole, {kName, Type::Mx}).exchanges.size() == 1);
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK(reason(dns::read_answer(whole.substr(0, size), {kName, Type::Mx})) == "damaged answer");
  CHECK(reason(dns::read_answer(std::string(dns::kMaxMessage + 1, '\0'), {kName, Type::A})) ==
        "damaged answer");
  const std::string cut =
      WireAnswer{0, {}, true}.message(wire_question(kName, dns::code_of(Type::A)));
  CHECK(reason(dns::read_answer(cut, {kName, Type::A})) == "truncated answer");
}

TEST_CASE("an answer: pointers that lead nowhere") {
  const std::vector<std::string> owners = {
      std::string("\xc0\x1d", 2),     // to itself
      std::string("\xc0\xff", 2),     // forward
      std::string("\xff\xff", 2),     // behind the end
      std::string("\1a\xc0\x1d", 4),  // to its own beginning
      std::string("\x40"
                  "aaaa\0",
                  6),  // a kind of label that is none
  };
  for (const std::string& owner : owners) {
    const auto bytes = message(Type::A, {wire_record(owner, 1, wire_address("192.0.2.1"))});
    REQUIRE(bytes.substr(29, owner.size()) == owner);
    CHECK(reason(dns::read_answer(bytes, {kName, Type::A})) == "damaged answer");
  }
}

TEST_CASE("an answer: the longest name, and one octet more") {
  const std::string label(63, 'a');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  CHECK(read(Type::Ptr, {record(Type::Ptr, wire_name(longest))}).names ==
        std::vector<std::string>{longest});
  CHECK(reason(read(Type::Ptr, {record(Type::Ptr, wire_name(longest + 'a'))})) ==
        "damaged PTR record");
}

// As many names as fit, each as long as can be by one pointer more.
TEST_CASE("an answer: the time is linear in the message, however it is compressed") {
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "\1a";
  std::vector<std::string> records = {record(Type::Ptr, longest + '\0')};
  const std::string pointer("\xc0\x29", 2);  // to those data
  for (int i = 0; i < 4600; ++i) records.push_back(record(Type::Ptr, pointer));
  const std::string bytes = message(Type::Ptr, records);
  REQUIRE(bytes.size() <= dns::kMaxMessage);
  const std::clock_t begin = std::clock();
  const Answer answer = dns::read_answer(bytes, {kName, Type::Ptr});
  CHECK(answer.names.size() == 4601);
  CHECK(answer.names.back().size() == 251);
  CHECK(std::clock() - begin < CLOCKS_PER_SEC);
}

TEST_CASE("an answer: a name has no more pointers than labels") {
  const auto name_of = [](std::size_t pointers) {
    const auto to = [](std::size_t place) {
      return wire_number(0xc000u | static_cast<unsigned>(place));
    };
    const std::size_t at = message(Type::Ptr, {record(Type::Txt, "")}).size();
    std::string chain("\1a", 3);
    std::size_t last = at;
    for (std::size_t i = 1; i < pointers; ++i) {
      chain += to(last);
      last = at + chain.size() - 2;
    }
    return read(Type::Ptr, {record(Type::Txt, chain), record(Type::Ptr, to(last))});
  };
  CHECK(name_of(1).names == std::vector<std::string>{"a"});
  CHECK(name_of(128).names == std::vector<std::string>{"a"});
  CHECK(reason(name_of(129)) == "damaged PTR record");
}
