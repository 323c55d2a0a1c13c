// SPDX-License-Identifier: Apache-2.0
#include "config/keys.h"

#include <algorithm>
#include <iterator>

#include "config/setters.h"

namespace config {
namespace {

using namespace setters;
using Need = Key::Need;
using Kind = Section::Kind;
using policy::AuthSettings;
using policy::DmarcException;
using policy::Domain;
using policy::LimitSettings;
using policy::ListenerAccess;
using policy::ListenerLimits;
using policy::Prefixes;

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
    {.path = "limits",
     .doc =
         "Limits for each client network: one IPv4 address, or an IPv6 /64. A rate is an account "
         "with room for its number, which empties evenly within its time: of 300/1m, five in "
         "each second. So a client may do 300 things at once, then 300 a minute. The totals "
         "are for all clients together."},
    {.path = "limits.wide",
     .doc = "The same limits, times a factor, for the network around a client's: the IPv4 /24 or "
            "IPv6 /48. What is done counts in both, and must find room in both."},
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
    {.path = "listener.total_connections",
     .type = Type::Integer,
     .fallback = "0",
     .least = "0",
     .most = "1000000",
     .reloadable = false,
     .set = set_listener_limit<&ListenerLimits::connections>,
     .doc = "Connections to this listener from all clients together; it answers further ones as "
            "limits.total_connections says, which counts these too. While three quarters of them "
            "are there, its sessions that stand still are ended as is said there. 0: as many as "
            "that allows."},
    {.path = "listener.total_handshakes",
     .type = Type::Integer,
     .fallback = "0",
     .least = "0",
     .most = "1000000",
     .reloadable = false,
     .set = set_listener_limit<&ListenerLimits::handshakes>,
     .doc = "TLS handshakes in progress on this listener; further ones are answered as "
            "limits.total_handshakes says, which counts these too. 0: as many as that allows."},

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
     .set = put<&Config::state, &State::directory>,
     .doc = "What is to survive a restart is kept in it: which networks are refused for how long, "
            "and which have sent good mail. Not beneath spool.directory. It is made where only "
            "its parent directory is there."},

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
     .set = put<&Config::limits, &LimitSettings::total_connections>,
     .doc = "Connections from all clients together. Further ones get 421 4.3.2; on a listener with "
            "implicit TLS they are closed without a byte. While three quarters of them are there, "
            "or new ones are refused because memory or descriptors are scarce, a session that "
            "stands still is ended with 421 4.3.2: after 5 seconds without TLS and EHLO, 3 of "
            "them in the handshake; after 10 seconds without a recipient; after 30 seconds in "
            "which no other recipient and nothing of the message came. Exempt clients stay."},
    {.path = "limits.total_handshakes",
     .type = Type::Integer,
     .fallback = "1000",
     .least = "1",
     .most = "1000000",
     .set = put<&Config::limits, &LimitSettings::total_handshakes>,
     .doc = "TLS handshakes in progress, of all clients together. STARTTLS beyond it gets 421 "
            "4.3.2; on a listener with implicit TLS the connection is closed without a byte. While "
            "more than half of them are in progress, one that lasts for longer than 3 seconds is "
            "ended."},
    {.path = "limits.total_memory",
     .type = Type::Size,
     .fallback = "\"2G\"",
     .least = "64M",
     .most = "1024G",
     .set = put<&Config::limits, &LimitSettings::total_memory>,
     .doc = "Memory for the sessions and messages of all clients together, though never more than "
            "half of what the machine has. While half of it is in use, sessions that "
            "stand still end early, those in the middle of a message after 10 seconds; when it is "
            "nearly used up, new connections get 421 4.3.2, and new messages 452 4.3.1."},
    {.path = "limits.connections",
     .type = Type::Integer,
     .fallback = "20",
     .least = "1",
     .most = "1000000",
     .set = put<&Config::limits, &LimitSettings::connections>,
     .doc = "Connections at the same time. Further ones get 421 4.7.0 before any other work is "
            "done for them; on a listener with implicit TLS they are closed without a byte."},
    {.path = "limits.connection_rate",
     .type = Type::CountRate,
     .fallback = "\"300/1m\"",
     .set = put<&Config::limits, &LimitSettings::connection_rate>,
     .doc = "New connections that were not refused at once. Further ones are answered as those "
            "beyond limits.connections are. The default lets a TLS scanner come to its end."},
    {.path = "limits.handshake_rate",
     .type = Type::CountRate,
     .fallback = "\"300/1m\"",
     .set = put<&Config::limits, &LimitSettings::handshake_rate>,
     .doc =
         "TLS handshakes that begin, whatever becomes of them. Instead of a further one STARTTLS "
         "gets 421 4.7.0; on a listener with implicit TLS the connection is closed without a "
         "byte."},
    {.path = "limits.byte_rate",
     .type = Type::ByteRate,
     .fallback = "\"500M/10m\"",
     .set = put<&Config::limits, &LimitSettings::byte_rate>,
     .doc = "Bytes received. They are counted when they have come, so the last message may go "
            "beyond it; while the account is full, MAIL gets 450 4.7.1."},
    {.path = "limits.message_rate",
     .type = Type::CountRate,
     .fallback = "\"100/1m\"",
     .set = put<&Config::limits, &LimitSettings::message_rate>,
     .doc = "Transactions that MAIL begins. Further ones get 450 4.7.1."},
    {.path = "limits.recipient_rate",
     .type = Type::CountRate,
     .fallback = "\"500/1m\"",
     .set = put<&Config::limits, &LimitSettings::recipient_rate>,
     .doc = "RCPT commands, whether or not the recipient exists. Further ones get 452 4.5.3."},
    {.path = "limits.error_rate",
     .type = Type::CountRate,
     .fallback = "\"500/10m\"",
     .set = put<&Config::limits, &LimitSettings::error_rate>,
     .doc = "Errors of all sessions of the network together: what errors_per_session counts, and "
            "sessions that are ended because the client breaks the protocol. One more, and the "
            "network is refused for a time (ban_for). A TLS handshake that fails is no error."},
    {.path = "limits.verifier_crash_rate",
     .type = Type::CountRate,
     .fallback = "\"2/1h\"",
     .set = put<&Config::limits, &LimitSettings::verifier_crash_rate>,
     .doc = "Processes that died over a message of the network. One more, and the network is "
            "refused for a time (ban_for)."},
    {.path = "limits.errors_per_session",
     .type = Type::Integer,
     .fallback = "10",
     .least = "1",
     .most = "1000",
     .set = put<&Config::smtp, &smtp::Settings::errors_per_session>,
     .doc = "Commands answered with an error before the session is ended with 421 4.7.0."},
    {.path = "limits.unknown_recipients_per_session",
     .type = Type::Integer,
     .fallback = "5",
     .least = "1",
     .most = "1000",
     .set = put<&Config::limits, &LimitSettings::unknown_recipients_per_session>,
     .doc = "Unknown recipients of one session that get 550 5.1.1, each after a longer wait than "
            "the one before: 1, 2, 4, then 8 seconds. Beyond it every RCPT gets 452 4.5.3. What "
            "was accepted is still delivered, then the session ends."},
    {.path = "limits.unknown_recipient_rate",
     .type = Type::CountRate,
     .fallback = "\"30/1h\"",
     .set = put<&Config::limits, &LimitSettings::unknown_recipient_rate>,
     .doc = "Unknown recipients of all sessions of the network together. One more, and the network "
            "is refused for a time (ban_for)."},
    {.path = "limits.hide_unknown_until_data",
     .type = Type::Boolean,
     .fallback = "false",
     .set = put<&Config::limits, &LimitSettings::hide_unknown_until_data>,
     .doc = "Whether RCPT accepts unknown recipients, to refuse the message at its end with 550 "
            "5.1.1. A message then has one recipient, whatever smtp.max_recipients says: a second "
            "one gets 452 4.5.3, and most clients send the message again for it."},
    {.path = "limits.greeting_delay",
     .type = Type::Duration,
     .fallback = "\"0s\"",
     .least = "0s",
     .most = "2m",
     .set = put<&Config::limits, &LimitSettings::greeting_delay>,
     .doc = "How long the second line of the greeting is held back. Who speaks before it is a "
            "robot: it gets 554 5.5.1, is closed, and has made an error. Networks with three "
            "messages in the last 30 days that passed DMARC do not wait."},
    {.path = "limits.ban_for",
     .type = Type::Duration,
     .fallback = "\"1h\"",
     .least = "1s",
     .most = "365d",
     .set = put<&Config::limits, &LimitSettings::ban_for>,
     .doc = "How long a network is refused the first time: its connections get 421 4.7.0, and so "
            "do MAIL and RCPT in those that it has. It doubles with each repetition. postern bans "
            "lists such networks and lifts refusals."},
    {.path = "limits.ban_max",
     .type = Type::Duration,
     .fallback = "\"7d\"",
     .least = "1s",
     .most = "365d",
     .set = put<&Config::limits, &LimitSettings::ban_max>,
     .doc = "How long a network is refused at most."},
    {.path = "limits.tracked_networks",
     .type = Type::Integer,
     .fallback = "100000",
     .least = "1000",
     .most = "10000000",
     .set = put<&Config::limits, &LimitSettings::tracked_networks>,
     .doc = "Networks that are counted at the same time, two for each client; each costs up to "
            "128 bytes. When there are more, the one without connections that did nothing for "
            "longest is forgotten; when all have connections, a new one gets 421 4.3.2."},
    {.path = "limits.ipv4_prefix",
     .type = Type::Integer,
     .fallback = "32",
     .least = "8",
     .most = "32",
     .set = set_prefix<&LimitSettings::narrow, &Prefixes::v4>,
     .doc = "How many bits of an IPv4 address name the network that is counted as one."},
    {.path = "limits.ipv6_prefix",
     .type = Type::Integer,
     .fallback = "64",
     .least = "16",
     .most = "128",
     .set = set_prefix<&LimitSettings::narrow, &Prefixes::v6>,
     .doc = "The same of an IPv6 address."},
    {.path = "limits.exempt",
     .type = Type::Networks,
     .fallback = "[]",
     .set = put<&Config::limits, &LimitSettings::exempt>,
     .doc =
         "Networks that nothing in this section holds for but errors_per_session and the totals, "
         "and of connections and handshakes there is always room for 100 of theirs. They are "
         "never refused for a time."},
    {.path = "limits.wide.factor",
     .type = Type::Integer,
     .fallback = "10",
     .least = "1",
     .most = "1000",
     .set = put<&Config::limits, &LimitSettings::wide_factor>,
     .doc = "How many times the limits of a network the wide network has."},
    {.path = "limits.wide.ipv4_prefix",
     .type = Type::Integer,
     .fallback = "24",
     .least = "8",
     .most = "31",
     .set = set_prefix<&LimitSettings::wide, &Prefixes::v4>,
     .doc = "How many bits of an IPv4 address name the wide network; less than "
            "limits.ipv4_prefix."},
    {.path = "limits.wide.ipv6_prefix",
     .type = Type::Integer,
     .fallback = "48",
     .least = "16",
     .most = "127",
     .set = set_prefix<&LimitSettings::wide, &Prefixes::v6>,
     .doc = "The same of an IPv6 address; less than limits.ipv6_prefix."},

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
     .doc = "Threads that serve connections. 0: one for each core that it may use."},
    {.path = "workers.verifiers",
     .type = Type::Integer,
     .fallback = "0",
     .least = "0",
     .most = "256",
     .reloadable = false,
     .set = put<&Config::workers, &Workers::verifiers>,
     .doc = "Processes that verify messages. 0: one for each core that it may use."},
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
