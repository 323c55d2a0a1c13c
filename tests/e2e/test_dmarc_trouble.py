# SPDX-License-Identifier: Apache-2.0
"""Keys and policies that the DNS does not give, and verifiers that die: what is open is deferred,
never refused for good, and what does not depend on it is accepted."""
import concurrent.futures
import os
import signal
import threading
import time

import dns_server
import harness
from dns_server import MISDEEDS, SERVERS_FOR_LONG, DnsServer, answer, misbehave, txt
from harness import Dialog, stuffed
from judging import INBOX, JUNK, judge
from signing import Ed25519Key, RsaKey, sign

CLIENT = "127.0.5.1"
SLACK = 9  # seconds that a busy machine may take longer
TIMEOUT = 4  # seconds, of a question: an answer that does come must not be missed
ED, LARGE = Ed25519Key(), RsaKey(4096)
OPEN = "451 4.4.3 "


def config(*endpoints, on_error="defer", deadline="40s", timeout=f"{TIMEOUT}s", workers=2):
    servers = ", ".join(f'"{endpoint}"' for endpoint in endpoints)
    return (f'[dns]\nservers = [{servers}]\ntimeout = "{timeout}"\n'
            f'[auth]\ndeadline = "{deadline}"\non_temporary_error = "{on_error}"\n'
            f'[workers]\nuser = "{harness.unprivileged_user()}"\nsmtp_threads = 2\n'
            f'verifiers = {workers}\n{harness.EXEMPT}')


def mail(author, *signers, selector="s"):
    """`signers` are domains, the last on top."""
    message = f"From: Alice <alice@{author}>\r\nTo: info@ours.test\r\n\r\nText\r\n".encode()
    for signer in signers:
        message = sign(message, ED, signer, selector, fields=("from", "to"))
    return message


def script(query):
    """KIND.key.test has keys of that kind, KIND.policy.test policies. The rest is well: a policy of
    POLICY.test and below, a key for all, and SPF."""
    labels = query.name.split(".")
    kind = labels[-3] if len(labels) > 2 else ""
    if query.type != "TXT" or labels[-1] != "test":
        return answer(query)
    if "_domainkey" in labels:
        key = txt(ED.record())
        return misbehave(kind, query, key) if kind in MISDEEDS and labels[-2] == "key" else \
            answer(query, key)
    if labels[0] != "_dmarc":
        return answer(query, *([txt(f"v=spf1 ip4:{CLIENT} -all")] if labels[0] == "spf" else []))
    if kind in MISDEEDS and labels[-2] == "policy":
        return misbehave(kind, query, txt("v=DMARC1; p=reject"))
    policy = {"none": "none", "quarantine": "quarantine", "key": "reject",
              "reject": "reject"}.get(labels[-2])
    return answer(query, *([txt(f"v=DMARC1; p={policy}")] if policy else []))


def held_until(event, its_script=script):
    """Keys of slow.key.test are answered when the event is set."""
    def slow(query):
        is_slow = query.name.endswith("_domainkey.slow.key.test")
        return None if is_slow and not event.is_set() else its_script(query)
    return slow


class Trouble(harness.TestCase):
    def dns(self, its_script=script, **options):
        server = DnsServer(its_script, **options).start()
        self.addCleanup(server.stop)
        return server

    def check(self, server, message, reply, sender="bounces.test", folder=INBOX, **fields):
        """One message, what it is answered, and fields of its line in the log."""
        judged = judge(server, sender, CLIENT, message=message)
        self.assertEqual(judged.reply[:10], reply, judged.event)
        self.assertIn(judged.folder, (None, folder))
        self.assertEqual({name: judged.event.get(name) for name in fields}, fields)
        return judged

    def send_all(self, server, messages):
        """{name: answer}, all at the same time."""
        def one(message):
            with Dialog.tls(server, CLIENT) as dialog:
                return dialog.deliver(message, "info@ours.test")
        with concurrent.futures.ThreadPoolExecutor(len(messages)) as pool:
            return dict(zip(messages, pool.map(one, messages.values())))


