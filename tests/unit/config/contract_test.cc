// SPDX-License-Identifier: Apache-2.0
// The whole contract in one file (contract.conf), and what becomes of it in the modules' settings.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "config/keys.h"
#include "config/load.h"
#include "support/configs.h"

using namespace std::chrono_literals;
using support::kMinimalConfig;
using support::load_text;

namespace {

std::string contract() {
  std::ostringstream text;
  text << std::ifstream(POSTERN_SOURCE_DIR "/tests/unit/config/contract.conf").rdbuf();
  REQUIRE_FALSE(text.str().empty());
  return text.str();
}

// Every setting in effect, each away from its default.
constexpr char kEverything[] =
    "hostname = 'MX.Example.ORG'\n"
    "[[listener]]\n"
    "address = '[::]:25'\n"
    "tls = 'implicit'\n"
    "allow = ['192.0.2.0/24', '2001:db8::/32']\n"
    "deny = ['192.0.2.7']\n"
    "total_connections = 108\n"
    "total_handshakes = 109\n"
    "proxy_protocol_from = ['192.0.2.8/29']\n"
    "[[listener]]\n"
    "address = 'systemd:smtp'\n"
    "[tls]\n"
    "min_version = '1.3'\n"
    "refusal_text = 'Use TLS'\n"
    "[[tls.certificate]]\n"
    "chain = 'tls/fullchain.pem'\n"
    "key = 'tls/privkey.pem'\n"
    "[[tls.certificate]]\n"
    "chain = 'tls/privkey.pem'\n"
    "key = 'tls/fullchain.pem'\n"
    "[[domain]]\n"
    "name = 'Example.org'\n"
    "mailboxes = ['Info']\n"
    "subaddress_delimiters = '+-'\n"
    "catch_all = 'INFO'\n"
    "spoof_protection = 'reject'\n"
    "[[domain]]\n"
    "mailboxes = []\n"
    "spoof_protection = 'reject'\n"
    "name = 'B\u00fccher.example'\n"
    "[[domain]]\n"
    "name = 'open.example'\n"
    "mailboxes = []\n"
    "[spool]\n"
    "directory = 'mail'\n"
    "writers = 9\n"
    "min_free = '1G'\n"
    "[state]\n"
    "directory = 'state'\n"
    "[smtp]\n"
    "max_message_size = '1M'\n"
    "max_recipients = 101\n"
    "max_received_headers = 102\n"
    "command_timeout = '1m'\n"
    "data_timeout = '2m'\n"
    "min_data_rate = '2K'\n"
    "max_messages_per_session = 103\n"
    "max_header_size = '2K'\n"
    "max_header_fields = 104\n"
    "session_deadline = '1h'\n"
    "shutdown_grace = '0s'\n"
    "bare_newline = 'normalize'\n"
    "[limits]\n"
    "total_connections = 105\n"
    "connections = 106\n"
    "errors_per_session = 107\n"
    "exempt = ['10.0.0.0/8']\n"
    "total_handshakes = 110\n"
    "total_memory = '3G'\n"
    "connection_rate = '111/2m'\n"
    "handshake_rate = '112/2m'\n"
    "byte_rate = '113K/2m'\n"
    "message_rate = '114/2m'\n"
    "recipient_rate = '115/2m'\n"
    "error_rate = '116/2m'\n"
    "verifier_crash_rate = '117/2m'\n"
    "unknown_recipient_rate = '118/2m'\n"
    "unknown_recipients_per_session = 119\n"
    "hide_unknown_until_data = true\n"
    "greeting_delay = '5s'\n"
    "ban_for = '2h'\n"
    "ban_max = '8d'\n"
    "tracked_networks = 120000\n"
    "ipv4_prefix = 30\n"
    "ipv6_prefix = 62\n"
    "[limits.wide]\n"
    "factor = 121\n"
    "ipv4_prefix = 20\n"
    "ipv6_prefix = 40\n"
    "[auth]\n"
    "authserv_id = 'Auth.Example.org'\n"
    "on_temporary_error = 'accept'\n"
    "[auth.spf]\n"
    "on_fail = 'reject'\n"
    "[auth.dkim]\n"
    "min_rsa_bits = 2048\n"
    "max_signatures = 7\n"
    "[auth.dmarc]\n"
    "enforce = false\n"
    "on_reject = 'quarantine'\n"
    "quarantine_folder = 'Spam'\n"
    "[[auth.dmarc.exception]]\n"
    "network = '192.0.2.0/24'\n"
    "until = 2027-06-30\n"
    "reason = 'a list'\n"
    "[[auth.dmarc.exception]]\n"
    "dkim_domain = 'L.B\u00fccher.example'\n"
    "until = '2028-02-29'\n"
    "reason = 'another'\n"
    "[log]\n"
    "level = 'error'\n"
    "format = 'json'\n"
    "[workers]\n"
    "smtp_threads = 3\n"
    "user = 'nobody'\n";

base::Network network(const char* text) { return *base::Network::parse(text); }

}  // namespace

