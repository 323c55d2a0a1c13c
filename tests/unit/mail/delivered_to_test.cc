// SPDX-License-Identifier: Apache-2.0
#include "mail/delivered_to.h"

#include <catch2/catch.hpp>
#include <string>

#include "mail/trace.h"

namespace {

bool delivered(const std::string& text, const mail::Address& mailbox) {
  return mail::DeliveredTo(mail::HeaderFields(text)).names(mailbox);
}

const mail::Address kInfo{"info", "ours.test", false};

TEST_CASE("a message that was in the mailbox before") {
  for (const std::string value :
       {" info@ours.test", "INFO@Ours.Test", " <info@ours.test>", "\r\n\tinfo@ours.test (again)",
        " (x) info @ ours.test", " \"info\"@ours.test", " b@c, info@ours.test",
        " I <info@ours.test>"}) {
    INFO(value);
    CHECK(delivered("A: b\r\ndelivered-TO :" + value + "\r\n\r\n", kInfo));
    CHECK(delivered("Delivered-To: x@y\r\nDelivered-To:" + value + "\r\n", kInfo));
  }
}

TEST_CASE("a message that was not") {
  for (const std::string value : {"", " info@ours.example", " infos@ours.test", " info",
                                  " ours.test", " (info@ours.test)", " \"info@ours.test\" <a@b>",
                                  " x info@ours.test", " info@ours.test.", " info@[192.0.2.1]"}) {
    INFO(value);
    CHECK_FALSE(delivered("Delivered-To:" + value + "\r\n\r\n", kInfo));
  }
  CHECK_FALSE(delivered("To: info@ours.test\r\n\r\n", kInfo));
  CHECK_FALSE(delivered("To: a\r\n\r\nDelivered-To: info@ours.test\r\n", kInfo));
  CHECK_FALSE(delivered("a text\r\nDelivered-To: info@ours.test\r\n", kInfo));
}

TEST_CASE("our own field is always known again") {
  for (const mail::Address& mailbox : {kInfo, mail::Address{"a b", "ours.test", false},
                                       mail::Address{"a\"\\b", "OURS.test", false},
                                       mail::Address{"\xc3\xbc",
                                                     "b\xc3\xbc"
                                                     "cher.example",
                                                     false}}) {
    INFO(mailbox.to_string());
    CHECK(delivered(mail::delivered_to_field(mailbox) + "\r\n", mailbox));
  }
  const mail::Address a_label{"info", "xn--bcher-kva.example", false};
  CHECK(
      delivered("Delivered-To: info@B\xc3\x9c"
                "CHER.example\r\n\r\n",
                a_label));
}

TEST_CASE("what is looked at is limited") {
  const auto padded = [](std::size_t size) {
    return "Delivered-To:" + std::string(size - 14, ' ') + "info@ours.test\r\n";
  };
  CHECK(delivered(padded(mail::kMaxDeliveredToValue), kInfo));
  CHECK_FALSE(delivered(padded(mail::kMaxDeliveredToValue + 1), kInfo));
  std::string others;
  for (std::size_t at = 1; at < mail::kMaxDeliveredTo; ++at) others += "Delivered-To: x@y\r\n";
  CHECK(delivered(others + "Delivered-To: info@ours.test\r\n", kInfo));
  others += "Delivered-To: x@y\r\n";
  CHECK_FALSE(delivered(others + "Delivered-To: info@ours.test\r\n", kInfo));

  const std::string field = "Delivered-To:" + std::string(924, ' ') + "info@ours.example\r\n";
  constexpr std::size_t kValue = 924 + 17;
  std::string many;
  for (std::size_t size = 0; size + kValue <= mail::kMaxDeliveredToValues; size += kValue)
    many += field;
  const std::size_t left = mail::kMaxDeliveredToValues % kValue;
  CHECK(delivered(many + padded(left), kInfo));
  CHECK_FALSE(delivered(many + padded(left + 1), kInfo));
}

}  // namespace
