// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/ascii.h"
#include "daemon/ctl/tables.h"
#include "daemon/ctl/verify_findings.h"
#include "dns/answer_text.h"
#include "dns/name.h"

namespace ctl {
namespace {

using nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

constexpr char kNullPath[] = "<>";
constexpr char kNothing[] = "-";

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

// "192.0.2.7 (Received)"; what an option said has no origin.
std::string with_origin(const std::string& text, const char* origin) {
  const bool is_option = std::string_view(origin).starts_with("--");
  return for_terminal(text) + (is_option ? "" : std::string(" (") + origin + ')');
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
  const auth::SessionFacts& session = report.session;
  Rows rows = {{"message", for_terminal(report.file) + ", " + counted(message.bytes, "byte") +
                               ", " + counted(message.fields, "header field")},
               {"client", with_origin(session.client.to_string(), report.origins.client)},
               {"helo", with_origin(session.helo, report.origins.helo)},
               {"from", with_origin(sender_of(report), report.origins.from)},
               {"time", with_origin(base::utc_text(session.time), report.origins.time)},
               {"receiver", for_terminal(session.receiver)}};
  for (const std::string& field : message.taken_off)
    rows.push_back({"taken off", for_terminal(field)});
  return aligned(rows);
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

std::string verdicts(const std::vector<Finding>& findings) {
  Rows rows{{"CHECK", "OF", "NAME", "RESULT", "SECTION", "SECURITY", "REASON"}};
  for (const Finding& finding : findings)
    rows.push_back({finding.check, finding.of, or_nothing(finding.name), finding.result,
                    for_terminal(finding.section),
                    finding.security ? dns::name_of(*finding.security) : kNothing,
                    or_nothing(finding.reason)});
  return aligned(rows);
}

// As a heading: "POLICY DOMAIN".
std::string heading(std::string_view name) {
  std::string text = base::upper(name);
  std::ranges::replace(text, '_', ' ');
  return text;
}

std::string cell(const json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.is_null() ? kNothing : or_nothing(value.get<std::string>());
}

// A table for each check that has details.
std::string details(const std::vector<Finding>& findings) {
  std::string tables;
  for (auto first = findings.begin(); first != findings.end();) {
    const auto last = std::find_if(first, findings.end(), [&](const Finding& finding) {
      return std::string_view(finding.check) != first->check;
    });
    Rows rows{{heading(first->check)}};
    for (const Detail& detail : first->details) rows[0].push_back(heading(detail.name));
    for (; first != last; ++first) {
      rows.push_back({first->of});
      for (const Detail& detail : first->details) rows.back().push_back(cell(detail.value));
    }
    if (rows[0].size() > 1) tables += '\n' + aligned(rows);
  }
  return tables;
}

std::string outcome(const VerifyReport& report) {
  const std::string_view logged = report.reply.reason;
  Rows rows{{"disposition", policy::name_of(report.disposition.action) +
                                (logged.empty() ? "" : ", reason=" + std::string(logged))}};
  if (!report.disposition.exception.empty())
    rows.push_back({"exception", for_terminal(report.disposition.exception)});
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
  json object = {{"check", finding.check},
                 {"of", finding.of},
                 {"name", finding.name},
                 {"result", finding.result},
                 {"section", finding.section},
                 {"security", finding.security ? json(dns::name_of(*finding.security)) : json()},
                 {"reason", finding.reason}};
  for (const Detail& detail : finding.details) object[detail.name] = detail.value;
  return object;
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
          {"taken_off", report.message.taken_off},
          {"taken_out", report.message.taken_out}};
}

json session_json(const VerifyReport& report) {
  return {{"client", report.session.client.to_string()},
          {"helo", report.session.helo},
          {"from", sender_of(report)},
          {"time", base::utc_text(report.session.time)},
          {"receiver", report.session.receiver},
          {"origins",
           {{"client", report.origins.client},
            {"helo", report.origins.helo},
            {"from", report.origins.from},
            {"time", report.origins.time}}}};
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
  const auto findings = findings_of(report.session, report.verdicts);
  const auto unlisted = report.verdicts.dkim.unlisted;
  const std::string opinions =
      report.second_opinions ? '\n' + as_text(*report.second_opinions) : "";
  return head(report) + '\n' + lookups(report) + '\n' + verdicts(findings) + details(findings) +
         (unlisted > 0 ? '\n' + counted(unlisted, "more signature") + ", not looked at\n" : "") +
         opinions + '\n' + outcome(report);
}

std::string as_json(const VerifyReport& report) {
  const json object = {{"message", message_json(report)},
                       {"session", session_json(report)},
                       {"replayed", report.replayed},
                       {"lookups", list_of(report.lookups)},
                       {"rounds", rounds_of(report)},
                       {"ms", report.replayed ? json() : json(report.took.count())},
                       {"verdicts", list_of(findings_of(report.session, report.verdicts))},
                       {"unlisted_signatures", report.verdicts.dkim.unlisted},
                       {"second_opinion", opinions_json(report)},
                       {"disposition", policy::name_of(report.disposition.action)},
                       {"detail", report.disposition.detail},
                       {"exception", report.disposition.exception},
                       {"reply", reply_json(report.reply)},
                       {"authentication_results", without_newline(report.authentication_results)},
                       {"warnings", report.warnings}};
  return object.dump(2, ' ', true, json::error_handler_t::replace) + '\n';
}

}  // namespace ctl