TEST_CASE("a file that uses the whole contract loads without a word") {
  const auto loaded = load_text(contract());
  CHECK(config::render(loaded.diagnostics).empty());
  REQUIRE(loaded.ok());
  const config::Config& c = loaded.config;
  CHECK(c.hostname == "mx.example.org");
  REQUIRE(c.listeners.size() == 1);
  CHECK(c.listeners[0].address == "0.0.0.0:25");
  REQUIRE(c.domains.size() == 1);
  CHECK(c.domains[0].name == "example.org");
  CHECK(c.domains[0].mailboxes == std::vector<std::string>{"postmaster", "info"});
  CHECK(c.domains[0].aliases.at("abuse") == "postmaster");
  REQUIRE(c.tls.certificates.size() == 1);
  CHECK(c.tls.certificates[0].chain_name == "/etc/postern/tls/fullchain.pem");
  CHECK(c.tls.certificates[0].chain_pem == "the chain");
  CHECK(c.tls.certificates[0].key_name == "/etc/postern/tls/privkey.pem");
  CHECK(c.tls.certificates[0].key_pem == "the key");
}

TEST_CASE("every key of the contract that this version ignores is listed, in file order") {
  const auto loaded = load_text(contract());
  std::vector<std::string> without_setter;
  for (const config::Key& key : config::keys())
    if (key.set == nullptr) without_setter.emplace_back(key.path);
  std::vector<std::string> reported = loaded.without_effect;
  // Commented out in the contract's text.
  reported.insert(reported.end(), {"tls.certificate.self_signed", "tls.certificate.review_by"});
  std::sort(reported.begin(), reported.end());
  std::sort(without_setter.begin(), without_setter.end());
  CHECK(reported == without_setter);
  CHECK(loaded.without_effect.front() == "tls.policy");
}

