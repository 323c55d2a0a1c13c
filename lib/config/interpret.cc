// SPDX-License-Identifier: Apache-2.0
#include "config/interpret.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "base/ascii.h"
#include "config/closest.h"
#include "config/mailboxes_file.h"
#include "config/resolv_conf.h"
#include "dns/local_data.h"
#include "mail/idn.h"

namespace config {
namespace {

using Kind = Value::Kind;
using Result = std::optional<Parsed>;

constexpr mode_t kReadableByOthers = 0004;

std::string with_path(const Context& context, const std::string& message) {
  return std::string(context.key.path) + ": " + message;
}

Result fail(const Value& value, const Context& context, const std::string& message,
            std::string hint = {}) {
  context.report.error(value.place, with_path(context, message), std::move(hint));
  return {};
}

Result wrong_kind(const Value& value, const Context& context, std::string hint = {}) {
  return fail(value, context,
              "expected " + std::string(describe(context.key.type)) + ", found " +
                  std::string(describe(value.kind)),
              std::move(hint));
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// The text of a string value that holds no control characters.
const std::string* plain_text(const Value& value, const Context& context) {
  if (value.kind != Kind::String) {
    wrong_kind(value, context);
    return nullptr;
  }
  if (has_control_character(value.text)) {
    fail(value, context, "must not contain control characters");
    return nullptr;
  }
  return &value.text;
}

std::optional<std::int64_t> range_end(Type type, std::string_view text) {
  if (text.empty()) return {};
  if (type != Type::Duration) return parse_size(text);
  const auto duration = parse_duration(text);
  return duration ? std::optional<std::int64_t>(duration->count()) : std::nullopt;
}

bool in_range(const Value& value, const Context& context, std::int64_t number,
              const std::string& shown) {
  const Key& key = context.key;
  const auto least = range_end(key.type, key.least);
  const auto most = range_end(key.type, key.most);
  if ((!least || number >= *least) && (!most || number <= *most)) return true;
  fail(
      value, context,
      shown + " is out of range (" + std::string(key.least) + " to " + std::string(key.most) + ')');
  return false;
}

bool fits(const Value& value, const Context& context) {
  return in_range(value, context, static_cast<std::int64_t>(value.text.size()),
                  "a length of " + std::to_string(value.text.size()));
}

Result string(const Value& value, const Context& context) {
  const std::string* text = plain_text(value, context);
  return text != nullptr && fits(value, context) ? Result(*text) : std::nullopt;
}

// The text of a reply is printable ASCII; RFC 5321 section 4.2 (textstring).
Result reply_text(const Value& value, const Context& context) {
  const std::string* text = plain_text(value, context);
  if (text == nullptr || !fits(value, context)) return {};
  if (!std::all_of(text->begin(), text->end(), base::is_printable))
    return fail(value, context, "must be ASCII");
  return *text;
}

Result boolean(const Value& value, const Context& context) {
  if (value.kind != Kind::Boolean) return wrong_kind(value, context);
  return value.integer;
}

Result integer(const Value& value, const Context& context) {
  if (value.kind != Kind::Integer) return wrong_kind(value, context);
  if (!in_range(value, context, value.integer, std::to_string(value.integer))) return {};
  return value.integer;
}

Result size(const Value& value, const Context& context) {
  if (value.kind == Kind::Integer) return integer(value, context);
  const std::string* text = plain_text(value, context);
  if (text == nullptr) return {};
  const auto bytes = parse_size(*text);
  if (!bytes)
    return fail(value, context, quoted(*text) + " is not a size",
                "a number of bytes, with K, M or G behind it: \"25M\"");
  if (!in_range(value, context, *bytes, quoted(*text))) return {};
  return *bytes;
}

Result duration(const Value& value, const Context& context) {
  if (value.kind == Kind::Integer)
    return wrong_kind(value, context,
                      "a unit is needed: \"" + std::to_string(value.integer) + "s\"?");
  const std::string* text = plain_text(value, context);
  if (text == nullptr) return {};
  const auto time = parse_duration(*text);
  if (!time)
    return fail(value, context, quoted(*text) + " is not a duration",
                "numbers with d, h, m, s or ms behind them: \"90s\", \"1h30m\"");
  if (!in_range(value, context, time->count(), quoted(*text))) return {};
  return *time;
}

Result rate(const Value& value, const Context& context) {
  const std::string* text = plain_text(value, context);
  if (text == nullptr) return {};
  const bool bytes = context.key.type == Type::ByteRate;
  const auto parsed = bytes ? parse_byte_rate(*text) : parse_rate(*text);
  if (!parsed)
    return fail(value, context, quoted(*text) + " is not a rate",
                bytes ? "a size and the time it is for: \"500M/10m\""
                      : "a number and the time it is for: \"30/1m\"");
  return *parsed;
}

Result choice(const Value& value, const Context& context) {
  const std::string* text = plain_text(value, context);
  if (text == nullptr) return {};
  const auto allowed = context.key.allowed;
  const auto found = std::find(allowed.begin(), allowed.end(), *text);
  if (found != allowed.end()) return static_cast<std::int64_t>(found - allowed.begin());
  std::string list;
  for (const std::string_view one : allowed) list += (list.empty() ? "" : ", ") + quoted(one);
  return fail(value, context, quoted(*text) + " is not allowed (allowed: " + list + ')',
              did_you_mean(*text, {allowed.begin(), allowed.end()}));
}

Result date(const Value& value, const Context& context) {
  if (value.kind == Kind::Date) return value.text;
  const std::string* text = plain_text(value, context);
  if (text == nullptr) return {};
  if (!is_date(*text))
    return fail(value, context, quoted(*text) + " is not a date", "as in \"2027-06-30\"");
  return *text;
}

std::optional<base::Network> one_network(const Value& value, const Context& context) {
  const std::string* text = plain_text(value, context);
  if (text == nullptr) return {};
  const auto network = base::Network::parse(*text);
  if (!network)
    fail(value, context, quoted(*text) + " is not a network",
         "an address, or a network without bits behind its prefix: \"192.0.2.0/24\"");
  return network;
}

// Calls `take(item)` for every item of an array; false when one of them says false.
template <class Take>
bool each_item(const Value& value, const Context& context, Take take) {
  if (value.kind != Kind::Array) {
    wrong_kind(value, context);
    return false;
  }
  bool fine = true;
  for (const Value& item : value.items) fine = take(item) && fine;
  return fine;
}

Result network(const Value& value, const Context& context) {
  const auto parsed = one_network(value, context);
  return parsed ? Result(std::vector<base::Network>{*parsed}) : std::nullopt;
}

Result networks(const Value& value, const Context& context) {
  std::vector<base::Network> result;
  const bool fine = each_item(value, context, [&](const Value& item) {
    const auto parsed = one_network(item, context);
    if (parsed) result.push_back(*parsed);
    return parsed.has_value();
  });
  return fine ? Result(std::move(result)) : std::nullopt;
}

Result zone_lines(const Value& value, const Context& context) {
  std::vector<std::string> result;
  dns::LocalData data;
  const bool fine = each_item(value, context, [&](const Value& item) {
    if (item.kind != Kind::String) return wrong_kind(item, context).has_value();
    if (!fits(item, context)) return false;
    result.push_back(item.text);
    const auto added = data.add(item.text);
    if (!added) fail(item, context, added.error().reason, R"(as in 'demo.test. A 192.0.2.1')");
    return added.ok();
  });
  return fine ? Result(std::move(result)) : std::nullopt;
}

bool is_usable(const std::optional<base::Endpoint>& endpoint) {
  return endpoint && endpoint->port != 0;
}

Result listen_address(const Value& value, const Context& context) {
  constexpr std::string_view kSystemd = "systemd:";
  const std::string* text = plain_text(value, context);
  if (text == nullptr) return {};
  if (text->starts_with(kSystemd) && text->size() > kSystemd.size())
    return ListenAddress{*text, {}, text->substr(kSystemd.size())};
  const auto endpoint = base::Endpoint::parse(*text);
  if (!is_usable(endpoint))
    return fail(value, context, quoted(*text) + " is not an address to listen on",
                "as in \"0.0.0.0:25\", \"[::]:25\" or \"systemd:NAME\"");
  return ListenAddress{*text, *endpoint, {}};
}

// The servers that one text stands for; none: the report says why.
std::vector<base::Endpoint> servers_of(const Value& item, const Context& context) {
  const std::string* text = plain_text(item, context);
  if (text == nullptr) return {};
  if (*text != "system") {
    const auto endpoint = base::Endpoint::parse(*text);
    if (is_usable(endpoint)) return {*endpoint};
    fail(item, context, quoted(*text) + " is not a DNS server",
         "as in \"127.0.0.1:53\" or \"[::1]:53\", or \"system\"");
    return {};
  }
  const auto file = context.files.read(kResolvConf);
  if (!file) return fail(item, context, file.error().reason), std::vector<base::Endpoint>();
  auto servers = parse_resolv_conf(file->bytes);
  if (servers.empty()) fail(item, context, std::string(kResolvConf) + " names no server");
  return servers;
}

Result dns_servers(const Value& value, const Context& context) {
  std::vector<base::Endpoint> result;
  const bool fine = each_item(value, context, [&](const Value& item) {
    const auto servers = servers_of(item, context);
    result.insert(result.end(), servers.begin(), servers.end());
    return !servers.empty();
  });
  return fine ? Result(std::move(result)) : std::nullopt;
}

// A string that `check` has no complaint about.
template <class Check>
const std::string* checked(const Value& value, const Context& context, Check check) {
  const std::string* text = plain_text(value, context);
  if (text == nullptr) return nullptr;
  const Complaint complaint = check(*text);
  if (!complaint) return text;
  fail(value, context, quoted(*text) + ' ' + *complaint);
  return nullptr;
}

Result host_name(const Value& value, const Context& context) {
  const std::string* text = checked(value, context, check_host_name);
  if (text == nullptr) return std::nullopt;
  return Result(mail::to_a_labels(*text).value());
}

Result mailbox_name(const Value& value, const Context& context) {
  const std::string* text = checked(value, context, check_mailbox_name);
  return text != nullptr ? Result(base::lower(*text)) : std::nullopt;
}

Result as_written(const std::string* text) {
  return text != nullptr ? Result(*text) : std::nullopt;
}

Result folder_name(const Value& value, const Context& context) {
  return as_written(checked(value, context, check_mailbox_name));
}

Result delimiters(const Value& value, const Context& context) {
  return as_written(checked(value, context, check_subaddress_delimiters));
}

Result user_name(const Value& value, const Context& context) {
  return as_written(checked(value, context, check_user_name));
}

Result mailbox_names(const Value& value, const Context& context) {
  std::vector<std::string> result;
  std::unordered_set<std::string> seen;
  const bool fine = each_item(value, context, [&](const Value& item) {
    const std::string* text = checked(item, context, check_mailbox_name);
    if (text == nullptr) return false;
    result.push_back(base::lower(*text));
    if (seen.insert(result.back()).second) return true;
    fail(item, context, quoted(*text) + " is listed twice");
    return false;
  });
  return fine ? Result(std::move(result)) : std::nullopt;
}

Result aliases(const Value& value, const Context& context) {
  if (value.kind != Kind::Table) return wrong_kind(value, context);
  std::vector<Alias> result;
  std::unordered_set<std::string> seen;
  bool fine = true;
  for (const Member& member : value.members) {
    Complaint complaint = check_mailbox_name(member.name);
    if (!complaint && !seen.insert(base::lower(member.name)).second) complaint = "is listed twice";
    if (complaint)
      context.report.error(member.place,
                           with_path(context, quoted(member.name) + ' ' + *complaint));
    const std::string* target = checked(member.value, context, check_mailbox_name);
    fine = fine && !complaint && target != nullptr;
    if (target != nullptr)
      result.push_back({base::lower(member.name), base::lower(*target), member.value.place});
  }
  return fine ? Result(std::move(result)) : std::nullopt;
}

// Not empty, and relative to the configuration file.
std::optional<std::string> resolved(const Value& value, const Context& context) {
  const std::string* text = plain_text(value, context);
  if (text == nullptr) return {};
  if (!text->empty()) return text->front() == '/' ? *text : context.directory + *text;
  fail(value, context, "must not be empty");
  return {};
}

Result path(const Value& value, const Context& context) {
  auto result = resolved(value, context);
  return result ? Result(std::move(*result)) : std::nullopt;
}

Result socket_path(const Value& value, const Context& context) {
  auto result = resolved(value, context);
  if (!result) return {};
  if (result->size() > kMaxSocketPath)
    return fail(value, context,
                "is longer than " + std::to_string(kMaxSocketPath) +
                    " characters, which no socket's path may be");
  return std::move(*result);
}

struct NamedFile {
  std::string path;
  FileContent content;
};

std::optional<NamedFile> read_file(const Value& value, const Context& context) {
  auto name = resolved(value, context);
  if (!name) return {};
  auto content = context.files.read(*name);
  if (content) return NamedFile{std::move(*name), std::move(*content)};
  fail(value, context, content.error().reason);
  return {};
}

Result pem_file(const Value& value, const Context& context) {
  auto file = read_file(value, context);
  if (!file) return {};
  return PemFile{std::move(file->path), std::move(file->content.bytes)};
}

Result key_file(const Value& value, const Context& context) {
  auto file = read_file(value, context);
  if (!file) return {};
  if ((file->content.mode & kReadableByOthers) != 0)
    context.report.warning(value.place,
                           with_path(context, file->path + " is readable by everyone (mode " +
                                                  octal(file->content.mode) + ")"),
                           "chmod 0640, with the server's user in the file's group");
  return PemFile{std::move(file->path), std::move(file->content.bytes)};
}

Result mailboxes_file(const Value& value, const Context& context) {
  const auto file = read_file(value, context);
  if (!file) return {};
  auto names = parse_mailboxes_file(file->path, file->content.bytes, context.report);
  return names ? Result(std::move(*names)) : std::nullopt;
}

struct TypeRow {
  Type type;
  std::string_view description;
  Result (*interpret)(const Value&, const Context&);
};

constexpr TypeRow kTypes[] = {
    {Type::String, "a string", string},
    {Type::ReplyText, "a string in ASCII", reply_text},
    {Type::Boolean, "true or false", boolean},
    {Type::Integer, "an integer", integer},
    {Type::Size, "a size such as \"25M\"", size},
    {Type::Duration, "a duration such as \"5m\"", duration},
    {Type::CountRate, "a rate such as \"30/1m\"", rate},
    {Type::ByteRate, "a rate such as \"500M/10m\"", rate},
    {Type::Choice, "a string", choice},
    {Type::Date, "a date such as \"2027-06-30\"", date},
    {Type::ZoneLines, "a list of lines of a zone file", zone_lines},
    {Type::Network, "a network such as \"192.0.2.0/24\"", network},
    {Type::Networks, "a list of networks such as [\"192.0.2.0/24\"]", networks},
    {Type::ListenAddress, "an address with a port such as \"0.0.0.0:25\"", listen_address},
    {Type::DnsServers, "a list of servers such as [\"127.0.0.1:53\"]", dns_servers},
    {Type::HostName, "a domain name", host_name},
    {Type::MailboxName, "the name of a mailbox", mailbox_name},
    {Type::FolderName, "the name of a folder", folder_name},
    {Type::MailboxNames, "a list of mailboxes", mailbox_names},
    {Type::MailboxesFile, "the path of a file", mailboxes_file},
    {Type::Aliases, "a table such as { abuse = \"postmaster\" }", aliases},
    {Type::Delimiters, "a string of punctuation such as \"+\"", delimiters},
    {Type::UserName, "the name of a user", user_name},
    {Type::Path, "a path", path},
    {Type::SocketPath, "a path", socket_path},
    {Type::PemFile, "the path of a file", pem_file},
    {Type::KeyFile, "the path of a file", key_file},
};

const TypeRow& row_of(Type type) {
  const auto* row = std::find_if(std::begin(kTypes), std::end(kTypes),
                                 [&](const TypeRow& r) { return r.type == type; });
  POSTERN_ASSERT(row != std::end(kTypes));
  return *row;
}

}  // namespace

std::optional<Parsed> interpret(const Value& value, const Context& context) {
  return row_of(context.key.type).interpret(value, context);
}

std::string_view describe(Type type) { return row_of(type).description; }

std::string_view describe(Value::Kind kind) {
  constexpr std::string_view kNames[] = {"a string",      "an integer", "a number with a point",
                                         "true or false", "a date",     "a time",
                                         "a list",        "a table"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace config
