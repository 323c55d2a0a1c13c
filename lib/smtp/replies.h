// SPDX-License-Identifier: Apache-2.0
// Every reply that Postern sends. Texts are neutral: they name no product and no version, and
// repeat nothing that the peer sent but the domain that a check was about. The last member is the
// reason in our log, a stable token.
//
// Codes: RFC 5321 section 4.2.3. Enhanced status codes: RFC 3463, RFC 5248; none in the greeting
// and in the positive answers to HELO and EHLO (RFC 2034 section 4, which wants none in the
// negative ones either: they have the same for clients and people who log them).
#pragma once

#include <string>
#include <string_view>

#include "smtp/reply.h"

namespace smtp::replies {

// The dialogue goes on.
inline Reply greeting(std::string_view hostname) {
  return {220, {}, std::string(hostname) + " ESMTP", {}};
}
inline Reply hello(std::string text) { return {250, {}, std::move(text), {}}; }
inline Reply ready_for_tls() { return {220, {2, 0, 0}, "Ready to start TLS", {}}; }
inline Reply ok() { return {250, {2, 0, 0}, "Ok", {}}; }
inline Reply help(std::string text) { return {214, {2, 0, 0}, std::move(text), {}}; }
inline Reply bye() { return {221, {2, 0, 0}, "Bye", {}}; }
inline Reply sender_ok() { return {250, {2, 1, 0}, "Ok", {}}; }
inline Reply recipient_ok() { return {250, {2, 1, 5}, "Ok", {}}; }
inline Reply chunk_ok(std::uint64_t octets) {
  return {250, {2, 0, 0}, std::to_string(octets) + " octets received", {}};
}
inline Reply data_go_ahead() { return {354, {}, "End data with <CR><LF>.<CR><LF>", {}}; }
inline Reply message_ok(std::string_view queue_id) {
  return {250, {2, 0, 0}, "Ok: queued as " + std::string(queue_id), {}};
}

// The form of a command.
inline Reply unknown_command() {
  return {500, {5, 5, 1}, "Command not recognized", "unknown_command"};
}
inline Reply bad_newline_in_command() {
  return {500, {5, 5, 2}, "Lines must end in <CR><LF>, with no other <CR> or <LF>", "bad_newline"};
}
// RFC 3463 knows no status of its own for this; 5.5.6 belongs to authentication (RFC 4954).
inline Reply line_too_long() { return {500, {5, 5, 2}, "Line too long", "line_too_long"}; }
inline Reply argument_missing() { return {501, {5, 5, 4}, "Argument missing", "argument_missing"}; }
inline Reply argument_not_allowed() {
  return {501, {5, 5, 4}, "No argument allowed", "argument_not_allowed"};
}
inline Reply bad_helo() { return {501, {5, 5, 4}, "Invalid name", "bad_helo"}; }
inline Reply bad_mail_syntax() {
  return {501, {5, 5, 4}, "Syntax: MAIL FROM:<address>", "bad_syntax"};
}
inline Reply bad_rcpt_syntax() {
  return {501, {5, 5, 4}, "Syntax: RCPT TO:<address>", "bad_syntax"};
}
inline Reply bad_sender() { return {501, {5, 1, 7}, "Bad sender address syntax", "bad_sender"}; }
inline Reply bad_recipient() {
  return {501, {5, 1, 3}, "Bad recipient address syntax", "bad_recipient"};
}
inline Reply bad_parameter() {
  return {501, {5, 5, 4}, "Bad parameter or parameter value", "bad_parameter"};
}
inline Reply bad_chunk_syntax() {
  return {501, {5, 5, 4}, "Syntax: BDAT octets [LAST]", "bad_chunk"};
}
inline Reply duplicate_parameter() {
  return {501, {5, 5, 4}, "Parameter given twice", "duplicate_parameter"};
}
inline Reply unknown_parameter() {
  return {555, {5, 5, 4}, "Parameter not supported", "unknown_parameter"};
}
inline Reply not_implemented() {
  return {502, {5, 5, 1}, "Command not implemented", "not_implemented"};
}
inline Reply no_logins() {
  return {502, {5, 5, 1}, "No logins here: submission is on port 465 or 587", "no_logins"};
}

// Its place in the dialogue.
inline Reply bad_sequence() { return {503, {5, 5, 1}, "Bad sequence of commands", "bad_sequence"}; }
inline Reply tls_already_active() {
  return {503, {5, 5, 1}, "TLS is already active", "tls_already_active"};
}
inline Reply no_valid_recipients() {
  return {554, {5, 5, 1}, "No valid recipients", "no_valid_recipients"};
}
inline Reply tls_required(std::string_view text) {
  return {530, {5, 7, 0}, std::string(text), "tls_required"};
}
inline Reply tls_unavailable() { return {454, {4, 7, 0}, "TLS not available", "tls_unavailable"}; }

// Input out of turn: said once, then the connection is closed.
inline Reply input_behind_starttls() {
  return {554, {5, 5, 1}, "Input behind STARTTLS", "starttls_injection"};
}
inline Reply input_before_greeting() {
  return {554, {5, 5, 1}, "Input before the greeting", "early_talker"};
}
inline Reply input_ahead_of_reply() {
  return {554, {5, 5, 1}, "Input ahead of a reply that must be awaited", "bad_pipelining"};
}

// Not SMTP at all: the same, and nothing that would help to find out more.
inline Reply not_smtp(std::string_view reason) {
  return {554, {5, 5, 1}, "This is an SMTP server", reason};
}
inline Reply http() { return not_smtp("http"); }
inline Reply tls_bytes() { return not_smtp("tls_bytes"); }
inline Reply proxy_header() { return not_smtp("proxy_header"); }

// The envelope.
// RFC 6531 section 3.5
inline Reply non_ascii_address() {
  return {553, {5, 6, 7}, "Non-ASCII address without SMTPUTF8", "non_ascii_address"};
}
inline Reply relay_denied() { return {550, {5, 7, 1}, "Relaying denied", "relay_denied"}; }
inline Reply no_such_user() { return {550, {5, 1, 1}, "No such mailbox", "no_such_user"}; }
inline Reply too_many_recipients() {
  return {452, {4, 5, 3}, "Too many recipients", "too_many_recipients"};
}
inline Reply too_many_messages() {
  return {452, {4, 5, 3}, "Too many messages in one session", "too_many_messages"};
}
inline Reply message_too_big() {
  return {552, {5, 3, 4}, "Message size exceeds the limit", "message_too_big"};
}
inline Reply insufficient_storage() {
  return {452, {4, 3, 1}, "Insufficient system storage", "no_space"};
}
inline Reply local_trouble() {
  return {451, {4, 3, 0}, "Local error in processing", "local_error"};
}

// The message.
inline Reply bad_newline_in_message() {
  return {554, {5, 6, 0}, "Message contains a bare <CR> or <LF>", "bad_newline"};
}
inline Reply nul_in_message() {
  return {554, {5, 6, 0}, "Message contains a NUL byte", "nul_byte"};
}
inline Reply header_too_big() {
  return {552, {5, 3, 4}, "Message header exceeds the limit", "header_too_big"};
}
inline Reply mail_loop() {
  return {554, {5, 4, 6}, "Too many Received fields: mail loop", "mail_loop"};
}
inline Reply delivered_before() {
  return {554, {5, 4, 6}, "Delivered to this mailbox before: mail loop", "delivered_before"};
}

// What was found about it. `domain` is peer text, and all that the peer is told of it.
inline Reply null_mx(std::string_view domain) {  // RFC 7505 section 4.2
  return {550,
          {5, 7, 27},
          "The sender's domain takes no mail (null MX): " + std::string(domain),
          "null_mx"};
}
inline Reply spf_fail(std::string_view domain) {  // RFC 7372 section 3.2
  return {
      550, {5, 7, 23}, "SPF: this client may not send mail of " + std::string(domain), "spf_fail"};
}
inline Reply spf_unknown(std::string_view domain) {
  return {451,
          {4, 4, 3},
          "SPF cannot be checked now, try again later: " + std::string(domain),
          "spf_temperror"};
}
// RFC 5322 section 3.6: one From field. RFC 9989 section 11.5: of one domain.
inline Reply no_from() { return {550, {5, 6, 0}, "The message has no From field", "no_from"}; }
inline Reply several_froms() {
  return {550, {5, 6, 0}, "The message has several From fields", "several_froms"};
}
inline Reply bad_from() { return {550, {5, 6, 0}, "The From field cannot be read", "bad_from"}; }
inline Reply no_from_domain() {
  return {
      550, {5, 6, 0}, "The From field has an address literal in place of a domain", "no_domain"};
}
inline Reply several_domains() {
  return {550, {5, 6, 0}, "The From field has mailboxes of several domains", "several_domains"};
}
inline Reply dmarc_fail(std::string_view domain) {  // RFC 9989 section 5.4
  return {550,
          {5, 7, 1},
          "DMARC: refused as the policy of the From domain asks: " + std::string(domain),
          "dmarc_fail"};
}
inline Reply dmarc_unknown(std::string_view domain) {
  return {451,
          {4, 4, 3},
          "DMARC cannot be checked now, try again later: " + std::string(domain),
          "dmarc_temperror"};
}
inline Reply spoofed(std::string_view domain) {
  return {550,
          {5, 7, 1},
          "Not authenticated as mail of the From domain, which is ours: " + std::string(domain),
          "spoofed"};
}
inline Reply spoofing_unknown(std::string_view domain) {
  return {451,
          {4, 4, 3},
          "The From domain cannot be authenticated now, try again later: " + std::string(domain),
          "spoof_temperror"};
}

// The end of the session. 421 may answer any command (RFC 5321 section 3.8).
// RFC 5321 section 3.1: behind a greeting of 554 a server MUST wait for QUIT. We close at once, and
// so give no descriptor to those who were refused because they take too many.
inline Reply access_denied() { return {554, {5, 7, 1}, "Access denied", "access_denied"}; }
inline Reply shutting_down() { return {421, {4, 3, 2}, "Service shutting down", "shutdown"}; }
inline Reply too_many_errors() { return {421, {4, 7, 0}, "Too many errors", "errors"}; }
inline Reply too_many_rcpt_commands() {
  return {421, {4, 7, 0}, "Too many RCPT commands", "rcpt_flood"};
}
inline Reply too_many_unknown_recipients() {
  return {421, {4, 7, 0}, "Too many unknown recipients", "unknown_recipients"};
}
inline Reply too_much_data() { return {421, {4, 7, 0}, "Too much data", "too_much_data"}; }
inline Reply timed_out() { return {421, {4, 4, 2}, "Timeout, closing connection", "timeout"}; }
inline Reply session_too_long() {
  return {421, {4, 4, 2}, "Session too long, closing connection", "session_deadline"};
}
inline Reply data_too_slow() {
  return {421, {4, 4, 2}, "Data too slow, closing connection", "slow_data"};
}

// Limits of a client's network (policy/limits.def says which). 450 and 452 leave the session as it
// is.
inline Reply banned() { return {421, {4, 7, 0}, "Your network is refused for a time", "banned"}; }
inline Reply too_many_connections() {
  return {421, {4, 7, 0}, "Too many connections from your network", "too_many_connections"};
}
inline Reply connection_rate() {
  return {421, {4, 7, 0}, "Too many new connections from your network", "connection_rate"};
}
inline Reply handshake_rate() {
  return {421, {4, 7, 0}, "Too many TLS handshakes from your network", "handshake_rate"};
}
inline Reply byte_rate() {
  return {450, {4, 7, 1}, "Too many bytes from your network, try again later", "byte_rate"};
}
inline Reply message_rate() {
  return {450, {4, 7, 1}, "Too many messages from your network, try again later", "message_rate"};
}
inline Reply recipient_rate() {
  return {
      452, {4, 5, 3}, "Too many recipients from your network, try again later", "recipient_rate"};
}
inline Reply error_rate() {
  return {421, {4, 7, 0}, "Too many errors from your network", "error_rate"};
}
inline Reply unknown_recipient_rate() {
  return {
      421, {4, 7, 0}, "Too many unknown recipients from your network", "unknown_recipient_rate"};
}
// Nothing of our inside is told.
inline Reply verifier_crash_rate() {
  return {421, {4, 7, 0}, "Too much trouble with mail from your network", "verifier_crash_rate"};
}
inline Reply unknown_recipients() {
  return {452, {4, 5, 3}, "Too many unknown recipients", "unknown_recipients"};
}

// Of what all clients share there is too little for one more.
inline Reply too_many_sessions() {
  return {421, {4, 3, 2}, "Too many sessions, try again later", "too_many_sessions"};
}
inline Reply crowded() {
  return {421, {4, 3, 2}, "Too many sessions, and this one stands still", "crowded"};
}
inline Reply too_many_handshakes() {
  return {421, {4, 3, 2}, "Too many TLS handshakes, try again later", "too_many_handshakes"};
}
inline Reply too_many_networks() {
  return {421, {4, 3, 2}, "Too many clients, try again later", "too_many_networks"};
}
inline Reply short_of_memory() {
  return {421, {4, 3, 2}, "Short of memory, try again later", "memory"};
}
inline Reply short_of_descriptors() {
  return {421, {4, 3, 2}, "Too many open files, try again later", "descriptors"};
}
inline Reply short_of_space() {
  return {421, {4, 3, 2}, "Short of storage, try again later", "spool_space"};
}

}  // namespace smtp::replies
