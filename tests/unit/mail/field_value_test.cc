// SPDX-License-Identifier: Apache-2.0
#include "mail/field_value.h"

#include <catch2/catch.hpp>

namespace {

std::string id_of(std::string_view message) {
  return mail::find_field(message, "Message-ID").value_or("(none)");
}

}  // namespace

TEST_CASE("the first field of the name is found, whatever its case and folding") {
  CHECK(id_of("Message-ID: <1@x>\r\n\r\n") == "<1@x>");
  CHECK(id_of("A: b\r\nMESSAGE-id:<1@x>\r\nMessage-ID: <2@x>\r\n\r\n") == "<1@x>");
  CHECK(id_of("A: b\r\n c: d\r\nMessage-ID:\r\n\t<1@x>\r\n\r\n") == "<1@x>");
  CHECK(id_of("Message-ID : <1@x>  \r\n\r\n") == "<1@x>");
  CHECK(id_of("Message-ID: <cut@") == "<cut@");
}

TEST_CASE("nothing else is taken for it") {
  CHECK(id_of("") == "(none)");
  CHECK(id_of("\r\nMessage-ID: <body@x>\r\n") == "(none)");
  CHECK(id_of("A: b\r\n\r\nMessage-ID: <body@x>\r\n") == "(none)");
  CHECK(id_of("A: b\r\n Message-ID: <folded@x>\r\n\r\n") == "(none)");
  CHECK(id_of("X-Message-ID: <1@x>\r\nMessage-IDs: <2@x>\r\nMessage-ID\r\n\r\n") == "(none)");
}
