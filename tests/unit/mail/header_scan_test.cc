// SPDX-License-Identifier: Apache-2.0
#include "mail/header_scan.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

struct Row {
  std::string text;
  std::size_t bytes;
  std::size_t fields;
  std::size_t received;
  std::size_t longest_line;
  bool complete;
};

const std::vector<Row> kRows = {
    {"", 0, 0, 0, 0, false},
    {"\r\n", 0, 0, 0, 0, true},
    {"\r\nReceived: x\r\n", 0, 0, 0, 0, true},
    {"A: b\r\n", 6, 1, 0, 4, false},
    {"A: b\r\n\r\nB: c\r\n", 6, 1, 0, 4, true},
    {"A: b\r\n c\r\n\td\r\n\r\n", 14, 1, 0, 4, true},
    {"A:\r\n  long\r\nB\r\n\r\n", 15, 2, 0, 6, true},
    {"A: b\r\nlonger", 12, 2, 0, 6, false},
    {"Received: a\r\nRECEIVED: b\r\nreceived \t: c\r\n\r\n", 41, 3, 3, 13, true},
    {"Received:\r\n", 11, 1, 1, 9, false},
    {"A:\r\nReceived\r\n : x\r\n\r\n", 20, 2, 0, 8, true},
    {"X: a\r\n Received: b\r\n\r\n", 20, 1, 0, 12, true},
    {"Receivedx: a\r\nReceive: b\r\nX-Received: c\r\nRec eived: d\r\n\r\n", 55, 4, 0, 13, true},
    {"A: b\r\nno field at all\r\nReceived: a\r\n\r\n", 36, 3, 1, 15, true},
    {"A: b\r\n \r\nC: d\r\n\r\n", 15, 2, 0, 4, true},
    {"A: b\r\n: c\r\nR\xc3\xbc: d\r\n\r\n", 19, 3, 0, 6, true},
    // no header
    {"no field at all\r\nReceived: a\r\n\r\n", 0, 0, 0, 0, true},
    {" Received: a\r\n\r\n", 0, 0, 0, 0, true},
    {"Received\r\n : x\r\n\r\n", 0, 0, 0, 0, true},
    {": a\r\nReceived: b\r\n", 0, 0, 0, 0, true},
    {"no field at all, and no end", 0, 0, 0, 0, true},
    {"From", 4, 1, 0, 4, false},
    {"From\r\nA: b\r\n", 0, 0, 0, 0, true},
    {"From\ta\r\nA: b\r\n", 0, 0, 0, 0, true},
    {"Fromm a\r\nA: b\r\n", 0, 0, 0, 0, true},
    {"from a\r\nA: b\r\n", 0, 0, 0, 0, true},
    {">>From a\r\nA: b\r\n", 0, 0, 0, 0, true},
    // an mbox line
    {"From a@example.net Thu Jan  1 00:00:00 1970\r\nReceived: b\r\n", 58, 2, 1, 43, false},
    {">From a\r\nReceived: b\r\n\r\n", 22, 2, 1, 11, true},
    {"From \r\nA: b\r\n\r\n", 13, 2, 0, 5, true},
    {"From : a\r\nA: b\r\n\r\n", 16, 2, 0, 8, true},  // a field
    // CR and LF alone are characters like any other.
    {"A: b\r\n\rabc\n", 11, 2, 0, 5, false},
    {"A: b\r\n\r\r\n\n\r\n\r\n", 12, 3, 0, 4, true},
    {"A: b\nReceived: c\r\n\r\n", 18, 1, 0, 16, true},
    {"A: b\rReceived: c\r\n\r\n", 18, 1, 0, 16, true},
    {"A: b\r\nReceived\r: c\r\nReceived\n: c\r\n\r\n", 34, 3, 0, 12, true},
    {"A: b\r", 5, 1, 0, 4, false},
    {"\nA: b\r\n", 0, 0, 0, 0, true},
};

void check(const mail::HeaderScan& scan, const Row& row) {
  CHECK(scan.counts().bytes == row.bytes);
  CHECK(scan.counts().fields == row.fields);
  CHECK(scan.counts().received == row.received);
  CHECK(scan.counts().longest_line == row.longest_line);
  CHECK(scan.complete() == row.complete);
}

TEST_CASE("counts of a header section, whole and byte by byte") {
  for (const Row& row : kRows) {
    INFO(row.text);
    mail::HeaderScan whole;
    whole.feed(row.text);
    check(whole, row);
    mail::HeaderScan bytes;
    for (const char c : row.text) bytes.feed({&c, 1});
    check(bytes, row);
  }
}

TEST_CASE("what stands behind the empty line is not looked at") {
  for (const Row& row : kRows) {
    if (!row.complete) continue;
    INFO(row.text);
    mail::HeaderScan scan;
    scan.feed(row.text + "Received: x\r\nB: c\r\n\r\nReceived: y\r\n");
    check(scan, row);
  }
}

TEST_CASE("the longest line is known before it ends, and the text of a message has none") {
  mail::HeaderScan scan;
  scan.feed("A: " + std::string(5000, 'a'));
  CHECK(scan.counts().longest_line == 5003);
  scan.feed("\r\nB: c\r\n\r\n" + std::string(6000, 'b'));
  CHECK(scan.counts().longest_line == 5003);
  mail::HeaderScan text;
  text.feed("a text: " + std::string(6000, 'a'));
  CHECK(text.counts().longest_line == 0);
  CHECK(text.counts().bytes == 0);
}

TEST_CASE("a message without a header is complete where that is seen") {
  mail::HeaderScan scan;
  CHECK(scan.feed("no") == 2);
  CHECK_FALSE(scan.complete());
  CHECK(scan.feed(" field\r\n") == 2);
  CHECK(scan.complete());
  CHECK(scan.feed("A: b\r\n") == 0);
}

}  // namespace
