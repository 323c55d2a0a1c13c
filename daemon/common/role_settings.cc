// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/role_settings.h"

#include "daemon/common/sealed_memory.h"
#include "ipc/wire.h"

// Found by ipc::Packer and ipc::Unpacker: the members of other folders' settings, each named once.
namespace ipc {

template <>
inline constexpr obs::Level last_enumerator<obs::Level> = obs::Level::Error;
template <>
inline constexpr obs::Format last_enumerator<obs::Format> = obs::Format::Json;
template <>
inline constexpr smtp::BareNewline last_enumerator<smtp::BareNewline> =
    smtp::BareNewline::Normalize;
template <>
inline constexpr policy::OnTemporaryError last_enumerator<policy::OnTemporaryError> =
    policy::OnTemporaryError::Accept;
template <>
inline constexpr policy::OnSpfFail last_enumerator<policy::OnSpfFail> = policy::OnSpfFail::Reject;
template <>
inline constexpr policy::OnDmarcReject last_enumerator<policy::OnDmarcReject> =
    policy::OnDmarcReject::Quarantine;
template <>
inline constexpr policy::SpoofProtection last_enumerator<policy::SpoofProtection> =
    policy::SpoofProtection::Reject;
template <>
inline constexpr auth::SecondOpinion last_enumerator<auth::SecondOpinion> =
    auth::SecondOpinion::Off;
template <>
inline constexpr net::TlsVersion last_enumerator<net::TlsVersion> = net::TlsVersion::V1_3;

void visit_fields(auto& v, obs::Settings& s) { v(s.level, s.format); }

void visit_fields(auto& v, smtp::Settings& s) {
  v(s.hostname, s.tls_refusal_text, s.starttls_available, s.max_message_size, s.max_recipients,
    s.max_received_headers, s.max_messages_per_session, s.max_header_size, s.max_header_fields,
    s.errors_per_session, s.min_data_rate, s.command_timeout, s.data_timeout, s.session_deadline,
    s.bare_newline);
}

void visit_fields(auto& v, net::Certificate& c) {
  v(c.chain_pem, c.key_pem, c.chain_name, c.key_name);
}

void visit_fields(auto& v, net::TlsSettings& s) { v(s.min_version, s.certificates); }

void visit_fields(auto& v, policy::Domain& d) {
  v(d.name, d.mailboxes, d.aliases, d.subaddress_delimiters, d.catch_all, d.spoof_protection);
}

void visit_fields(auto& v, policy::Rate& r) { v(r.amount, r.period); }

void visit_fields(auto& v, policy::Prefixes& p) { v(p.v4, p.v6); }

void visit_fields(auto& v, policy::LimitSettings& l) {
  v(l.total_connections, l.total_handshakes, l.total_memory, l.connections, l.connection_rate,
    l.handshake_rate, l.byte_rate, l.message_rate, l.recipient_rate, l.error_rate,
    l.unknown_recipient_rate, l.verifier_crash_rate, l.unknown_recipients_per_session,
    l.hide_unknown_until_data, l.greeting_delay, l.ban_for, l.ban_max, l.tracked_networks, l.exempt,
    l.narrow, l.wide, l.wide_factor);
}

void visit_fields(auto& v, auth::Settings& s) { v(s.deadline, s.dkim, s.second_opinion); }

void visit_fields(auto& v, policy::DmarcException& e) {
  v(e.network, e.dkim_domain, e.until, e.reason);
}

void visit_fields(auto& v, policy::AuthSettings& a) {
  v(a.authserv_id, a.on_temporary_error, a.on_spf_fail, a.enforce_dmarc, a.on_dmarc_reject,
    a.quarantine_folder, a.dmarc_exceptions, a.guarded_domains);
}

void visit_fields(auto& v, policy::ListenerAccess& a) { v(a.allow, a.deny); }

void visit_fields(auto& v, policy::ListenerLimits& l) { v(l.connections, l.handshakes); }

void visit_fields(auto& v, common::SmtpRoleSettings::Listener& l) {
  v(l.access, l.limits, l.implicit_tls, l.proxy_protocol_from);
}

void visit_fields(auto& v, common::SmtpRoleSettings& s) {
  v(s.hostname, s.smtp, s.tls, s.domains, s.limits, s.auth, s.auth_policy, s.listeners,
    s.min_free_bytes, s.threads, s.log);
}

void visit_fields(auto& v, spool::Settings& s) {
  v(s.directory, s.writers, s.min_free, s.hostname);
}

void visit_fields(auto& v, spool::Mailbox& m) { v(m.domain, m.name, m.folder); }

void visit_fields(auto& v, common::DeliverRoleSettings& s) {
  v(s.spool, s.mailboxes, s.quarantine_folder, s.log);
}

void visit_fields(auto& v, base::Endpoint& e) { v(e.address, e.port); }

void visit_fields(auto& v, net::ResolverSettings& s) {
  v(s.servers, s.dnssec, s.timeout, s.local_data);
}

void visit_fields(auto& v, common::ResolveRoleSettings& s) { v(s.resolver, s.log); }

}  // namespace ipc

namespace common {

template <class Settings>
base::Result<base::UniqueFd> seal_settings(const Settings& settings) {
  ipc::Packer packer;
  visit_fields(packer, const_cast<Settings&>(settings));  // packing changes nothing
  return sealed_memory("postern-settings", packer.take());
}

template <class Settings>
base::Result<Settings> open_settings(const base::UniqueFd& fd) {
  const auto bytes = read_sealed_memory(fd.get());
  if (!bytes) return bytes.error();
  ipc::Unpacker unpacker(*bytes);
  Settings settings;
  visit_fields(unpacker, settings);
  if (!unpacker.complete()) return base::Error::permanent("the settings are damaged");
  return settings;
}

#define POSTERN_SETTINGS(Type)                                            \
  template base::Result<base::UniqueFd> seal_settings<Type>(const Type&); \
  template base::Result<Type> open_settings<Type>(const base::UniqueFd&)
POSTERN_SETTINGS(SmtpRoleSettings);
POSTERN_SETTINGS(DeliverRoleSettings);
POSTERN_SETTINGS(ResolveRoleSettings);
POSTERN_SETTINGS(obs::Settings);
#undef POSTERN_SETTINGS

}  // namespace common