TEST_CASE("the smallest file gives every module its own defaults") {
  const auto loaded = load_text(kMinimalConfig);
  REQUIRE(loaded.ok());
  CHECK(loaded.without_effect.empty());
  const config::Config& c = loaded.config;
  const smtp::Settings smtp;
  CHECK(c.smtp.hostname == "mx.example.org");
  CHECK(c.smtp.tls_refusal_text == smtp.tls_refusal_text);
  CHECK(c.smtp.max_message_size == smtp.max_message_size);
  CHECK(c.smtp.max_recipients == smtp.max_recipients);
  CHECK(c.smtp.max_received_headers == smtp.max_received_headers);
  CHECK(c.smtp.max_messages_per_session == smtp.max_messages_per_session);
  CHECK(c.smtp.max_header_size == smtp.max_header_size);
  CHECK(c.smtp.max_header_fields == smtp.max_header_fields);
  CHECK(c.smtp.errors_per_session == smtp.errors_per_session);
  CHECK(c.smtp.min_data_rate == smtp.min_data_rate);
  CHECK(c.smtp.command_timeout == smtp.command_timeout);
  CHECK(c.smtp.data_timeout == smtp.data_timeout);
  CHECK(c.smtp.session_deadline == smtp.session_deadline);
  CHECK(c.smtp.bare_newline == smtp.bare_newline);
  CHECK(c.shutdown_grace == config::Config{}.shutdown_grace);
  CHECK(c.spool.directory == spool::Settings{}.directory);
  CHECK(c.spool.writers == spool::Settings{}.writers);
  CHECK(c.spool.min_free == spool::Settings{}.min_free);
  CHECK(c.spool.hostname == "mx.example.org");
  CHECK(c.state.directory == config::State{}.directory);
  CHECK(c.limits == policy::LimitSettings{});
  CHECK(c.auth_policy.authserv_id == "mx.example.org");
  CHECK(c.auth_policy.on_temporary_error == policy::AuthSettings{}.on_temporary_error);
  CHECK(c.auth_policy.on_spf_fail == policy::AuthSettings{}.on_spf_fail);
  CHECK(c.auth_policy.enforce_dmarc == policy::AuthSettings{}.enforce_dmarc);
  CHECK(c.auth_policy.on_dmarc_reject == policy::AuthSettings{}.on_dmarc_reject);
  CHECK(c.auth_policy.quarantine_folder == policy::AuthSettings{}.quarantine_folder);
  CHECK(c.auth_policy.dmarc_exceptions.empty());
  CHECK(c.auth_policy.guarded_domains.empty());
  CHECK(c.auth.dkim == auth::DkimSettings{});
  CHECK(c.tls.min_version == net::TlsSettings{}.min_version);
  CHECK(c.log.level == obs::Settings{}.level);
  CHECK(c.log.format == obs::Settings{}.format);
  CHECK(c.workers.smtp_threads == config::Workers{}.smtp_threads);
  CHECK(c.workers.user == config::Workers{}.user);
  CHECK(c.listeners.at(0).tls == config::ListenerTls::StartTls);
  CHECK(c.listeners.at(0).limits == policy::ListenerLimits{});
  CHECK(c.domains.at(0).subaddress_delimiters == policy::Domain{}.subaddress_delimiters);
  CHECK_FALSE(c.domains.at(0).catch_all);
}

TEST_CASE("listeners, certificates and domains reach their modules") {
  const auto loaded = load_text(kEverything);
  REQUIRE(loaded.ok());
  const config::Config& c = loaded.config;
  CHECK(c.hostname == "mx.example.org");
  REQUIRE(c.listeners.size() == 2);
  CHECK(c.listeners[0].endpoint == base::Endpoint::parse("[::]:25"));
  CHECK(c.listeners[0].tls == config::ListenerTls::Implicit);
  CHECK(c.listeners[0].access.allow ==
        std::vector<base::Network>{network("192.0.2.0/24"), network("2001:db8::/32")});
  CHECK(c.listeners[0].access.deny == std::vector<base::Network>{network("192.0.2.7/32")});
  CHECK(c.listeners[0].proxy_protocol_from == std::vector<base::Network>{network("192.0.2.8/29")});
  CHECK(c.listeners[0].limits == policy::ListenerLimits{108, 109});
  CHECK(c.listeners[1].systemd_name == "smtp");
  CHECK(c.listeners[1].tls == config::ListenerTls::StartTls);
  CHECK(c.tls.min_version == net::TlsVersion::V1_3);
  REQUIRE(c.tls.certificates.size() == 2);
  CHECK(c.tls.certificates[1].chain_pem == "the key");
  CHECK(c.domains.at(0).mailboxes == std::vector<std::string>{"info"});
  CHECK(c.domains.at(0).subaddress_delimiters == "+-");
  CHECK(c.domains.at(0).catch_all == "info");
  CHECK(loaded.without_effect ==
        std::vector<std::string>{"listener.address", "tls.certificate (all but the first)"});
}

