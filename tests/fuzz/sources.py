# SPDX-License-Identifier: Apache-2.0
"""Which sources each fuzz target is meant for. Its coverage is that of these; whatever stands in
PARSERS and belongs to no target is a complaint."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests/fuzz/corpus"

IPC = ["lib/ipc/frame.cc", "lib/ipc/protocol.cc"]
ADDRESS = ["lib/mail/address.cc", "lib/mail/domain.cc", "lib/mail/idn.cc",
           "lib/base/ip_address.cc", "lib/base/utf8.cc"]
DKIM = ["lib/auth/dkim.cc", "lib/auth/dkim_bodies.cc", "lib/auth/dkim_body.cc",
        "lib/auth/dkim_canonical.cc", "lib/auth/dkim_crypto.cc", "lib/auth/dkim_fields.cc",
        "lib/auth/dkim_key.cc", "lib/auth/dkim_library.cc", "lib/auth/dkim_screen.cc",
        "lib/auth/dkim_signature.cc", "lib/auth/dkim_tags.cc", "lib/auth/dkim_verdict.cc",
        "lib/auth/rsa_key.cc", "lib/base/base64.cc"]
DMARC = ["lib/auth/author_domain.cc", "lib/auth/dmarc.cc", "lib/auth/dmarc_discovery.cc",
         "lib/auth/dmarc_identifier.cc", "lib/auth/dmarc_record.cc",
         "lib/auth/dmarc_verdict.cc"]
SESSION = ["lib/smtp/body_reader.cc", "lib/smtp/commands.cc", "lib/smtp/dot_reader.cc",
           "lib/smtp/extension.cc", "lib/smtp/foreign.cc", "lib/smtp/grammar.cc",
           "lib/smtp/input_buffer.h", "lib/smtp/line_reader.cc", "lib/smtp/message_content.cc",
           "lib/smtp/reply.cc", "lib/smtp/session.cc", "lib/smtp/session_body.cc",
           "lib/smtp/session_commands.cc", "lib/smtp/state.cc"]

SOURCES = {
    "address": ADDRESS,
    "answer_text": ["lib/dns/answer_text.cc", "lib/dns/answer_check.cc"],
    "auth_results": ["lib/mail/auth_results.cc", "lib/policy/auth_results.cc",
                     "lib/mail/folded.cc"],
    "ban_text": ["lib/policy/bans.cc", "lib/base/time.cc"],
    "body_reader": ["lib/smtp/body_reader.cc", "lib/smtp/dot_reader.cc",
                    "lib/smtp/message_content.cc"],
    "command_line": ["lib/smtp/commands.cc", "lib/smtp/extension.cc", "lib/smtp/grammar.cc",
                     "lib/smtp/line_reader.cc"],
    "config": ["lib/config/closest.cc", "lib/config/cross_checks.cc", "lib/config/diagnostic.cc",
               "lib/config/interpret.cc", "lib/config/load.cc", "lib/config/mailboxes_file.cc",
               "lib/config/resolv_conf.cc", "lib/config/toml_source.cc", "lib/config/values.cc"],
    "control_request": ["daemon/supervisor/network_report.cc"],
    "dkim_screen": DKIM,
    "dmarc_record": ["lib/auth/dmarc_record.cc"],
    "dmarc_walk": DMARC,
    "dns_message": ["lib/dns/message.cc", "lib/dns/answer.cc", "lib/dns/answer_check.cc"],
    "from": ["lib/mail/from.cc", "lib/mail/rfc5322_lexer.cc"],
    "header_fields": ["lib/mail/header_fields.cc", "lib/mail/header_scan.cc",
                      "lib/mail/delivered_to.cc"],
    "history_text": ["lib/policy/history.cc"],
    "ipc_from_role": IPC,
    "ipc_from_supervisor": IPC,
    "ipc_smtp_deliver": IPC,
    "ipc_smtp_resolve": IPC,
    "ipc_smtp_verify": IPC,
    "line_ends": ["lib/spool/line_ends.cc"],
    "local_data": ["lib/dns/local_data.cc"],
    "log_line": ["lib/obs/render.cc"],
    "proxy_header": ["lib/smtp/proxy_header.cc"],
    "second_opinion": ["lib/auth/second_opinion/dmarc_guard.cc",
                       "lib/auth/second_opinion/dmarc_question.cc",
                       "lib/auth/second_opinion/opendmarc.cc",
                       "lib/auth/second_opinion/reviewer.cc", "lib/auth/second_opinion/spf2.cc",
                       "lib/auth/second_opinion/spf_guard.cc"],
    "session": SESSION,
    "smtp_answers": ["daemon/ctl/tables.cc", "daemon/supervisor/network_report.cc"],
    "spf_eval": ["lib/auth/spf_eval.cc", "lib/auth/spf_macro.cc", "lib/auth/spf_record.cc",
                 "lib/dns/answer_table.cc", "lib/dns/name.cc", "lib/dns/question.cc"],
    "spf_macro": ["lib/auth/spf_macro.cc"],
    "spf_record": ["lib/auth/spf_record.cc"],
    "stored_trace": ["lib/mail/stored_trace.cc", "lib/mail/trace.cc", "lib/mail/folded.cc"],
    "trace_fields": ["lib/mail/trace.cc", "lib/mail/stored_trace.cc", "lib/mail/folded.cc"],
    "verdicts": ["daemon/ctl/verify_findings.cc", "daemon/ctl/verify_report.cc",
                 "lib/policy/auth_results.cc", "lib/policy/decide.cc",
                 "lib/policy/dmarc_exceptions.cc"],
    "verify_input": ["daemon/ctl/verify_envelope.cc", "daemon/ctl/verify_input.cc",
                     "daemon/ctl/verify_record.cc"],
    "verify_job": ["lib/auth/iprev.cc", "lib/auth/null_mx.cc", "lib/auth/session_facts.cc",
                   "lib/auth/spf.cc", "lib/auth/verdict.cc", "lib/auth/verdict_check.cc",
                   "lib/auth/verify.cc"],
    "wire": ["lib/ipc/wire.cc", "lib/ipc/wire.h"],
}

# Folders in which every source reads what strangers or a breached role have written, but for these.
PARSERS = ["lib/auth", "lib/dns", "lib/ipc", "lib/mail", "lib/smtp"]
NO_PARSERS = {
    "lib/auth/public_suffixes.cc": "opens a file of the system",
    "lib/ipc/channel.cc": "socket calls; what it reads goes to frame.cc",
    "lib/smtp/session_clock.cc": "times only",
}


def targets():
    return sorted(path.name for path in CORPUS.iterdir())


def complaints():
    """What does not hold of the table."""
    listed = {source for sources in SOURCES.values() for source in sources}
    yield from (f"{source}: there is no such file" for source in sorted(listed | set(NO_PARSERS))
                if not (ROOT / source).is_file())
    yield from (f"{target}: a target without sources, or sources without a target"
                for target in sorted(SOURCES.keys() ^ set(targets())))
    parsers = {str(path.relative_to(ROOT)) for folder in PARSERS
               for path in (ROOT / folder).rglob("*.cc")}
    yield from (f"{source}: a parser that no target is meant for"
                for source in sorted(parsers - listed - NO_PARSERS.keys()))
    yield from (f"{source}: belongs to a target, and is said to be no parser"
                for source in sorted(listed & NO_PARSERS.keys()))
