// SPDX-License-Identifier: Apache-2.0
#include "dns/answer_check.h"

#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "dns/message.h"

namespace {

using dns::Answer, dns::can_answer, dns::Question, dns::Security, dns::Status, dns::Type;

Answer with(Status status, const std::function<void(Answer&)>& change) {
  Answer answer = Answer::of(status);
  change(answer);
  return answer;
}

const base::IpAddress kV4 = *base::IpAddress::parse("192.0.2.1");
const base::IpAddress kV6 = *base::IpAddress::parse("2001:db8::1");

Question question(Type type) { return {"example.org", type}; }

}  // namespace

TEST_CASE("what can be an answer") {
  using Row = std::pair<Type, Answer>;
  for (const auto& [type, answer] : std::vector<Row>{
           {Type::A, with(Status::Records,
                          [](Answer& a) {
                            a.addresses = {kV4, kV4};
                          })},
           {Type::Aaaa, with(Status::Records,
                             [](Answer& a) {
                               a.addresses = {kV6, kV4};
                             })},
           {Type::Mx, with(Status::Records,
                           [](Answer& a) {
                             a.exchanges = {{0, ""}};
                           })},
           {Type::Ptr, with(Status::Records, [](Answer& a) { a.names = {"a.org"}; })},
           {Type::Txt, with(Status::Records,
                            [](Answer& a) {
                              a.texts = {"", "x"};
                            })},
           {Type::Txt, Answer::of(Status::NoData, Security::Secure)},
           {Type::Txt, Answer::of(Status::NoName)},
           {Type::Txt, Answer::of(Status::Failure, Security::Bogus, "a signature is wrong")},
       })
    CHECK(can_answer(answer, question(type)));
}

TEST_CASE("what cannot be an answer") {
  using Row = std::pair<Type, Answer>;
  for (const auto& [type, answer] : std::vector<Row>{
           {Type::A, Answer::of(Status::Records)},
           {Type::A, Answer::of(Status::Records, Security::Unknown, "why")},
           {Type::A, Answer::of(Status::NoData, Security::Unknown, "why")},
           {Type::A, Answer::of(Status::NoName, Security::Bogus)},
           {Type::A, Answer::of(Status::Failure, {}, std::string(dns::kMaxReason + 1, 'x'))},
           {Type::A, with(Status::Failure, [](Answer& a) { a.addresses = {kV4}; })},
           {Type::A, with(Status::Records, [](Answer& a) { a.addresses = {kV6}; })},
           {Type::Txt, with(Status::Records, [](Answer& a) { a.addresses = {kV4}; })},
           {Type::A, with(Status::Records, [](Answer& a) { a.texts = {"x"}; })},
           {Type::A, with(Status::Records,
                          [](Answer& a) {
                            a.exchanges = {{1, "a.org"}};
                          })},
           {Type::A, with(Status::Records, [](Answer& a) { a.names = {"a.org"}; })},
           {Type::Ptr, with(Status::Records, [](Answer& a) { a.names = {""}; })},
           {Type::Ptr, with(Status::Records, [](Answer& a) { a.names = {"A.org"}; })},
           {Type::Mx, with(Status::Records,
                           [](Answer& a) {
                             a.exchanges = {{1, "a..b"}};
                           })},
           {Type::Txt, with(Status::Records,
                            [](Answer& a) { a.texts = {std::string(dns::kMaxMessage + 1, 'x')}; })},
       })
    CHECK_FALSE(can_answer(answer, question(type)));
}
