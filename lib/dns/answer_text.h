// SPDX-License-Identifier: Apache-2.0
// A table of answers as text that people can read and write: for `postern verify --record` and
// `--replay`, and for tests. One answer a line, fields separated by blanks:
//
//   example.org TXT secure records "v=spf1 -all" "another record"
//   example.org MX insecure records 10:mx.example.org 20:mx2.example.org
//   example.org A unknown records 192.0.2.1 192.0.2.2
//   1.2.0.192.in-addr.arpa PTR unknown records mx.example.org
//   nobody.example.org A insecure nxdomain
//   mx.example.org AAAA insecure nodata
//   slow.example.org A unknown failure "no answer in 5 s"
//
// Names are as name.h presentation() writes them; so are strings, where a blank is a blank. Lines
// that begin with ';' and empty ones say nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/answer_table.h"

namespace dns {

const char* name_of(Security security);  // "insecure"
const char* name_of(Status status);      // "nxdomain"

// What follows the status: one text for each record, or the reason of a failure.
std::vector<std::string> data_of(const Answer& answer);

// from_text() gives the same table.
std::string to_text(const AnswerTable& table);

// Permanent error "line N: why" for what is not of this form, for a question that has two answers
// too.
base::Result<AnswerTable> from_text(std::string_view text);

}  // namespace dns
