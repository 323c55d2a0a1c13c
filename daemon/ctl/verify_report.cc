// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

#include "daemon/ctl/tables.h"
#include "dns/answer_text.h"
#include "dns/name.h"

namespace ctl {
namespace {

using nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

constexpr char kNullPath[] = "<>";
constexpr char kNothing[] = "-";

// One check, as it is shown.
struct Finding {
  const char* check;     // of RFC 8601, as in the field
  const char* identity;  // what was checked
  std::string result;
  std::string section;  // that the result stands on
  std::string subject;  // the name that was looked at, any bytes
  std::string reason;
  std::string mechanism;
};

Finding spf_finding(const char* identity, const auth::SpfVerdict& verdict) {
  return {"spf",
          identity,
          auth::name_of(verdict.result),
          "RFC 7208 section " + verdict.section,
          verdict.domain,
          verdict.reason,
          verdict.mechanism};
}

const char* name_of(auth::NullMx null_mx) {
  constexpr std::array kNames = {"no", "yes", "unknown"};
  return kNames.at(static_cast<std::size_t>(null_mx));
}

// All that were made. What a later version checks goes here.
std::vector<Finding> findings_of(const VerifyReport& report) {
  const auth::Verdicts& verdicts = report.verdicts;
  const auto& sender = report.session.mail_from;
  return {spf_finding("mailfrom", verdicts.spf.mailfrom),
          spf_finding("helo", verdicts.spf.helo),
          {"iprev", "client", auth::name_of(verdicts.iprev.result), "RFC 8601 section 3",
           verdicts.iprev.name, verdicts.iprev.reason, ""},
          {"null_mx", "mailfrom", name_of(verdicts.null_mx), "RFC 7505 section 3",
           sender ? sender->domain : "", "", ""}};
}

std::string sender_of(const VerifyReport& report) {
  const auto& sender = report.session.mail_from;
  return sender ? '<' + sender->to_string() + '>' : kNullPath;
}

unsigned rounds_of(const VerifyReport& report) {
  return report.lookups.empty() ? 0 : report.lookups.back().round;
}

std::string without_newline(const std::string& wire) {
  return wire.ends_with("\r\n") ? wire.substr(0, wire.size() - 2) : wire;
}

// Text.

std::string or_nothing(const std::string& text) {
  return text.empty() ? kNothing : for_terminal(text);
}

std::string tenths(Milliseconds time) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.1f", time.count());
  return text.data();
}

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

// Each line of `text` as a row; the name beside the first.
void add_lines(Rows& rows, const char* name, const std::string& text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find("\r\n", begin), text.size());
    rows.push_back({begin == 0 ? name : "", for_terminal(text.substr(begin, end - begin))});
    begin = end + 2;
  }
}

std::string head(const VerifyReport& report) {
  const MessageFacts& message = report.message;
  return aligned({{"message", for_terminal(report.file) + ", " + counted(message.bytes, "byte") +
                                  ", " + counted(message.fields, "header field")},
                  {"client", report.session.client.to_string()},
                  {"helo", for_terminal(report.session.helo)},
                  {"from", for_terminal(sender_of(report))},
                  {"receiver", for_terminal(report.session.receiver)}});
}

std::string lookups(const VerifyReport& report) {
  Rows rows{{"ROUND", "MS", "NAME", "TYPE", "STATUS", "SECURITY", "ANSWER"}};
  for (const Lookup& lookup : report.lookups) {
    std::string answer;
    for (const std::string& item : dns::data_of(lookup.answer))
      answer += (answer.empty() ? "" : " ") + item;
    rows.push_back({std::to_string(lookup.round), lookup.took ? tenths(*lookup.took) : kNothing,
                    dns::presentation(lookup.question.name), dns::name_of(lookup.question.type),
                    dns::name_of(lookup.answer.status), dns::name_of(lookup.answer.security),
                    or_nothing(answer)});
  }
  std::string sum =
      counted(report.lookups.size(), "lookup") + " in " + counted(rounds_of(report), "round");
  sum += report.replayed ? ", replayed" : ", " + tenths(report.took) + " ms";
  return (report.lookups.empty() ? "" : aligned(rows)) + sum + '\n';
}

