// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/settings_of_roles.h"

#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/common/sealed_memory.h"

namespace {

// Each away from its default.
policy::LimitSettings limits() {
  using std::chrono::minutes;
  policy::LimitSettings limits;
  limits.total_connections = 1;
  limits.total_handshakes = 2;
  limits.total_memory = 3;
  limits.connections = 4;
  limits.connection_rate = {5, minutes(6)};
  limits.handshake_rate = {7, minutes(8)};
  limits.byte_rate = {9, minutes(10)};
  limits.message_rate = {11, minutes(12)};
  limits.recipient_rate = {13, minutes(14)};
  limits.error_rate = {15, minutes(16)};
  limits.unknown_recipient_rate = {17, minutes(18)};
  limits.verifier_crash_rate = {19, minutes(20)};
  limits.unknown_recipients_per_session = 21;
  limits.greeting_delay = minutes(22);
  limits.ban_for = minutes(23);
  limits.ban_max = minutes(24);
  limits.tracked_networks = 25;
  limits.exempt = {*base::Network::parse("192.0.2.0/24")};
  limits.narrow = {26, 27};
  limits.wide = {28, 29};
  limits.wide_factor = 30;
  return limits;
}

config::Config sample() {
  config::Config config;
  config.hostname = "mx.ours.test";
  config.smtp.hostname = "mx.ours.test";
  config.smtp.max_message_size = 12345;
  config.smtp.max_recipients = 101;
  config.smtp.bare_newline = smtp::BareNewline::Normalize;
  config.smtp.data_timeout = std::chrono::milliseconds(77);
  config.tls.min_version = net::TlsVersion::V1_3;
  config.tls.certificates = {{"CHAIN", "KEY", "chain.pem", "key.pem"}};
  config.domains = {{"ours.test",
                     {"info", "sales"},
                     {{"abuse", "info"}},
                     "+-",
                     "info",
                     policy::SpoofProtection::Reject}};
  config.limits = limits();
  config.auth_policy = {
      "auth.ours.test",
      policy::OnTemporaryError::Accept,
      policy::OnSpfFail::Reject,
      false,
      policy::OnDmarcReject::Quarantine,
      "Spam",
      {{*base::Network::parse("192.0.2.0/24"), "l.example", "2027-06-30", "a list"}},
      {"ours.test"}};
  config.spool.directory = "/spool";
  config.spool.writers = 7;
  config.auth.deadline = std::chrono::milliseconds(78);
  config.auth.dkim = {2048, 7};
  config.dns = {{*base::Endpoint::parse("127.0.0.1:5353"), *base::Endpoint::parse("[::1]:53")},
                false,
                std::chrono::milliseconds(1500),
                {"demo.test A 192.0.2.1"}};
  config.log = {obs::Level::Debug, obs::Format::Json};
  config.workers.smtp_threads = 3;
  config::Listener plain, implicit;
  plain.access.deny = {*base::Network::parse("2001:db8::/32")};
  plain.limits = {31, 32};
  implicit.tls = config::ListenerTls::Implicit;
  implicit.proxy_protocol_from = {*base::Network::parse("192.0.2.0/29")};
  config.listeners = {plain, implicit};
  return config;
}

}  // namespace