class BadAnswers(Trouble):
    def check_all(self, server, messages, reply):
        begin = time.monotonic()
        replies = self.send_all(server, messages)
        self.assertEqual({name: text for name, text in replies.items()
                          if not text.startswith(reply)}, {})
        # Each of the two names of a message that has them may take its time.
        self.assertLess(time.monotonic() - begin, 2 * TIMEOUT + SLACK)

    def test_keys(self):
        server = self.start(config(self.dns().endpoint))
        # The only identifier that could be aligned.
        self.check_all(server, {kind: mail(f"{kind}.key.test", f"{kind}.key.test")
                                for kind in MISDEEDS}, OPEN)
        events = server.wait_events("reject", len(MISDEEDS))
        fields = ("reason", "dmarc", "policy", "disposition")
        self.assertEqual({tuple(event[name] for name in fields) for event in events},
                         {("dmarc_temperror", "temperror", "reject", "defer")})
        self.assertEqual({event["dkim"] for event in events},
                         {f"temperror:{kind}.key.test/s" for kind in MISDEEDS})
        # Another signature, SPF, or that nobody asks for anything.
        for kind in ("servfail", "silent", "half"):
            bad = f"{kind}.key.test"
            self.check(server, mail("reject.test", "reject.test", bad), "250 2.0.0 ", dmarc="pass",
                       dkim=f"pass:reject.test/s,temperror:{bad}/s")
            self.check(server, mail("spf.reject.test", bad), "250 2.0.0 ", "a@spf.reject.test",
                       dmarc="pass", spf="pass", dkim=f"temperror:{bad}/s")
            self.check(server, mail("free.test", bad), "250 2.0.0 ", dmarc="none")
        # A signer that is not aligned decides nothing, whatever his key says.
        self.check(server, mail("reject.test", bad), "550 5.7.1 ", dmarc="fail")

    def test_policies(self):
        server = self.start(config(self.dns().endpoint))
        for signers in (lambda kind: [], lambda kind: [f"{kind}.policy.test"]):
            self.check_all(server, {kind: mail(f"{kind}.policy.test", *signers(kind))
                                    for kind in MISDEEDS}, OPEN)
        self.assertEqual({(event["reason"], event["dmarc"], event.get("policy"))
                          for event in server.wait_events("reject", 2 * len(MISDEEDS))},
                         {("dmarc_temperror", "temperror", None)})
        # Whose domain has a record of its own does not depend on what is above.
        self.check(server, mail("reject.test", "reject.test"), "250 2.0.0 ", dmarc="pass")

    def test_nothing_waits_where_mail_is_to_flow(self):
        server = self.start(config(self.dns().endpoint, on_error="accept"))
        for what, signed in (("key", True), ("policy", True), ("policy", False)):
            names = {kind: f"{kind}.{what}.test" for kind in MISDEEDS}
            self.check_all(server, {kind: mail(name, *([name] if signed else []))
                                    for kind, name in names.items()}, "250 2.0.0 ")
        accepted = server.wait_events("accept", 3 * len(MISDEEDS))
        self.assertEqual({(event["dmarc"], event["disposition"]) for event in accepted},
                         {("temperror", "deliver")})
        self.assertEqual(server.mails("ours.test/info/.Junk"), [])

    def test_where_nothing_is_asked_for_nothing_waits(self):
        """p=none, and quarantine for the difference."""
        def its_script(query):
            if "_domainkey" in query.name:
                return answer(query, code=dns_server.SERVFAIL)
            return script(query)
        server = self.start(config(self.dns(its_script).endpoint))
        self.check(server, mail("none.test", "none.test"), "250 2.0.0 ", dmarc="temperror",
                   policy="none", dkim="temperror:none.test/s")
        self.check(server, mail("quarantine.test", "quarantine.test"), OPEN, dmarc="temperror",
                   policy="quarantine")

    def test_records_that_come_by_tcp_only(self):
        record = txt("v=DKIM1; n=" + "x" * 3000 + LARGE.record().removeprefix("v=DKIM1"))

        def its_script(query):
            if "_domainkey" in query.name:
                return answer(query, record) if query.tcp else dns_server.truncated(query)
            if query.name == "_dmarc.reject.test" and not query.tcp:
                return dns_server.truncated(query)
            return script(query)
        server = self.start(config(self.dns(its_script).endpoint, timeout="20s"))
        message = sign(mail("reject.test"), LARGE, "reject.test", "s", fields=("from",))
        self.check(server, message, "250 2.0.0 ", dmarc="pass", dkim="pass:reject.test/s")

    def test_an_exception_that_cannot_be_checked(self):
        """It may be the mail of the list, and it may not."""
        exception = ('[[auth.dmarc.exception]]\ndkim_domain = "servfail.key.test"\n'
                     'until = "2999-12-31"\nreason = "list"\n')
        dns = self.dns()
        forged, quarantined = (mail(author, "servfail.key.test")
                               for author in ("reject.test", "quarantine.test"))
        server = self.start(config(dns.endpoint) + exception)
        for message in (forged, quarantined):
            self.check(server, message, OPEN, dmarc="fail", disposition="defer")
        server = self.start(config(dns.endpoint, on_error="accept") + exception)
        for message in (forged, quarantined):
            self.check(server, message, "250 2.0.0 ", folder=JUNK, dmarc="fail",
                       disposition="quarantine")

    def test_our_own_domain(self):
        """That it is spoofed is not known before its key is."""
        domains = harness.DOMAINS.replace('name = "ours.test"',
                                          'name = "ours.test"\nspoof_protection = "reject"')

        def its_script(query):
            if query.name.endswith("_domainkey.ours.test"):
                return answer(query, code=dns_server.SERVFAIL)
            return script(query)
        server = self.start(config(self.dns(its_script).endpoint), domains=domains)
        self.check(server, mail("ours.test", "ours.test"), OPEN, reason="spoof_temperror")
        self.check(server, mail("ours.test"), "550 5.7.1 ", reason="spoofed")

    def test_no_dns_at_all(self):
        port = dns_server.nsd.free_port("127.0.0.1")
        server = self.start(config(f"127.0.0.1:{port}", timeout="500ms"))
        message = mail("reject.test", "reject.test")
        self.check(server, message, OPEN, dmarc="temperror", dkim="temperror:reject.test/s")
        self.check(server, mail("reject.test"), OPEN)
        # It is there again, and the message comes again.
        self.dns(port=port)
        harness.wait_for(lambda: judge(server, "bounces.test", CLIENT, message=message)
                         .event["dmarc"] == "pass", "the message")
        harness.wait_for(lambda: judge(server, "bounces.test", CLIENT, message=mail("reject.test"))
                         .reply.startswith("550 5.7.1 "), "the refusal")

    def test_a_key_that_misses_the_deadline_of_a_slow_body(self):
        server = self.start(config(self.dns(held_until(threading.Event())).endpoint, timeout="30s",
                                   deadline="1s"))
        message = stuffed(mail("slow.key.test", "slow.key.test"))

        def finish(dialog):
            dialog.command("DATA", 354)
            dialog.send(message[:-6])
            time.sleep(2)
            begin = time.monotonic()
            dialog.send(message[-6:] + b".\r\n")
            reply = dialog.reply()[-1]
            self.assertLess(time.monotonic() - begin, SLACK)
            return reply
        judged = judge(server, "bounces.test", CLIENT, finish=finish)
        self.assertEqual((judged.reply[:10], judged.event["dkim"]),
                         (OPEN, "temperror:slow.key.test/s"))


