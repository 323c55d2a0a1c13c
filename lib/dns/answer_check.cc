// SPDX-License-Identifier: Apache-2.0
#include "dns/answer_check.h"

#include <algorithm>

#include "dns/message.h"
#include "dns/name.h"

namespace dns {
namespace {

bool is_normalized(const std::string& name) { return normalized_name(name) == name; }

bool has_good_values(const Answer& answer) {
  return std::ranges::all_of(answer.texts,
                             [](const auto& text) { return text.size() <= kMaxMessage; }) &&
         std::ranges::all_of(answer.exchanges,
                             [](const MailExchange& exchange) {
                               return exchange.host.empty() || is_normalized(exchange.host);
                             }) &&
         std::ranges::all_of(answer.names, is_normalized);
}

// An AAAA record may hold a mapped IPv4 address, which is one then; an A record no IPv6 address.
bool are_addresses(const Answer& answer, Type type) {
  if (type == Type::Aaaa) return true;
  return type == Type::A && std::ranges::all_of(answer.addresses, &base::IpAddress::is_v4);
}

// The lists of other types must be empty.
bool has_records_of(const Answer& answer, Type type) {
  return (answer.addresses.empty() || are_addresses(answer, type)) &&
         (answer.texts.empty() || type == Type::Txt) &&
         (answer.exchanges.empty() || type == Type::Mx) &&
         (answer.names.empty() || type == Type::Ptr);
}

}  // namespace

bool can_answer(const Answer& answer, const Question& question) {
  const std::size_t records =
      answer.addresses.size() + answer.texts.size() + answer.exchanges.size() + answer.names.size();
  return (records > 0) == (answer.status == Status::Records) &&
         (answer.reason.empty() || answer.failed()) && answer.reason.size() <= kMaxReason &&
         (answer.security != Security::Bogus || answer.failed()) &&
         has_records_of(answer, question.type) && has_good_values(answer);
}

}  // namespace dns
