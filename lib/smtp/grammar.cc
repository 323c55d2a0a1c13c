// SPDX-License-Identifier: Apache-2.0
#include "smtp/grammar.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>

#include "base/ascii.h"
#include "smtp/limits.h"
#include "smtp/replies.h"

namespace smtp {
namespace {

// Takes "FROM:" or "TO:" off the argument. One blank behind the colon is tolerated: RFC 5321
// section 3.3 forbids it, but enough old clients send it, and it can be read in one way only.
bool take_keyword(std::string_view& text, std::string_view keyword) {
  if (!base::istarts_with(text, keyword)) return false;
  text.remove_prefix(keyword.size());
  if (text.starts_with(' ')) text.remove_prefix(1);
  return true;
}

struct Parameter {
  std::string keyword;  // upper case
  std::optional<std::string_view> value;
};

// esmtp-param = esmtp-keyword ["=" esmtp-value], RFC 5321 section 4.1.2
std::optional<Parameter> parse_parameter(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view keyword = text.substr(0, equals);
  const auto is_keyword = [](char c) { return base::is_alnum(c) || c == '-'; };
  if (keyword.empty() || keyword.front() == '-') return {};
  if (!std::all_of(keyword.begin(), keyword.end(), is_keyword)) return {};
  if (equals == std::string_view::npos) return Parameter{base::upper(keyword), {}};
  const std::string_view value = text.substr(equals + 1);
  const auto is_value = [](char c) { return base::is_printable(c) && c != ' ' && c != '='; };
  if (value.empty() || !std::all_of(value.begin(), value.end(), is_value)) return {};
  return Parameter{base::upper(keyword), value};
}

const Extension* find_mail_parameter(std::string_view keyword, const OfferFacts& facts) {
  const auto table = extension_table();
  const auto row = std::find_if(table.begin(), table.end(), [&](const Extension& extension) {
    return !extension.mail_parameter.empty() && extension.mail_parameter == keyword &&
           extension.offered(facts);
  });
  return row == table.end() ? nullptr : &*row;
}

std::optional<Reply> apply_parameter(std::string_view text, const OfferFacts& facts,
                                     std::set<std::string>& seen, Sender& sender) {
  const auto parameter = parse_parameter(text);
  if (!parameter) return replies::bad_parameter();
  const Extension* extension = find_mail_parameter(parameter->keyword, facts);
  if (extension == nullptr) return replies::unknown_parameter();
  if (!seen.insert(parameter->keyword).second) return replies::duplicate_parameter();
  return extension->parse(parameter->value, facts.settings, sender);
}

// *( SP esmtp-param ). Extensions are not held against a client that said HELO: real ones send SIZE
// after it, and nothing depends on the difference.
std::optional<Reply> apply_parameters(std::string_view text, const OfferFacts& facts,
                                      Sender& sender) {
  std::set<std::string> seen;
  while (!text.empty()) {
    if (!text.starts_with(' ')) return replies::bad_mail_syntax();
    text.remove_prefix(1);
    const std::string_view word = text.substr(0, text.find(' '));
    if (auto refusal = apply_parameter(word, facts, seen, sender)) return refusal;
    text.remove_prefix(word.size());
  }
  return std::nullopt;
}

}  // namespace

CommandLine split_command(std::string_view line) {
  // RFC 5321 section 4.1.1: trailing white space is tolerated.
  line = line.substr(0, line.find_last_not_of(" \t") + 1);
  const std::size_t blank = line.find(' ');
  CommandLine command;
  command.rule = find_command(line.substr(0, blank));
  if (blank != std::string_view::npos) command.argument = line.substr(blank + 1);
  return command;
}

std::optional<Reply> check_argument(const CommandRule& rule, std::string_view argument) {
  if (rule.argument == Argument::None && !argument.empty()) return replies::argument_not_allowed();
  if (rule.argument == Argument::Required && argument.empty()) return replies::argument_missing();
  return std::nullopt;
}

std::optional<Reply> check_helo(std::string_view argument) {
  const auto is_word = [](char c) { return base::is_printable(c) && c != ' '; };
  if (argument.size() > kMaxHelo || !std::all_of(argument.begin(), argument.end(), is_word)) {
    return replies::bad_helo();
  }
  return std::nullopt;
}

// "MAIL FROM:" Reverse-path [SP Mail-parameters], RFC 5321 section 4.1.1.2
std::variant<Sender, Reply> parse_mail(std::string_view argument, const OfferFacts& facts) {
  if (!take_keyword(argument, "FROM:")) return replies::bad_mail_syntax();
  auto parsed = mail::parse_path(argument, mail::PathKind::Reverse);
  if (!parsed) return replies::bad_sender();
  Sender sender;
  sender.path = std::move(parsed->path);
  const bool ascii = base::is_ascii(argument.substr(0, parsed->length));
  argument.remove_prefix(parsed->length);
  if (auto refusal = apply_parameters(argument, facts, sender)) return *refusal;
  if (!ascii && !sender.smtputf8) return replies::non_ascii_address();
  return sender;
}

// "RCPT TO:" Forward-path [SP Rcpt-parameters], RFC 5321 section 4.1.1.3. No extension that we
// offer brings a parameter here.
std::variant<mail::Path, Reply> parse_rcpt(std::string_view argument, bool smtputf8) {
  if (!take_keyword(argument, "TO:")) return replies::bad_rcpt_syntax();
  auto parsed = mail::parse_path(argument, mail::PathKind::Forward);
  if (!parsed) return replies::bad_recipient();
  const bool ascii = base::is_ascii(argument.substr(0, parsed->length));
  argument.remove_prefix(parsed->length);
  if (!ascii && !smtputf8) return replies::non_ascii_address();
  if (argument.empty()) return std::move(parsed->path);
  if (!argument.starts_with(' ')) return replies::bad_rcpt_syntax();
  return parse_parameter(argument.substr(1, argument.find(' ', 1) - 1))
             ? replies::unknown_parameter()
             : replies::bad_parameter();
}

// "BDAT" SP chunk-size [ SP "LAST" ], chunk-size = 1*DIGIT; RFC 3030 section 2
std::variant<Chunk, Reply> parse_bdat(std::string_view argument) {
  constexpr std::string_view kLast = " LAST";
  Chunk chunk;
  if (base::iequals(argument.substr(std::min(argument.find(' '), argument.size())), kLast)) {
    chunk.last = true;
    argument.remove_suffix(kLast.size());
  }
  const char* const end = argument.data() + argument.size();
  const auto parsed = std::from_chars(argument.data(), end, chunk.octets);
  if (argument.size() > kMaxSizeDigits || parsed.ec != std::errc() || parsed.ptr != end)
    return replies::bad_chunk_syntax();
  return chunk;
}

}  // namespace smtp