class DyingVerifiers(Trouble):
    def test_while_it_has_a_message(self):
        """It costs that message 451, and no other."""
        server = self.start(config(self.dns().endpoint, timeout="20s", workers=1))
        for message in (mail("reject.test", "reject.test"), self.large("reject.test")):
            border = message.index(b"\r\n\r\n") + 4
            for end in (border, border + (len(message) - border) // 2, len(message)):
                with Dialog.tls(server, CLIENT) as dialog:
                    # So that it gets the job when that begins, and keeps it.
                    os.kill(server.roles()["postern-verify.1"], signal.SIGSTOP)
                    dialog.begin("info@ours.test")
                    dialog.send(message[:end])
                    server.kill_role("verify.1")
                    dialog.send(message[end:] + b".\r\n")
                    dialog.expect(451, "4.3.0")
                    self.assertRegex(dialog.deliver(message, "info@ours.test"), "^250 ")
        self.assertEqual([event["dmarc"] for event in server.wait_events("accept", 6)],
                         ["pass"] * 6)
        self.assertEqual(server.events("ipc_violation"), [])

    def large(self, author):
        """Above 1 MiB: deliver collects it."""
        body = b"a line of text\r\n" * 200000
        message = f"From: Alice <alice@{author}>\r\nTo: info@ours.test\r\n\r\n".encode() + body
        return sign(message, ED, author, "s", fields=("from", "to"))

    def test_while_the_dns_is_asked(self):
        """None of them has the message then; their successors get all of it."""
        held = threading.Event()
        dns = [self.dns(held_until(held)) for _ in range(SERVERS_FOR_LONG)]
        server = self.start(config(*(one.endpoint for one in dns), timeout="30s"))
        with Dialog.tls(server, CLIENT) as dialog:
            dialog.begin("info@ours.test")
            dialog.send(self.large("slow.key.test") + b".\r\n")
            harness.wait_for(lambda: any(one.count("s._domainkey.slow.key.test") for one in dns),
                             "the question")
            time.sleep(3)  # its body has been to them and back
            for role in ("verify.1", "verify.2"):
                server.kill_role(role)
            held.set()
            dialog.expect(250)
        event = server.wait_event("accept")
        self.assertEqual((event["dkim"], event["dmarc"]), ("pass:slow.key.test/s", "pass"))

    def test_under_load(self):
        """Who dies lets no forgery in, and keeps out for good what is none."""
        server = self.start(config(self.dns(delay=0.02).endpoint, timeout="20s"))
        messages = {"signed": mail("reject.test", "reject.test"), "forged": mail("reject.test")}
        replies, stop = {name: set() for name in messages}, threading.Event()

        def work(name):
            while not stop.is_set():
                with Dialog.tls(server, CLIENT) as dialog:
                    replies[name].add(dialog.deliver(messages[name], "info@ours.test")[:9])
        threads = [threading.Thread(target=work, args=(name,)) for name in messages for _ in "123"]
        for thread in threads:
            thread.start()
        for role in ("verify.1", "verify.2", "verify.1"):
            server.kill_role(role)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(replies["signed"] - {"451 4.3.0"}, {"250 2.0.0"})
        self.assertEqual(replies["forged"] - {"451 4.3.0"}, {"550 5.7.1"})


if __name__ == "__main__":
    harness.main()
