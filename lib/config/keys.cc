// SPDX-License-Identifier: Apache-2.0
#include "config/keys.h"

#include <algorithm>
#include <iterator>
#include <type_traits>

namespace config {
namespace {

// Setters. A number becomes whatever integer, enum or bool the field is; the row's range or its
// allowed values keep it inside.

template <class Field>
void assign(Field& field, const Parsed& value) {
  if constexpr (std::is_integral_v<Field> || std::is_enum_v<Field>)
    field = static_cast<Field>(std::get<std::int64_t>(value));
  else
    field = std::get<Field>(value);
}

template <auto Group, auto Field>
void put(Config& config, const Parsed& value) {
  assign((config.*Group).*Field, value);
}

template <auto List, auto Field>
void put_last(Config& config, const Parsed& value) {
  assign((config.*List).back().*Field, value);
}

template <auto List>
void append(Config& config) {
  (config.*List).emplace_back();
}

void append_certificate(Config& config) { config.tls.certificates.emplace_back(); }

void set_hostname(Config& config, const Parsed& value) {
  config.hostname = std::get<std::string>(value);
  config.smtp.hostname = config.hostname;
  config.spool.hostname = config.hostname;
  // The default, whichever of the two is read first.
  if (config.auth_policy.authserv_id.empty()) config.auth_policy.authserv_id = config.hostname;
}

void set_listener_address(Config& config, const Parsed& value) {
  const auto& address = std::get<ListenAddress>(value);
  Listener& listener = config.listeners.back();
  listener.address = address.text;
  listener.endpoint = address.endpoint;
  listener.systemd_name = address.systemd_name;
}

bool is_systemd_listener(const Parsed& value) {
  return !std::get<ListenAddress>(value).systemd_name.empty();
}

template <auto Field>
void set_access(Config& config, const Parsed& value) {
  assign(config.listeners.back().access.*Field, value);
}

void set_chain(Config& config, const Parsed& value) {
  const auto& file = std::get<PemFile>(value);
  config.tls.certificates.back().chain_name = file.path;
  config.tls.certificates.back().chain_pem = file.bytes;
}

void set_key(Config& config, const Parsed& value) {
  const auto& file = std::get<PemFile>(value);
  config.tls.certificates.back().key_name = file.path;
  config.tls.certificates.back().key_pem = file.bytes;
}

void set_aliases(Config& config, const Parsed& value) {
  for (const Alias& alias : std::get<std::vector<Alias>>(value))
    config.domains.back().aliases[alias.from] = alias.to;
}

void set_catch_all(Config& config, const Parsed& value) {
  config.domains.back().catch_all = std::get<std::string>(value);
}

template <auto Field>
void set_dkim(Config& config, const Parsed& value) {
  assign(config.auth.dkim.*Field, value);
}

void append_exception(Config& config) { config.auth_policy.dmarc_exceptions.emplace_back(); }

template <auto Field>
void set_exception(Config& config, const Parsed& value) {
  assign(config.auth_policy.dmarc_exceptions.back().*Field, value);
}

void set_exception_network(Config& config, const Parsed& value) {
  config.auth_policy.dmarc_exceptions.back().network =
      std::get<std::vector<base::Network>>(value).front();
}

// Already checked; only version 1 exists.
void accept_version(Config&, const Parsed&) {}

using Need = Key::Need;
using Kind = Section::Kind;
using policy::AuthSettings;
using policy::DmarcException;
using policy::Domain;
using policy::ListenerAccess;

constexpr std::string_view kListenerTls[] = {"starttls", "implicit"};
constexpr std::string_view kTlsPolicy[] = {"require", "observe"};
constexpr std::string_view kTlsVersion[] = {"1.2", "1.3"};
constexpr std::string_view kSpoofProtection[] = {"dmarc", "reject"};
constexpr std::string_view kBareNewline[] = {"reject", "normalize"};
constexpr std::string_view kOnTemporaryError[] = {"defer", "accept"};
constexpr std::string_view kSecondOpinion[] = {"log", "off"};
constexpr std::string_view kSpfOnFail[] = {"mark", "reject"};
constexpr std::string_view kDmarcOnReject[] = {"reject", "quarantine"};
constexpr std::string_view kLogLevel[] = {"debug", "info", "warning", "error"};
constexpr std::string_view kLogFormat[] = {"logfmt", "json"};

constexpr Section kSections[] = {
    {.path = "", .doc = "Settings that stand above the first section."},
    {.path = "listener",
     .kind = Kind::Array,
     .required = true,
     .add = append<&Config::listeners>,
     .doc = "One section for each address to listen on."},
    {.path = "tls", .doc = "Encryption, for all listeners."},
    {.path = "tls.certificate",
     .kind = Kind::Array,
     .required = true,
     .add = append_certificate,
     .doc = "One section for each certificate. This version uses the first; the others are checked "
            "and wait for the choice by server name and key type."},
    {.path = "domain",
     .kind = Kind::Array,
     .required = true,
     .add = append<&Config::domains>,
     .doc = "One section for each domain that mail is accepted for. There is no other mail: "
            "nothing is relayed."},
    {.path = "spool", .doc = "Where accepted mail is stored."},
    {.path = "state", .doc = "What survives a restart, mail aside."},
    {.path = "smtp", .doc = "Limits and time-outs of a session."},
    {.path = "limits", .doc = "Limits for each client network: one IPv4 address, or an IPv6 /64."},
    {.path = "limits.wide", .doc = "The same limits for the IPv4 /24 or IPv6 /48 around a client."},
    {.path = "dns", .doc = "How names are looked up."},
    {.path = "auth", .doc = "Verification by SPF, DKIM and DMARC."},
    {.path = "auth.spf", .doc = "Sender Policy Framework."},
    {.path = "auth.dkim", .doc = "DomainKeys Identified Mail."},
    {.path = "auth.dmarc", .doc = "Domain-based Message Authentication."},
    {.path = "auth.dmarc.exception",
     .kind = Kind::Array,
     .add = append_exception,
     .doc = "One section for each sender whose DMARC failures are let through. It names a network, "
            "a DKIM domain, or both, and it ends. It changes what DMARC leads to, and no other "
            "check."},
    {.path = "log", .doc = "The log on standard error."},
    {.path = "control", .doc = "How the administrator's tool reaches the server."},
    {.path = "workers", .doc = "Processes and threads."},
};

constexpr Key kKeys[] = {
    {.path = "config_version",
     .type = Type::Integer,
     .fallback = "1",
     .least = "1",
     .most = "1",
     .example = "1",
     .in_sample = true,
     .set = accept_version,
     .doc = "Version of this file's format. A later version of Postern changes defaults only for "
            "files that ask for a later format."},
    {.path = "hostname",
     .type = Type::HostName,
     .need = Need::Required,
     .example = "\"mx.example.org\"",
     .set = set_hostname,
     .doc = "Name of this server in the greeting, in Received fields and in file names. It should "
            "be the name that the MX record points to."},

    {.path = "listener.address",
     .type = Type::ListenAddress,
     .need = Need::Required,
     .reloadable = false,
     .example = "\"0.0.0.0:25\"",
     .set = set_listener_address,
     .ignores = is_systemd_listener,
     .doc =
         "Address and port. \"[::]:25\" takes IPv6 only, so a server for both has two sections. "
         "\"systemd:NAME\" means the sockets that systemd passes under that FileDescriptorName."},
    {.path = "listener.tls",
     .type = Type::Choice,
     .fallback = "\"starttls\"",
     .allowed = kListenerTls,
     .reloadable = false,
     .set = put_last<&Config::listeners, &Listener::tls>,
     .doc = "\"starttls\" begins in clear text and waits for the STARTTLS command; \"implicit\" "
            "begins with the TLS handshake."},
    {.path = "listener.proxy_protocol_from",
     .type = Type::Networks,
     .fallback = "[]",
     .reloadable = false,
     .set = put_last<&Config::listeners, &Listener::proxy_protocol_from>,
     .doc =
         "Networks of your own load balancers. Each of their connections must begin with a PROXY "
         "protocol header, version 1 or 2, within 10 seconds, and the client that it names is the "
         "one that every check, limit and log line is about. Whoever is listed here can claim any "
         "address. From all others such a header is refused."},
    {.path = "listener.allow",
     .type = Type::Networks,
     .fallback = "[]",
     .reloadable = false,
     .set = set_access<&ListenerAccess::allow>,
     .doc =
         "When not empty, only clients in these networks may connect; all others get 554 5.7.1."},
    {.path = "listener.deny",
     .type = Type::Networks,
     .fallback = "[]",
     .reloadable = false,
     .set = set_access<&ListenerAccess::deny>,
     .doc = "Clients in these networks get 554 5.7.1, also when listed in allow."},

    {.path = "tls.policy",
     .type = Type::Choice,
     .fallback = "\"require\"",
     .allowed = kTlsPolicy,
     .doc = "\"require\" answers 530 5.7.0 to mail before STARTTLS; \"observe\" accepts it, counts "
            "it and reports it."},
    {.path = "tls.min_version",
     .type = Type::Choice,
     .fallback = "\"1.2\"",
     .allowed = kTlsVersion,
     .set = put<&Config::tls, &net::TlsSettings::min_version>,
     .doc = "Oldest TLS version that is accepted."},
    {.path = "tls.tickets",
     .type = Type::Boolean,
     .fallback = "false",
     .doc = "Whether clients may resume sessions with tickets."},
    {.path = "tls.refusal_text",
     .type = Type::ReplyText,
     .fallback = "\"Must issue a STARTTLS command first\"",
     .least = "1",
     .most = "400",
     .set = put<&Config::smtp, &smtp::Settings::tls_refusal_text>,
     .doc = "Text behind 530 5.7.0 for commands that need TLS."},
    {.path = "tls.certificate.chain",
     .type = Type::PemFile,
     .need = Need::Required,
     .example = "\"tls/fullchain.pem\"",
     .set = set_chain,
     .doc = "PEM file with the server's certificate first and the intermediate ones behind it."},
    {.path = "tls.certificate.key",
     .type = Type::KeyFile,
     .need = Need::Required,
     .example = "\"tls/privkey.pem\"",
     .set = set_key,
     .doc = "PEM file with the private key, without a passphrase. It should not be readable by "
            "everyone."},
    {.path = "tls.certificate.self_signed",
     .type = Type::Boolean,
     .fallback = "false",
     .doc = "The certificate is self-signed, and that is known and accepted."},
    {.path = "tls.certificate.review_by",
     .type = Type::Date,
     .example = "\"2027-11-01\"",
     .doc = "The day by which a self-signed certificate is looked at again."},

    {.path = "domain.name",
     .type = Type::HostName,
     .need = Need::Required,
     .example = "\"example.org\"",
     .set = put_last<&Config::domains, &Domain::name>,
     .doc = "The domain, as in the addresses. An internationalized name may be written as it is "
            "read; its directory and the log have its A-labels (\"xn--...\")."},
    {.path = "domain.mailboxes",
     .type = Type::MailboxNames,
     .example = "[\"postmaster\", \"info\"]",
     .in_sample = true,
     .set = put_last<&Config::domains, &Domain::mailboxes>,
     .doc = "Local parts that exist, without regard to case. Each is also the name of a directory. "
            "Either this or mailboxes_file must be set. Mail to a postmaster that is not listed, "
            "and to <postmaster> without a domain, goes to the first mailbox of the first domain."},
    {.path = "domain.mailboxes_file",
     .type = Type::MailboxesFile,
     .example = "\"example.org.mailboxes\"",
     .set = put_last<&Config::domains, &Domain::mailboxes>,
     .doc = "File with one mailbox on each line, in place of mailboxes. Empty lines and lines that "
            "begin with # are passed over."},
    {.path = "domain.aliases",
     .type = Type::Aliases,
     .fallback = "{}",
     .example = "{ abuse = \"postmaster\" }",
     .set = set_aliases,
     .doc = "Further local parts, each with the mailbox of this domain that it leads to."},
    {.path = "domain.subaddress_delimiters",
     .type = Type::Delimiters,
     .fallback = "\"+\"",
     .set = put_last<&Config::domains, &Domain::subaddress_delimiters>,
     .doc = "Each of these characters ends the part of an address that is looked up: info+news is "
            "info. Empty: no subaddresses."},
    {.path = "domain.spoof_protection",
     .type = Type::Choice,
     .fallback = "\"dmarc\"",
     .allowed = kSpoofProtection,
     .set = put_last<&Config::domains, &Domain::spoof_protection>,
     .doc =
         "What becomes of mail whose From field names exactly this domain. All of it comes from "
         "outside. \"dmarc\" treats it as the domain's own DMARC record asks; \"reject\" refuses "
         "what does not pass with 550 5.7.1, whatever the record and auth.dmarc.enforce say, and "
         "knows no exception. A domain without a record passes by SPF or a DKIM signature of "
         "exactly its own name."},
    {.path = "domain.catch_all",
     .type = Type::MailboxName,
     .example = "\"info\"",
     .set = set_catch_all,
     .doc = "Mailbox for every local part that is not listed."},

    {.path = "spool.directory",
     .type = Type::Path,
     .fallback = "\"/var/lib/postern/mail\"",
     .reloadable = false,
     .set = put<&Config::spool, &spool::Settings::directory>,
     .doc = "Mail is stored below it in DOMAIN/MAILBOX, in Maildir format."},
    {.path = "spool.writers",
     .type = Type::Integer,
     .fallback = "4",
     .least = "1",
     .most = "256",
     .set = put<&Config::spool, &spool::Settings::writers>,
     .doc = "Threads that write mail and wait for the disk."},
    {.path = "spool.min_free",
     .type = Type::Size,
     .fallback = "\"512M\"",
     .least = "0",
     .most = "1024G",
     .set = put<&Config::spool, &spool::Settings::min_free>,
     .doc = "Space that stays free. A message that would take more than the rest gets 452 4.3.1."},

    {.path = "state.directory",
     .type = Type::Path,
     .fallback = "\"/var/lib/postern/state\"",
     .reloadable = false,
     .doc = "Bans and counters are kept in it."},

    {.path = "smtp.max_message_size",
     .type = Type::Size,
     .fallback = "\"25M\"",
     .least = "1K",
     .most = "1G",
     .set = put<&Config::smtp, &smtp::Settings::max_message_size>,
     .doc = "Largest message, announced as SIZE. RFC 5321 asks for 64K at least."},
    {.path = "smtp.max_recipients",
     .type = Type::Integer,
     .fallback = "100",
     .least = "1",
     .most = "10000",
     .set = put<&Config::smtp, &smtp::Settings::max_recipients>,
     .doc = "Recipients of one message; further ones get 452 4.5.3. RFC 5321 asks for 100 at "
            "least."},
    {.path = "smtp.max_received_headers",
     .type = Type::Integer,
     .fallback = "100",
     .least = "1",
     .most = "10000",
     .set = put<&Config::smtp, &smtp::Settings::max_received_headers>,
     .doc = "A message with more Received fields goes in a circle and is refused."},
    {.path = "smtp.command_timeout",
     .type = Type::Duration,
     .fallback = "\"5m\"",
     .least = "100ms",
     .most = "1h",
     .set = put<&Config::smtp, &smtp::Settings::command_timeout>,
     .doc = "How long to wait for a command."},
    {.path = "smtp.data_timeout",
     .type = Type::Duration,
     .fallback = "\"3m\"",
     .least = "100ms",
     .most = "1h",
     .set = put<&Config::smtp, &smtp::Settings::data_timeout>,
     .doc = "How long to wait inside a message without receiving a byte."},
    {.path = "smtp.min_data_rate",
     .type = Type::Size,
     .fallback = "\"1K\"",
     .least = "0",
     .most = "1G",
     .set = put<&Config::smtp, &smtp::Settings::min_data_rate>,
     .doc =
         "Bytes a second that a message must arrive with, averaged over a minute. Time at its end "
         "in which nothing comes is a pause, not slowness; all pauses of a message together may "
         "last as long as data_timeout or command_timeout, whichever is longer. 0: any rate."},
    {.path = "smtp.max_messages_per_session",
     .type = Type::Integer,
     .fallback = "100",
     .least = "1",
     .most = "1000000",
     .set = put<&Config::smtp, &smtp::Settings::max_messages_per_session>,
     .doc = "Messages in one session."},
    {.path = "smtp.max_header_size",
     .type = Type::Size,
     .fallback = "\"256K\"",
     .least = "1K",
     .most = "1M",
     .set = put<&Config::smtp, &smtp::Settings::max_header_size>,
     .doc = "Bytes of all header fields of a message together."},
    {.path = "smtp.max_header_fields",
     .type = Type::Integer,
     .fallback = "1000",
     .least = "1",
     .most = "100000",
     .set = put<&Config::smtp, &smtp::Settings::max_header_fields>,
     .doc = "Header fields of a message."},
    {.path = "smtp.session_deadline",
     .type = Type::Duration,
     .fallback = "\"30m\"",
     .least = "100ms",
     .most = "1d",
     .set = put<&Config::smtp, &smtp::Settings::session_deadline>,
     .doc =
         "A session that is older ends between two transactions, before a recipient was accepted, "
         "or inside data that is refused already. A transaction with recipients may stand open "
         "for as long before its message comes."},
    {.path = "smtp.shutdown_grace",
     .type = Type::Duration,
     .fallback = "\"30s\"",
     .least = "0s",
     .most = "1h",
     .set = [](Config& config, const Parsed& value) { assign(config.shutdown_grace, value); },
     .doc = "When the server ends, running transactions have so long to finish."},
    {.path = "smtp.bare_newline",
     .type = Type::Choice,
     .fallback = "\"reject\"",
     .allowed = kBareNewline,
     .set = put<&Config::smtp, &smtp::Settings::bare_newline>,
     .doc = "What to do with a message that has a CR or LF by itself in it. \"normalize\" makes "
            "CR LF of it; neither ever ends a message."},

    {.path = "limits.total_connections",
     .type = Type::Integer,
     .fallback = "10000",
     .least = "1",
     .most = "1000000",
     .set = put<&Config::limits, &policy::ConnectionLimits::total_connections>,
     .doc = "Connections from all clients together."},
    {.path = "limits.connections",
     .type = Type::Integer,
     .fallback = "20",
     .least = "1",
     .most = "1000000",
     .set = put<&Config::limits, &policy::ConnectionLimits::connections>,
     .doc = "Connections at the same time."},
    {.path = "limits.connection_rate",
     .type = Type::CountRate,
     .fallback = "\"300/1m\"",
     .doc = "New connections."},
    {.path = "limits.handshake_rate",
     .type = Type::CountRate,
     .fallback = "\"300/1m\"",
     .doc = "TLS handshakes."},
    {.path = "limits.byte_rate",
     .type = Type::ByteRate,
     .fallback = "\"500M/10m\"",
     .doc = "Bytes received."},
    {.path = "limits.message_rate",
     .type = Type::CountRate,
     .fallback = "\"100/1m\"",
     .doc = "Messages."},
    {.path = "limits.recipient_rate",
     .type = Type::CountRate,
     .fallback = "\"500/1m\"",
     .doc = "RCPT commands."},
    {.path = "limits.errors_per_session",
     .type = Type::Integer,
     .fallback = "10",
     .least = "1",
     .most = "1000",
     .set = put<&Config::smtp, &smtp::Settings::errors_per_session>,
     .doc = "Commands answered with an error before the session is ended with 421."},
    {.path = "limits.unknown_recipients_per_session",
     .type = Type::Integer,
     .fallback = "5",
     .least = "1",
     .most = "1000",
     .doc = "Unknown recipients before RCPT gets 452 4.5.3. What was accepted is still delivered."},
    {.path = "limits.unknown_recipient_rate",
     .type = Type::CountRate,
     .fallback = "\"30/1h\"",
     .doc = "Unknown recipients before the network is refused for a time."},
    {.path = "limits.hide_unknown_until_data",
     .type = Type::Boolean,
     .fallback = "false",
     .doc = "Whether unknown recipients are refused only at the end of the message."},
    {.path = "limits.greeting_delay",
     .type = Type::Duration,
     .fallback = "\"0s\"",
     .least = "0s",
     .most = "2m",
     .doc = "How long the greeting is held back. Who speaks before it is a robot."},
    {.path = "limits.ban_for",
     .type = Type::Duration,
     .fallback = "\"1h\"",
     .least = "1s",
     .most = "365d",
     .doc = "Length of the first ban. It doubles with each repetition."},
    {.path = "limits.ban_max",
     .type = Type::Duration,
     .fallback = "\"7d\"",
     .least = "1s",
     .most = "365d",
     .doc = "Length that a ban does not go beyond."},
    {.path = "limits.tracked_networks",
     .type = Type::Integer,
     .fallback = "100000",
     .least = "1000",
     .most = "10000000",
     .doc = "Networks that are counted at the same time."},
    {.path = "limits.exempt",
     .type = Type::Networks,
     .fallback = "[]",
     .set = put<&Config::limits, &policy::ConnectionLimits::exempt>,
     .doc = "Networks without limits for each network; total_connections still counts them."},
    {.path = "limits.wide.factor",
     .type = Type::Integer,
     .fallback = "10",
     .least = "1",
     .most = "1000",
     .doc = "How many times the limits of a network the wide network has."},

    {.path = "dns.servers",
     .type = Type::DnsServers,
     .fallback = "[]",
     .set = put<&Config::dns, &net::ResolverSettings::servers>,
     .doc = "Resolvers to ask, each as ADDRESS:PORT, or [\"system\"] for those of "
            "/etc/resolv.conf. Empty: full recursion with DNSSEC, built in."},
    {.path = "dns.dnssec",
     .type = Type::Boolean,
     .fallback = "true",
     .set = put<&Config::dns, &net::ResolverSettings::dnssec>,
     .doc = "Whether the answers of full recursion are validated. Resolvers that are named are "
            "trusted to have done that themselves."},
    {.path = "dns.timeout",
     .type = Type::Duration,
     .fallback = "\"5s\"",
     .least = "100ms",
     .most = "1m",
     .set = put<&Config::dns, &net::ResolverSettings::timeout>,
     .doc = "How long to wait for the answer to one question."},
    {.path = "dns.local_data",
     .type = Type::ZoneLines,
     .fallback = "[]",
     .most = "4096",
     .set = put<&Config::dns, &net::ResolverSettings::local_data>,
     .doc = "Lines of a zone file that are answered from memory. Names below their domains are "
            "never asked for elsewhere."},

    {.path = "auth.authserv_id",
     .type = Type::HostName,
     .example = "\"mx.example.org\"",
     .set = put<&Config::auth_policy, &AuthSettings::authserv_id>,
     .doc = "Name of this server in Authentication-Results fields. Default: hostname."},
    {.path = "auth.deadline",
     .type = Type::Duration,
     .fallback = "\"40s\"",
     .least = "1s",
     .most = "5m",
     .set = put<&Config::auth, &auth::Settings::deadline>,
     .doc =
         "Time for all verification of one message. It begins anew when the header is there, for "
         "a client may be slow to send it."},
    {.path = "auth.on_temporary_error",
     .type = Type::Choice,
     .fallback = "\"defer\"",
     .allowed = kOnTemporaryError,
     .set = put<&Config::auth_policy, &AuthSettings::on_temporary_error>,
     .doc = "What to do when DNS trouble leaves open a check that could refuse the message."},
    {.path = "auth.second_opinion",
     .type = Type::Choice,
     .fallback = "\"log\"",
     .allowed = kSecondOpinion,
     .set = put<&Config::auth, &auth::Settings::second_opinion>,
     .doc = "Whether a second implementation checks too, and disagreements are logged."},
    {.path = "auth.spf.on_fail",
     .type = Type::Choice,
     .fallback = "\"mark\"",
     .allowed = kSpfOnFail,
     .set = put<&Config::auth_policy, &AuthSettings::on_spf_fail>,
     .doc = "What to do when SPF alone fails."},
    {.path = "auth.dkim.min_rsa_bits",
     .type = Type::Integer,
     .fallback = "1024",
     .least = "1024",
     .most = "4096",
     .set = set_dkim<&auth::DkimSettings::min_rsa_bits>,
     .doc = "Shortest RSA key whose signatures can pass."},
    {.path = "auth.dkim.max_signatures",
     .type = Type::Integer,
     .fallback = "10",
     .least = "1",
     .most = "100",
     .set = set_dkim<&auth::DkimSettings::max_signatures>,
     .doc = "Signatures of a message that are checked; the first that may pass."},
    {.path = "auth.dmarc.enforce",
     .type = Type::Boolean,
     .fallback = "true",
     .set = put<&Config::auth_policy, &AuthSettings::enforce_dmarc>,
     .doc = "Whether DMARC policies are acted on. When not, results are only recorded; a message "
            "without one author domain in From is refused all the same."},
    {.path = "auth.dmarc.on_reject",
     .type = Type::Choice,
     .fallback = "\"reject\"",
     .allowed = kDmarcOnReject,
     .set = put<&Config::auth_policy, &AuthSettings::on_dmarc_reject>,
     .doc =
         "What to do with a message that fails and whose domain asks for its rejection: refuse it "
         "with 550 5.7.1, or deliver it into the quarantine folder."},
    {.path = "auth.dmarc.quarantine_folder",
     .type = Type::FolderName,
     .fallback = "\"Junk\"",
     .set = put<&Config::auth_policy, &AuthSettings::quarantine_folder>,
     .doc = "Maildir folder for quarantined mail, without the leading dot. Each mailbox has its "
            "own, made with the first mail for it."},
    {.path = "auth.dmarc.exception.network",
     .type = Type::Network,
     .example = "\"192.0.2.0/24\"",
     .set = set_exception_network,
     .doc = "Network that the mail comes from."},
    {.path = "auth.dmarc.exception.dkim_domain",
     .type = Type::HostName,
     .example = "\"lists.example.net\"",
     .set = set_exception<&DmarcException::dkim_domain>,
     .doc = "Domain (d=) of a DKIM signature that passes."},
    {.path = "auth.dmarc.exception.until",
     .type = Type::Date,
     .need = Need::Required,
     .example = "\"2027-06-30\"",
     .set = set_exception<&DmarcException::until>,
     .doc = "Last day of the exception, in UTC. postern check warns when it is over, and 30 days "
            "before."},
    {.path = "auth.dmarc.exception.reason",
     .type = Type::String,
     .least = "1",
     .most = "400",
     .need = Need::Required,
     .example = "\"mailing list without rewriting\"",
     .set = set_exception<&DmarcException::reason>,
     .doc = "Why. Whoever reviews it in a year will ask. It is in the log and in the "
            "Authentication-Results field of what is let through."},

    {.path = "log.level",
     .type = Type::Choice,
     .fallback = "\"info\"",
     .allowed = kLogLevel,
     .set = put<&Config::log, &obs::Settings::level>,
     .doc = "Least level that is written."},
    {.path = "log.format",
     .type = Type::Choice,
     .fallback = "\"logfmt\"",
     .allowed = kLogFormat,
     .set = put<&Config::log, &obs::Settings::format>,
     .doc = "Form of each line."},

    {.path = "control.socket",
     .type = Type::SocketPath,
     .fallback = "\"/run/postern/control.sock\"",
     .reloadable = false,
     .set = put<&Config::control, &Control::socket>,
     .doc = "Socket of the running server."},

    {.path = "workers.smtp_threads",
     .type = Type::Integer,
     .fallback = "0",
     .least = "0",
     .most = "256",
     .reloadable = false,
     .set = put<&Config::workers, &Workers::smtp_threads>,
     .doc = "Threads that serve connections. 0: one for each core."},
    {.path = "workers.verifiers",
     .type = Type::Integer,
     .fallback = "0",
     .least = "0",
     .most = "256",
     .reloadable = false,
     .set = put<&Config::workers, &Workers::verifiers>,
     .doc = "Processes that verify messages. 0: one for each core."},
    {.path = "workers.user",
     .type = Type::UserName,
     .fallback = "\"postern\"",
     .reloadable = false,
     .set = put<&Config::workers, &Workers::user>,
     .doc = "User that the server drops to when it is started as root."},
    {.path = "workers.ping_timeout",
     .type = Type::Duration,
     .fallback = "\"10s\"",
     .least = "1s",
     .most = "10m",
     .reloadable = false,
     .set = put<&Config::workers, &Workers::ping_timeout>,
     .doc = "A process of the server whose event loops do not answer for so long is replaced."},
};

}  // namespace

std::span<const Section> sections() { return kSections; }
std::span<const Key> keys() { return kKeys; }

const Section* find_section(std::string_view path) {
  const auto* found = std::find_if(std::begin(kSections), std::end(kSections),
                                   [&](const Section& s) { return s.path == path; });
  return found == std::end(kSections) ? nullptr : found;
}

const Key* find_key(std::string_view path) {
  const auto* found = std::find_if(std::begin(kKeys), std::end(kKeys),
                                   [&](const Key& k) { return k.path == path; });
  return found == std::end(kKeys) ? nullptr : found;
}

std::string_view section_of(const Key& key) {
  const auto dot = key.path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : key.path.substr(0, dot);
}

std::string_view name_of(const Key& key) { return key.path.substr(key.path.rfind('.') + 1); }

std::vector<const Key*> keys_of(const Section& section) {
  std::vector<const Key*> result;
  for (const Key& key : kKeys)
    if (section_of(key) == section.path) result.push_back(&key);
  return result;
}

}  // namespace config
