// SPDX-License-Identifier: Apache-2.0
#include "config/cross_checks.h"

#include <chrono>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ascii.h"
#include "config/paths.h"
#include "policy/settings.h"

namespace config {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kPostmaster = "postmaster";  // always exists; RFC 5321 section 4.5.1
constexpr std::chrono::days kExceptionNotice{30};       // before its end

std::vector<const Table*> all_of(const std::vector<Table>& tables, std::string_view section) {
  std::vector<const Table*> result;
  for (const Table& table : tables)
    if (table.section->path == section) result.push_back(&table);
  return result;
}

// Reports every text that `text_of(table)` gives a second time.
template <class TextOf>
void check_unique(const std::vector<const Table*>& tables, std::string_view name, TextOf text_of,
                  Report& report) {
  std::unordered_map<std::string, unsigned> first_line;
  for (const Table* table : tables) {
    const std::optional<std::string> text = text_of(*table);
    if (!text) continue;
    const Setting& setting = *table->find(name);
    const auto [first, is_new] = first_line.try_emplace(*text, setting.place.line);
    if (!is_new)
      report.error(setting.place, std::string(setting.key->path) + ": " + quoted(*text) +
                                      " is already in line " + std::to_string(first->second));
  }
}

void check_listeners(const std::vector<Table>& tables, Report& report) {
  const std::vector<const Table*> listeners = all_of(tables, "listener");
  if (listeners.size() > policy::kMaxListeners)
    report.error(listeners[policy::kMaxListeners]->place,
                 "too many listeners: at most " + std::to_string(policy::kMaxListeners));
  check_unique(
      listeners, "address",
      [](const Table& table) -> std::optional<std::string> {
        const auto* address = table.get<ListenAddress>("address");
        if (address == nullptr) return {};
        // One address can be written in several ways.
        return address->systemd_name.empty() ? address->endpoint.to_string() : address->text;
      },
      report);
}

struct Mailboxes {
  std::unordered_set<std::string> names;
  bool known = false;  // false: the list is missing or bad
};

Mailboxes mailboxes_of(const Table& domain) {
  for (const std::string_view name : {"mailboxes", "mailboxes_file"})
    if (const auto* names = domain.get<std::vector<std::string>>(name))
      return {{names->begin(), names->end()}, true};
  return {};
}

void check_mailbox_source(const Table& domain, bool is_first, Report& report) {
  const Setting* list = domain.find("mailboxes");
  const Setting* file = domain.find("mailboxes_file");
  if (list == nullptr && file == nullptr)
    report.error(domain.place, "missing setting \"mailboxes\" or \"mailboxes_file\" in [[domain]]",
                 "mailboxes = [\"postmaster\", \"info\"]");
  if (list != nullptr && file != nullptr)
    report.error(file->place, "domain.mailboxes_file: mailboxes is set too",
                 "only one of the two may be");
  const Mailboxes mailboxes = mailboxes_of(domain);
  if (is_first && mailboxes.known && mailboxes.names.empty())
    report.error((list != nullptr ? list : file)->place,
                 "the first domain needs a mailbox: mail to postmaster goes to its first one");
}

void check_aliases(const Table& domain, const Mailboxes& mailboxes, Report& report) {
  const auto* aliases = domain.get<std::vector<Alias>>("aliases");
  if (aliases == nullptr) return;
  for (const Alias& alias : *aliases) {
    if (mailboxes.names.contains(alias.from))
      report.error(alias.place, "domain.aliases: " + quoted(alias.from) + " is a mailbox already");
    if (!mailboxes.names.contains(alias.to) && alias.to != kPostmaster)
      report.error(alias.place,
                   "domain.aliases: there is no mailbox " + quoted(alias.to) + " in this domain");
  }
}

void check_catch_all(const Table& domain, const Mailboxes& mailboxes, Report& report) {
  const auto* target = domain.get<std::string>("catch_all");
  if (target != nullptr && !mailboxes.names.contains(*target))
    report.error(domain.find("catch_all")->place,
                 "domain.catch_all: there is no mailbox " + quoted(*target) + " in this domain");
}

void check_domains(const std::vector<Table>& tables, Report& report) {
  const auto domains = all_of(tables, "domain");
  check_unique(
      domains, "name",
      [](const Table& table) -> std::optional<std::string> {
        const auto* name = table.get<std::string>("name");
        return name != nullptr ? std::optional(*name) : std::nullopt;
      },
      report);
  for (const Table* domain : domains) {
    check_mailbox_source(*domain, domain == domains.front(), report);
    const Mailboxes mailboxes = mailboxes_of(*domain);
    if (!mailboxes.known) continue;
    check_aliases(*domain, mailboxes, report);
    check_catch_all(*domain, mailboxes, report);
  }
}

// Of the two that do not fit, the place of one that the file has.
const Place& place_of_either(const Setting& one, const Setting& other) {
  return one.in_file() ? one.place : other.place;
}

void check_bans(const std::vector<Table>& tables, Report& report) {
  for (const Table* limits : all_of(tables, "limits")) {
    const auto* first = limits->get<milliseconds>("ban_for");
    const auto* longest = limits->get<milliseconds>("ban_max");
    if (first == nullptr || longest == nullptr || *first <= *longest) continue;
    report.error(place_of_either(*limits->find("ban_for"), *limits->find("ban_max")),
                 "limits.ban_for: longer than limits.ban_max");
  }
}

void check_prefixes(const std::vector<Table>& tables, Report& report) {
  for (const Table* limits : all_of(tables, "limits"))
    for (const Table* wide : all_of(tables, "limits.wide"))
      for (const std::string_view name : {"ipv4_prefix", "ipv6_prefix"}) {
        const auto* narrow_bits = limits->get<std::int64_t>(name);
        const auto* wide_bits = wide->get<std::int64_t>(name);
        if (narrow_bits == nullptr || wide_bits == nullptr || *wide_bits < *narrow_bits) continue;
        report.error(
            place_of_either(*wide->find(name), *limits->find(name)),
            "limits.wide." + std::string(name) + ": not shorter than limits." + std::string(name),
            "the wide network holds the other");
      }
}

void check_tracked_networks(const std::vector<Table>& tables, Report& report) {
  for (const Table* limits : all_of(tables, "limits")) {
    const auto* networks = limits->get<std::int64_t>("tracked_networks");
    const auto* connections = limits->get<std::int64_t>("total_connections");
    if (networks == nullptr || connections == nullptr || *networks >= 2 * *connections) continue;
    report.warning(
        place_of_either(*limits->find("tracked_networks"), *limits->find("total_connections")),
        "limits.tracked_networks: less than two times limits.total_connections",
        "a connection keeps two networks in their places: the client's, and the wide one");
  }
}

// Else one answer that does not come leaves no time to ask for the next.
void check_deadline(const std::vector<Table>& tables, Report& report) {
  for (const Table* auth : all_of(tables, "auth"))
    for (const Table* dns : all_of(tables, "dns")) {
      const auto* deadline = auth->get<milliseconds>("deadline");
      const auto* timeout = dns->get<milliseconds>("timeout");
      if (deadline == nullptr || timeout == nullptr || *deadline >= 2 * *timeout) continue;
      report.warning(place_of_either(*auth->find("deadline"), *dns->find("timeout")),
                     "auth.deadline: shorter than two times dns.timeout",
                     "a check that needs two answers in a row may fail for lack of time");
    }
}

// Where a domain of that name would have its mail.
void check_directories(const std::vector<Table>& tables, Report& report) {
  for (const Table* state : all_of(tables, "state"))
    for (const Table* spool : all_of(tables, "spool")) {
      const auto* kept = state->get<std::string>("directory");
      const auto* mail = spool->get<std::string>("directory");
      if (kept == nullptr || mail == nullptr || !lies_in(*kept, *mail)) continue;
      const Setting* setting = state->find("directory");
      if (!setting->in_file()) setting = spool->find("directory");
      report.error(setting->place, "state.directory: lies in spool.directory",
                   "mail and state need directories of their own");
    }
}

void check_evidence(const Table& exception, Report& report) {
  constexpr char kHint[] = "an exception for everybody is none";
  if (exception.find("dkim_domain") != nullptr) return;
  const Setting* network = exception.find("network");
  if (network == nullptr)
    return report.error(
        exception.place,
        "missing setting \"network\" or \"dkim_domain\" in [[auth.dmarc.exception]]", kHint);
  const auto* networks = exception.get<std::vector<base::Network>>("network");
  if (networks != nullptr && networks->front().prefix_bits() == 0)
    report.error(network->place, "auth.dmarc.exception.network: holds every address", kHint);
}

void check_end(const Table& exception, base::WallTime now, Report& report) {
  const auto* until = exception.get<std::string>("until");
  if (until == nullptr) return;
  const Place place = exception.find("until")->place;
  if (base::UtcTime(now).date() > *until)
    report.warning(place, "auth.dmarc.exception.until: the exception has ended",
                   "remove it, or look at it again and set another day");
  else if (base::UtcTime(now + kExceptionNotice).date() > *until)
    report.warning(place, "auth.dmarc.exception.until: the exception ends within 30 days",
                   "look at it again before it does");
}

void check_exceptions(const std::vector<Table>& tables, base::WallTime now, Report& report) {
  for (const Table* exception : all_of(tables, "auth.dmarc.exception")) {
    check_evidence(*exception, report);
    check_end(*exception, now, report);
    const auto* reason = exception->get<std::string>("reason");
    if (reason != nullptr && base::trim(*reason).empty())
      report.error(exception->find("reason")->place, "auth.dmarc.exception.reason: is blank");
  }
}

}  // namespace

void cross_check(const std::vector<Table>& tables, base::WallTime now, Report& report) {
  check_listeners(tables, report);
  check_domains(tables, report);
  check_bans(tables, report);
  check_prefixes(tables, report);
  check_tracked_networks(tables, report);
  check_deadline(tables, report);
  check_directories(tables, report);
  check_exceptions(tables, now, report);
}

}  // namespace config