std::string verdicts(const VerifyReport& report) {
  Rows rows{{"CHECK", "OF", "NAME", "RESULT", "SECTION", "REASON"}};
  for (const Finding& finding : findings_of(report))
    rows.push_back({finding.check, finding.identity, or_nothing(finding.subject), finding.result,
                    finding.section, or_nothing(finding.reason)});
  return aligned(rows);
}

std::string outcome(const VerifyReport& report) {
  const std::string_view logged = report.reply.reason;
  Rows rows{{"disposition", policy::name_of(report.disposition.action) +
                                (logged.empty() ? "" : ", reason=" + std::string(logged))}};
  add_lines(rows, "reply", report.reply.render());
  for (const std::string& field : report.message.taken_out)
    rows.push_back({"taken out", for_terminal(field)});
  add_lines(rows, "put on top", report.authentication_results);
  return aligned(rows);
}

// JSON.

json to_json(const Lookup& lookup) {
  const bool failed = lookup.answer.failed();
  return {{"name", dns::presentation(lookup.question.name)},
          {"type", dns::name_of(lookup.question.type)},
          {"round", lookup.round},
          {"ms", lookup.took ? json(lookup.took->count()) : json()},
          {"status", dns::name_of(lookup.answer.status)},
          {"security", dns::name_of(lookup.answer.security)},
          {"records", failed ? std::vector<std::string>() : dns::data_of(lookup.answer)},
          {"reason", lookup.answer.why()}};
}

json to_json(const Finding& finding) {
  return {{"check", finding.check},        {"of", finding.identity},     {"name", finding.subject},
          {"result", finding.result},      {"section", finding.section}, {"reason", finding.reason},
          {"mechanism", finding.mechanism}};
}

template <class Item>
json list_of(const std::vector<Item>& items) {
  json list = json::array();
  for (const Item& item : items) list.push_back(to_json(item));
  return list;
}

json message_json(const VerifyReport& report) {
  return {{"file", report.file},
          {"bytes", report.message.bytes},
          {"header_fields", report.message.fields},
          {"taken_out", report.message.taken_out}};
}

json session_json(const VerifyReport& report) {
  return {{"client", report.session.client.to_string()},
          {"helo", report.session.helo},
          {"from", sender_of(report)},
          {"receiver", report.session.receiver}};
}

json reply_json(const smtp::Reply& reply) {
  return {{"code", reply.code},
          {"status", reply.status.to_string()},
          {"text", reply.text},
          {"reason", std::string(reply.reason)},
          {"line", without_newline(reply.render())}};
}

json opinions_json(const VerifyReport& report) {
  return report.second_opinions ? to_json(*report.second_opinions) : json();
}

}  // namespace

std::string as_text(const VerifyReport& report) {
  const std::string opinions =
      report.second_opinions ? as_text(*report.second_opinions) + '\n' : "";
  return head(report) + '\n' + lookups(report) + '\n' + verdicts(report) + '\n' + opinions +
         outcome(report);
}

std::string as_json(const VerifyReport& report) {
  const json object = {{"message", message_json(report)},
                       {"session", session_json(report)},
                       {"replayed", report.replayed},
                       {"lookups", list_of(report.lookups)},
                       {"rounds", rounds_of(report)},
                       {"ms", report.replayed ? json() : json(report.took.count())},
                       {"verdicts", list_of(findings_of(report))},
                       {"second_opinion", opinions_json(report)},
                       {"disposition", policy::name_of(report.disposition.action)},
                       {"detail", report.disposition.detail},
                       {"reply", reply_json(report.reply)},
                       {"authentication_results", without_newline(report.authentication_results)},
                       {"warnings", report.warnings}};
  return object.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace ctl
