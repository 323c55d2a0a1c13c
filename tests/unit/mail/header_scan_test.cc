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
  bool complete;
};

const std::vector<Row> kRows = {
    {"", 0, 0, 0, false},
    {"\r\n", 0, 0, 0, true},
    {"\r\nReceived: x\r\n", 0, 0, 0, true},
    {"A: b\r\n", 6, 1, 0, false},
    {"A: b\r\n\r\nB: c\r\n", 6, 1, 0, true},
    {"A: b\r\n c\r\n\td\r\n\r\n", 14, 1, 0, true},
    {"Received: a\r\nRECEIVED: b\r\nreceived \t: c\r\n\r\n", 41, 3, 3, true},
    {"Received:\r\n", 11, 1, 1, false},
    {"Received\r\n : x\r\n\r\n", 16, 1, 0, true},
    {"X: a\r\n Received: b\r\n\r\n", 20, 1, 0, true},
    {"Receivedx: a\r\nReceive: b\r\nX-Received: c\r\nRec eived: d\r\n\r\n", 55, 4, 0, true},
    {" Received: a\r\n\r\n", 14, 0, 0, true},
    {"no field at all\r\nReceived: a\r\n\r\n", 30, 2, 1, true},
    {"A: b\r\n \r\nC: d\r\n\r\n", 15, 2, 0, true},
};

void check(const mail::HeaderScan& scan, const Row& row) {
  CHECK(scan.counts().bytes == row.bytes);
  CHECK(scan.counts().fields == row.fields);
  CHECK(scan.counts().received == row.received);
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

}  // namespace
