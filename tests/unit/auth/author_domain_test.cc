// SPDX-License-Identifier: Apache-2.0
// How a From field is read is tested with the parser (mail/from_test.cc) and by tests/verify/dmarc.
#include "auth/author_domain.h"

#include <catch2/catch.hpp>
#include <string>

using auth::AuthorFault;

namespace {

auth::Author author(const std::string& header) {
  const std::string message = header + "Subject: test\r\n\r\nFrom: body@evil.example\r\n";
  return auth::author_of(mail::HeaderFields(message));
}

}  // namespace

TEST_CASE("author domain: one, whatever is written around it") {
  CHECK(author("From: a@Example.ORG\r\n").domain == "example.org");
  CHECK(author("fROM \t:\r\n A <a@example.org>\r\n").domain == "example.org");
  CHECK(
      author("X: a\r\nFrom b@evil.example Mon Jan  1 00:00:00\r\nFrom: a@example.org\r\n").domain ==
      "example.org");
  CHECK(author("From: a@b\xc3\xbc"
               "cher.test\r\n")
            .domain == "xn--bcher-kva.test");
  CHECK(author("From: a@example.org, b@EXAMPLE.org, c: d@example.org;\r\n").domain ==
        "example.org");
  CHECK(
      author("From: a@example.org\r\nFrom-: b@evil.example\r\nXFrom: b@evil.example\r\n").domain ==
      "example.org");
}

TEST_CASE("author domain: each fault has its kind and its reason") {
  struct Row {
    std::string header;
    AuthorFault fault;
    std::string reason;
  };
  const Row rows[] = {
      {"", AuthorFault::NoFrom, "the message has no From field"},
      {"From: a@example.org\r\nFrom: a@example.org\r\n", AuthorFault::SeveralFroms,
       "the message has several From fields"},
      {"From: \r\nFROM : \r\n", AuthorFault::SeveralFroms, "the message has several From fields"},
      {"From:\r\n", AuthorFault::BadFrom, "the From field cannot be read: no_mailbox"},
      {"From: a@example.org b@example.org\r\n", AuthorFault::BadFrom,
       "the From field cannot be read: bad_syntax"},
      {"From: a@-.example\r\n", AuthorFault::BadFrom, "the From field cannot be read: bad_domain"},
      {"From: a@[192.0.2.1]\r\n", AuthorFault::NoDomain,
       "the From field has an address instead of a domain"},
      {"From: a@example.org, b@[192.0.2.1]\r\n", AuthorFault::SeveralDomains,
       "the From field has mailboxes of several domains"},
      {"From: a@example.org, b@a.example.org\r\n", AuthorFault::SeveralDomains,
       "the From field has mailboxes of several domains"},
      {"X: a\r\nFrom\r\n : a@example.org\r\n", AuthorFault::BadFrom,
       "a line looks like a From field and is none"},
      {"From: a@example.org\r\nfrom \x80\x01: a@example.org\r\n", AuthorFault::BadFrom,
       "a line looks like a From field and is none"}};
  for (const Row& row : rows) {
    CAPTURE(row.header);
    const auto found = author(row.header);
    CHECK(found.fault == row.fault);
    CHECK(found.reason == row.reason);
    CHECK(found.domain.empty());
  }
}