TEST_CASE("every other setting in effect reaches its module") {
  const config::Config c = load_text(kEverything).config;
  CHECK(c.spool.directory == "/etc/postern/mail");
  CHECK(c.spool.writers == 9);
  CHECK(c.spool.min_free == 1u << 30);
  CHECK(c.state.directory == "/etc/postern/state");
  CHECK(c.smtp.tls_refusal_text == "Use TLS");
  CHECK(c.smtp.max_message_size == 1u << 20);
  CHECK(c.smtp.max_recipients == 101);
  CHECK(c.smtp.max_received_headers == 102);
  CHECK(c.smtp.command_timeout == 1min);
  CHECK(c.smtp.data_timeout == 2min);
  CHECK(c.smtp.min_data_rate == 2048);
  CHECK(c.smtp.max_messages_per_session == 103);
  CHECK(c.smtp.max_header_size == 2048);
  CHECK(c.smtp.max_header_fields == 104);
  CHECK(c.smtp.session_deadline == 1h);
  CHECK(c.shutdown_grace == 0s);
  CHECK(c.smtp.bare_newline == smtp::BareNewline::Normalize);
  CHECK(c.smtp.errors_per_session == 107);
  CHECK(c.auth_policy.authserv_id == "auth.example.org");
  CHECK(c.auth_policy.on_temporary_error == policy::OnTemporaryError::Accept);
  CHECK(c.auth_policy.on_spf_fail == policy::OnSpfFail::Reject);
  CHECK(c.auth.dkim == auth::DkimSettings{2048, 7});
  CHECK_FALSE(c.auth_policy.enforce_dmarc);
  CHECK(c.auth_policy.on_dmarc_reject == policy::OnDmarcReject::Quarantine);
  CHECK(c.auth_policy.quarantine_folder == "Spam");
  CHECK(c.auth_policy.guarded_domains ==
        std::vector<std::string>{"example.org", "xn--bcher-kva.example"});
  const auto& exceptions = c.auth_policy.dmarc_exceptions;
  REQUIRE(exceptions.size() == 2);
  CHECK(exceptions[0].network == network("192.0.2.0/24"));
  CHECK((exceptions[0].dkim_domain.empty() && exceptions[0].until == "2027-06-30"));
  CHECK(exceptions[0].reason == "a list");
  CHECK_FALSE(exceptions[1].network);
  CHECK(exceptions[1].dkim_domain == "l.xn--bcher-kva.example");
  CHECK((exceptions[1].until == "2028-02-29" && exceptions[1].reason == "another"));
  CHECK(c.log.level == obs::Level::Error);
  CHECK(c.log.format == obs::Format::Json);
  CHECK(c.workers.smtp_threads == 3);
  CHECK(c.workers.user == "nobody");
}

TEST_CASE("every limit reaches the accounts of networks") {
  policy::LimitSettings expected;
  expected.total_connections = 105;
  expected.connections = 106;
  expected.exempt = {network("10.0.0.0/8")};
  expected.total_handshakes = 110;
  expected.total_memory = 3ull << 30;
  expected.connection_rate = {111, 2min};
  expected.handshake_rate = {112, 2min};
  expected.byte_rate = {113 << 10, 2min};
  expected.message_rate = {114, 2min};
  expected.recipient_rate = {115, 2min};
  expected.error_rate = {116, 2min};
  expected.verifier_crash_rate = {117, 2min};
  expected.unknown_recipient_rate = {118, 2min};
  expected.unknown_recipients_per_session = 119;
  expected.hide_unknown_until_data = true;
  expected.greeting_delay = 5s;
  expected.ban_for = 2h;
  expected.ban_max = std::chrono::days(8);
  expected.tracked_networks = 120000;
  expected.narrow = {30, 62};
  expected.wide_factor = 121;
  expected.wide = {20, 40};
  CHECK(load_text(kEverything).config.limits == expected);
}

TEST_CASE("every word of an enumeration sets its value") {
  const std::pair<const char*, obs::Level> levels[] = {{"debug", obs::Level::Debug},
                                                       {"info", obs::Level::Info},
                                                       {"warning", obs::Level::Warning},
                                                       {"error", obs::Level::Error}};
  for (const auto& [word, level] : levels) {
    INFO(word);
    const auto loaded =
        load_text(kMinimalConfig + ("[log]\nlevel = '" + std::string(word) + "'\n"));
    CHECK(loaded.config.log.level == level);
  }
}

TEST_CASE("an authserv-id is in A-labels, and is the hostname when none is given") {
  const auto id = [](const std::string& more) {
    return load_text(kMinimalConfig + more).config.auth_policy.authserv_id;
  };
  CHECK(id("") == "mx.example.org");
  CHECK(id("[auth]\nauthserv_id = 'b\u00fccher.example'\n") == "xn--bcher-kva.example");
}