TEST_CASE("smtp gets what it needs of the configuration, and gets it whole") {
  // Two sockets were passed for the second listener.
  const auto sealed = common::seal_settings(common::smtp_settings(sample(), {0, 1, 1}));
  REQUIRE(sealed.ok());
  const auto opened = common::open_settings<common::SmtpRoleSettings>(*sealed);
  REQUIRE(opened.ok());
  const common::SmtpRoleSettings& s = *opened;
  CHECK(s.smtp.max_message_size == 12345);
  CHECK(s.smtp.bare_newline == smtp::BareNewline::Normalize);
  CHECK(s.smtp.data_timeout == std::chrono::milliseconds(77));
  CHECK(s.tls.min_version == net::TlsVersion::V1_3);
  CHECK(s.tls.certificates.at(0).key_pem == "KEY");
  CHECK(s.domains.at(0).aliases.at("abuse") == "info");
  CHECK(s.domains.at(0).catch_all == "info");
  CHECK(s.domains.at(0).spoof_protection == policy::SpoofProtection::Reject);
  CHECK(s.smtp.max_recipients == 101);
  CHECK(s.limits == limits());
  CHECK(s.auth.deadline == std::chrono::milliseconds(78));
  CHECK(s.auth.dkim == sample().auth.dkim);
  CHECK(s.auth_policy.authserv_id == "auth.ours.test");
  CHECK(s.auth_policy.on_temporary_error == policy::OnTemporaryError::Accept);
  CHECK(s.auth_policy.on_spf_fail == policy::OnSpfFail::Reject);
  CHECK_FALSE(s.auth_policy.enforce_dmarc);
  CHECK(s.auth_policy.on_dmarc_reject == policy::OnDmarcReject::Quarantine);
  CHECK(s.auth_policy.quarantine_folder == "Spam");
  CHECK(s.auth_policy.guarded_domains == std::vector<std::string>{"ours.test"});
  REQUIRE(s.auth_policy.dmarc_exceptions.size() == 1);
  const policy::DmarcException& exception = s.auth_policy.dmarc_exceptions.front();
  CHECK(exception.network == base::Network::parse("192.0.2.0/24"));
  CHECK((exception.dkim_domain == "l.example" && exception.until == "2027-06-30"));
  CHECK(exception.reason == "a list");
  CHECK(s.threads == 3);
  CHECK(s.log.format == obs::Format::Json);
  REQUIRE(s.listeners.size() == 3);
  CHECK(s.listeners[0].access.deny == sample().listeners[0].access.deny);
  CHECK(s.listeners[0].limits == policy::ListenerLimits{31, 32});
  CHECK(s.listeners[1].limits == policy::ListenerLimits{});
  CHECK_FALSE(s.listeners[0].implicit_tls);
  CHECK(s.listeners[0].proxy_protocol_from.empty());
  CHECK((s.listeners[1].implicit_tls && s.listeners[2].implicit_tls));
  CHECK(s.listeners[2].proxy_protocol_from == sample().listeners[1].proxy_protocol_from);
}

TEST_CASE("where unknown recipients are hidden until the data, a message has one recipient") {
  config::Config config = sample();
  config.limits.hide_unknown_until_data = true;
  const auto sealed = common::seal_settings(common::smtp_settings(config, {0}));
  REQUIRE(sealed.ok());
  const auto opened = common::open_settings<common::SmtpRoleSettings>(*sealed);
  REQUIRE(opened.ok());
  CHECK(opened->smtp.max_recipients == 1);
  CHECK(opened->limits.hide_unknown_until_data);
}

TEST_CASE("deliver gets the mailboxes and the folder for quarantine, and no key") {
  const auto sealed = common::seal_settings(common::deliver_settings(sample()));
  REQUIRE(sealed.ok());
  const auto opened = common::open_settings<common::DeliverRoleSettings>(*sealed);
  REQUIRE(opened.ok());
  CHECK(opened->spool.directory == "/spool");
  CHECK(opened->spool.writers == 7);
  CHECK(opened->mailboxes ==
        std::vector<spool::Mailbox>{{"ours.test", "info", ""}, {"ours.test", "sales", ""}});
  CHECK(opened->quarantine_folder == "Spam");
  CHECK(common::read_sealed_memory(sealed->get())->find("KEY") == std::string::npos);
}

TEST_CASE("resolve gets its servers and local data, and no key") {
  const auto sealed = common::seal_settings(common::resolve_settings(sample()));
  REQUIRE(sealed.ok());
  const auto opened = common::open_settings<common::ResolveRoleSettings>(*sealed);
  REQUIRE(opened.ok());
  CHECK(opened->resolver == sample().dns);
  CHECK(opened->log.level == obs::Level::Debug);
  CHECK(common::read_sealed_memory(sealed->get())->find("KEY") == std::string::npos);
}

TEST_CASE("settings that are not sealed, damaged or of another kind are refused") {
  const base::UniqueFd open_to_change(::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  CHECK_FALSE(common::open_settings<obs::Settings>(open_to_change).ok());
  const auto garbage = common::sealed_memory("x", "garbage");
  CHECK_FALSE(common::open_settings<common::SmtpRoleSettings>(*garbage).ok());
  const auto other = common::seal_settings(obs::Settings{});
  CHECK_FALSE(common::open_settings<common::DeliverRoleSettings>(*other).ok());
}
