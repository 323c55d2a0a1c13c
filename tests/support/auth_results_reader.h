// SPDX-License-Identifier: Apache-2.0
// A strict reader of Authentication-Results fields: the grammar of RFC 8601 section 2.2 without
// comments, versions, and whatever else we never write.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "base/utf8.h"
#include "mail/auth_results.h"
#include "mail/domain.h"

namespace support {

struct ReadAuthResults {
  std::string authserv_id;
  std::vector<mail::AuthResult> results;  // values without quotes
};

class AuthResultsReader {
 public:
  // `field` with its name and CRLF. Nothing: not valid.
  static std::optional<ReadAuthResults> read(std::string_view field, bool smtputf8) {
    constexpr std::string_view kName = "Authentication-Results: ";
    const auto line = unfolded(field);
    if (!line || !has_valid_bytes(*line, smtputf8) || !line->starts_with(kName)) return {};
    AuthResultsReader reader(std::string_view(*line).substr(kName.size()));
    ReadAuthResults read;
    if (!reader.read_payload(read) || !reader.rest_.empty()) return {};
    return read;
  }

 private:
  explicit AuthResultsReader(std::string_view rest) : rest_(rest) {}

  // RFC 5322 section 2.2.3; no line above 998 octets, and none of white space only.
  static std::optional<std::string> unfolded(std::string_view field) {
    std::string text;
    while (!field.empty()) {
      const auto end = field.find("\r\n");
      if (end == std::string_view::npos || end > 998) return {};
      const std::string_view line = field.substr(0, end);
      const bool is_folded = line.starts_with(' ') && !base::trim(line).empty();
      if (text.empty() ? line.empty() : !is_folded) return {};
      text += line;
      field.remove_prefix(end + 2);
    }
    return text;
  }

  static bool has_valid_bytes(std::string_view line, bool smtputf8) {
    const auto is_valid = [&](char c) {
      return base::is_ascii(c) ? base::is_printable(c) : smtputf8;
    };
    return std::all_of(line.begin(), line.end(), is_valid) && base::is_utf8(line);
  }

  bool accept(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  bool skip_blanks() {
    const auto size = std::min(rest_.find_first_not_of(' '), rest_.size());
    rest_.remove_prefix(size);
    return size > 0;
  }

  bool read_payload(ReadAuthResults& read) {
    if (!read_token(read.authserv_id) || !accept(";") || !skip_blanks()) return false;
    if (accept("none")) return true;
    do {
      skip_blanks();
      if (!read_result(read.results.emplace_back())) return false;
    } while (accept(";"));
    return true;
  }

  bool read_result(mail::AuthResult& result) {
    if (!read_keyword(result.method) || !accept("=") || !read_keyword(result.result)) return false;
    while (skip_blanks()) {
      if (accept("reason=")) {
        if (!result.properties.empty() || !read_value(result.reason)) return false;
        continue;
      }
      mail::AuthProperty& property = result.properties.emplace_back();
      std::string name;
      if (!read_keyword(property.name) || !accept(".") || !read_keyword(name)) return false;
      property.name += '.' + name;
      if (!accept("=") || !read_pvalue(property.value)) return false;
    }
    return true;
  }

  // Keyword of RFC 5321 section 4.1.2
  bool read_keyword(std::string& word) {
    return read_while(word, [](char c) { return base::is_alnum(c) || c == '-'; });
  }
  // RFC 2045 section 5.1
  bool read_token(std::string& token) {
    return read_while(token, [](char c) {
      return base::is_printable(c) &&
             std::string_view(" ()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
    });
  }
  bool read_value(std::string& value) {
    return rest_.starts_with('"') ? read_quoted(value) : read_token(value);
  }
  // pvalue = value / [ [ local-part ] "@" ] domain-name
  bool read_pvalue(std::string& value) {
    if (!rest_.starts_with('@') && !read_value(value)) return false;
    std::string domain;
    if (!accept("@")) return true;
    if (!read_token(domain) || !mail::is_domain(domain)) return false;
    value += '@' + domain;
    return true;
  }
  bool read_quoted(std::string& text) {
    rest_.remove_prefix(1);
    while (!rest_.empty() && !rest_.starts_with('"')) {
      if (accept("\\") && rest_.empty()) return false;
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    return accept("\"");
  }
  template <class Belongs>
  bool read_while(std::string& word, Belongs belongs) {
    const auto* end = std::find_if_not(rest_.begin(), rest_.end(), belongs);
    word.assign(rest_.begin(), end);
    rest_.remove_prefix(word.size());
    return !word.empty();
  }

  std::string_view rest_;
};

}  // namespace support
