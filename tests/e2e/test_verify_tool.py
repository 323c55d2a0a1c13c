# SPDX-License-Identifier: Apache-2.0
"""`postern verify`: what it says about a message is what the server does with it; recorded answers
give the same verdicts without a network; what goes wrong is said in a sentence."""
import contextlib
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import harness
import nsd
from harness import BUILD, MESSAGE, Dialog, needs_root, wait_for

REFUSED, USAGE, DATA, NO_INPUT = 1, 64, 65, 66
UNAVAILABLE, OS_ERROR, CANNOT_CREATE, CONFIG = 69, 71, 73, 78
MAX_MESSAGE = 128 << 20

ZONES = {
    "pass.test": '@ TXT "v=spf1 include:spf.pass.test -all"\n'
                 'spf TXT "v=spf1 a:mail.pass.test -all"\n'
                 "mail A 127.0.0.1\n@ MX 10 mail\n",
    "fail.test": '@ TXT "v=spf1 ip4:192.0.2.1 -all"\n@ MX 10 mail\n',
    "none.test": "@ MX 10 mail\n",
    "null.test": '@ MX 0 .\n@ TXT "v=spf1 -all"\n',
    "net": "",
    "0.0.127.in-addr.arpa": "1 PTR mail.pass.test.\n",
}
REJECT = '[auth.spf]\non_fail = "reject"\n'
MAIL_FROM = "<a@pass.test>"
AUTHOR = 'local_data = ["net TXT nothing"]\n'  # of the message: a domain without a policy


def dns_table(endpoint, more=AUTHOR):
    return f'[dns]\nservers = ["{endpoint}"]\n{more}'


@contextlib.contextmanager
def silent_server():
    """Takes questions, and answers none: where it is, and its socket."""
    port = nsd.free_port("127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        udp.bind(("127.0.0.1", port))
        tcp.bind(("127.0.0.1", port))
        tcp.listen()
        udp.settimeout(harness.WAIT_SECONDS)
        yield f"127.0.0.1:{port}", udp


def verdict(report, check, of):
    return next(v for v in report["verdicts"] if (v["check"], v["of"]) == (check, of))


def without_times(report):
    """What a replay says again. When answers came makes the order of questions, and the rounds."""
    report = json.loads(json.dumps(report))
    del report["ms"], report["rounds"], report["replayed"], report["session"]["origins"]
    for row in report["lookups"]:
        del row["ms"], row["round"]
    report["lookups"].sort(key=lambda row: (row["name"], row["type"]))
    return report


class ToolCase(harness.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(
            tempfile.mkdtemp(prefix="verify-", dir=harness.shared_directory()))
        self.directory.chmod(0o755)
        self.message = self.write("message", MESSAGE)

    def write(self, name, content):
        path = self.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def programs(self, *roles):
        """A copy of `postern` beside these roles alone."""
        place = pathlib.Path(tempfile.mkdtemp(dir=self.directory))
        place.chmod(0o755)
        (place / "libexec").mkdir()
        shutil.copy(BUILD / "postern", place)
        for role in roles:
            shutil.copy(BUILD / f"libexec/postern-{role}", place / "libexec")
        return place / "postern"

    def configuration(self, text):
        return harness.Server(text).config_path

    def command(self, config, *more, sender=MAIL_FROM, helo="mail.pass.test", ip="127.0.0.1",
                file=None, program=BUILD / "postern", given=True):
        """Without `given` it is not said where the message came from."""
        session = ["--ip", ip, "--helo", helo, "--from", sender] if given else []
        return [str(program), "verify", str(file or self.message), *session, "-c", str(config),
                *map(str, more)]

    def verify(self, config, *more, code=0, prefix=(), stdin=b"", **options):
        """Standard output and standard error of a run that ends with `code`; None: with any that
        has a report."""
        done = subprocess.run([*prefix, *self.command(config, *more, **options)], input=stdin,
                              capture_output=True, timeout=60, check=False)
        out, err = done.stdout.decode(), done.stderr.decode()
        self.assertIn(done.returncode, (0, REFUSED) if code is None else (code,), out + err)
        return out, err

    def report(self, *arguments, **options):
        return json.loads(self.verify(*arguments, "--json", **options)[0])

    def complaint(self, code, *arguments, **options):
        """What it says when it can judge nothing: one line, and nothing on standard output."""
        out, err = self.verify(*arguments, code=code, **options)
        self.assertEqual(out, "")
        self.assertRegex(err, r"\Apostern: [^\n]+\n\Z")
        return err[len("postern: "):-1]


class Verdicts(ToolCase):
    @classmethod
    def setUpClass(cls):
        cls.dns = nsd.Nsd(ZONES).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.config = harness.Server(dns_table(cls.dns.endpoint) + REJECT).config_path

    def test_pass(self):
        report = self.report(self.config)
        spf = verdict(report, "spf", "mailfrom")
        self.assertEqual((spf["result"], spf["name"], spf["section"], spf["mechanism"]),
                         ("pass", "pass.test", "RFC 7208 section 4.6.2", "include:spf.pass.test"))
        self.assertEqual(verdict(report, "spf", "helo")["result"], "none")
        self.assertEqual(verdict(report, "iprev", "client")["result"], "pass")
        self.assertEqual(verdict(report, "null_mx", "mailfrom")["result"], "no")
        self.assertEqual(report["disposition"], "deliver")
        self.assertEqual(report["reply"]["line"], "250 2.0.0 Ok: queued as QUEUE-ID")
        self.assertRegex(report["session"].pop("time"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(report["session"], {
            "client": "127.0.0.1", "helo": "mail.pass.test", "from": MAIL_FROM,
            "receiver": harness.HOSTNAME,
            "origins": {"client": "--ip", "helo": "--helo", "from": "--from", "time": "clock"}})
        asked = {(row["name"], row["type"]): row for row in report["lookups"]}
        self.assertEqual(len(asked), len(report["lookups"]))
        self.assertEqual(asked["spf.pass.test", "TXT"]["round"], 2)
        self.assertEqual(asked["spf.pass.test", "TXT"]["records"],
                         ['"v=spf1 a:mail.pass.test -all"'])
        self.assertEqual(asked["1.0.0.127.in-addr.arpa", "PTR"]["records"], ["mail.pass.test"])
        self.assertEqual(asked["mail.pass.test", "TXT"]["status"], "nodata")
        for row in report["lookups"]:
            self.assertEqual(row["security"], "unknown")
            self.assertGreater(row["ms"], 0)
        self.assertEqual(report["rounds"], max(row["round"] for row in report["lookups"]))

    def test_fail(self):
        report = self.report(self.config, sender="a@fail.test", code=REFUSED)
        self.assertEqual(verdict(report, "spf", "mailfrom")["mechanism"], "-all")
        self.assertEqual(report["disposition"], "reject")
        self.assertEqual(report["reply"]["reason"], "spf_fail")
        self.assertEqual(report["reply"]["line"],
                         "550 5.7.23 SPF: this client may not send mail of fail.test")

    def test_fail_that_is_only_marked(self):
        config = self.configuration(dns_table(self.dns.endpoint))
        report = self.report(config, sender="a@fail.test")
        self.assertEqual(verdict(report, "spf", "mailfrom")["result"], "fail")
        self.assertEqual(report["disposition"], "deliver")

    def test_none(self):
        report = self.report(self.config, sender="a@none.test", ip="127.0.0.9")
        self.assertEqual(verdict(report, "spf", "mailfrom")["result"], "none")
        self.assertEqual(verdict(report, "iprev", "client")["result"], "permerror")

    def test_null_mx(self):
        report = self.report(self.config, sender="a@null.test", code=REFUSED)
        self.assertEqual(verdict(report, "null_mx", "mailfrom")["result"], "yes")
        self.assertTrue(report["reply"]["line"].startswith("550 5.7.27 "))

    def test_null_sender(self):
        for sender in ("", "<>"):
            report = self.report(self.config, sender=sender, helo="fail.test", code=REFUSED)
            self.assertEqual(report["session"]["from"], "<>")
            spf = verdict(report, "spf", "mailfrom")
            self.assertEqual((spf["result"], spf["name"]), ("fail", "fail.test"))
            self.assertIn("smtp.mailfrom=postmaster@fail.test", report["authentication_results"])

    def test_text(self):
        out, _ = self.verify(self.config, sender="a@fail.test", code=REFUSED)
        for line in (r"from      <a@fail\.test>",
                     r"1 +\d+\.\d +fail\.test +TXT +records +unknown "
                     r' +"v=spf1 ip4:192\.0\.2\.1 -all"',
                     r"\d+ lookups in \d rounds, \d+\.\d ms",
                     r"spf +mailfrom +fail\.test +fail +RFC 7208 section 4\.6\.2 +unknown"
                     r" +-all of .*",
                     r"disposition  reject, reason=spf_fail",
                     r"reply        550 5\.7\.23 .*",
                     r"put on top   Authentication-Results: mx\.ours\.test;"):
            self.assertRegex(out, f"(?m)^{line}$")

    def test_the_server_does_the_same(self):
        server = self.start(dns_table(self.dns.endpoint) + REJECT)
        for sender in ("a@pass.test", "a@fail.test", "a@null.test"):
            code = 0 if sender == "a@pass.test" else REFUSED
            report = self.report(server.config_path, sender=sender, helo="client.example.net",
                                 code=code)
            with Dialog.tls(server) as dialog:
                dialog.begin("info@ours.test", sender=sender)
                reply = dialog.finish(MESSAGE)
            self.assertEqual(re.sub("(queued as ).*", r"\1QUEUE-ID", reply),
                             report["reply"]["line"])
            if code == 0:
                [mail] = server.mails("ours.test/info")
                field = report["authentication_results"].replace("\r\n", "\n")
                self.assertIn(f"\n{field}\n", mail.decode())

    def test_what_we_would_take_out(self):
        """Fields of ours that do not stand as we write them came with the message."""
        stored = self.write("stored", b"Return-Path: <a@pass.test>\nAuthentication-Results:\n"
                                      b"\tMX.ours.test; spf=pass\n" + MESSAGE.replace(b"\r", b""))
        report = self.report(self.config, file=stored)
        self.assertEqual(report["message"]["taken_off"], [])
        self.assertEqual(report["message"]["taken_out"],
                         ["Return-Path: <a@pass.test>",
                          "Authentication-Results:\tMX.ours.test; spf=pass"])
        self.assertEqual(report["message"]["header_fields"], 6)
        self.assertEqual(report["message"]["bytes"],
                         len(stored.read_bytes().replace(b"\n", b"\r\n")))

    def test_standard_input(self):
        report = self.report(self.config, file="-", stdin=MESSAGE)
        self.assertEqual(report["message"]["bytes"], len(MESSAGE))

    @needs_root
    def test_as_an_ordinary_user(self):
        account = pwd.getpwnam(harness.unprivileged_user())
        config = self.configuration(dns_table(self.dns.endpoint) + REJECT)
        key = self.directory / "key"
        shutil.copy(harness.certificate()[1], key)
        key.chmod(0o644)
        config.write_text(config.read_text().replace(str(harness.certificate()[1]), str(key)))
        program = self.programs("verify", "resolve")
        other = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}",
                 "--clear-groups"]
        report = self.report(config, program=program, prefix=other)
        self.assertEqual(verdict(report, "spf", "mailfrom")["result"], "pass")


class DeadDns(ToolCase):
    def test_who_does_not_answer(self):
        with silent_server() as (endpoint, _):
            config = self.configuration(dns_table(endpoint, 'timeout = "500ms"\n') + REJECT)
            begun = time.monotonic()
            report = self.report(config, code=REFUSED)
            self.assertLess(time.monotonic() - begun, 20)  # half of auth.deadline
        self.assertEqual(verdict(report, "spf", "mailfrom")["result"], "temperror")
        self.assertEqual(verdict(report, "null_mx", "mailfrom")["result"], "unknown")
        self.assertEqual(report["disposition"], "defer")
        self.assertTrue(report["reply"]["line"].startswith("451 4.4.3 "))
        for row in report["lookups"]:
            self.assertEqual(row["status"], "failure")
            self.assertNotEqual(row["reason"], "")

    def test_the_deadline_of_all_checks(self):
        with silent_server() as (endpoint, _):
            config = self.configuration(dns_table(endpoint, 'timeout = "50s"\n') + REJECT +
                                        '[auth]\ndeadline = "1s"\n')
            record = self.directory / "record"
            report = self.report(config, "--record", record, code=REFUSED)
        spf = verdict(report, "spf", "mailfrom")
        self.assertEqual((spf["result"], spf["reason"]),
                         ("temperror", "the checks were not done within auth.deadline"))
        for row in report["lookups"]:
            self.assertEqual((row["ms"], row["reason"]), (None, "no answer within auth.deadline"))
        again = self.report(config, "--replay", record, code=REFUSED)
        self.assertEqual(again["reply"], report["reply"])


class Records(ToolCase):
    """Recorded with a server, replayed without."""

    def record(self, name, sender, code=0):
        return self.report(self.config, "--record", self.directory / name, sender=sender, code=code)

    def replay(self, name, sender, code=0, **options):
        return self.report(self.config, "--replay", self.directory / name, sender=sender, code=code,
                           **options)

    def setUp(self):
        super().setUp()
        self.dns = nsd.Nsd(ZONES).start()
        self.config = self.configuration(dns_table(self.dns.endpoint) + REJECT)
        self.addCleanup(lambda: self.dns.process.poll() is None and self.dns.stop())

    def test_the_same_without_a_network(self):
        cases = [("a@pass.test", 0), ("a@fail.test", REFUSED), ("a@null.test", REFUSED), ("<>", 0)]
        recorded = [self.record(f"record{i}", *case) for i, case in enumerate(cases)]
        self.dns.stop()
        program = self.programs("verify")  # nobody is there who could ask
        for i, (case, live) in enumerate(zip(cases, recorded)):
            again = self.replay(f"record{i}", *case, program=program)
            self.assertTrue(again["replayed"])
            self.assertIsNone(again["ms"])
            self.assertEqual(without_times(again), without_times(live))

    def test_a_record_of_another_message(self):
        self.record("record", "a@pass.test")
        out, err = self.verify(self.config, "--json", "--replay", self.directory / "record",
                               sender="a@fail.test", code=REFUSED)
        report = json.loads(out)
        self.assertEqual(verdict(report, "spf", "mailfrom")["result"], "temperror")
        self.assertEqual(report["reply"]["code"], 451)
        warning = "2 of the answers were never recorded, and count as failures"
        self.assertIn(f"postern: warning: {warning}\n", err)
        self.assertIn(warning, report["warnings"])

    def test_a_record_can_be_written_by_hand(self):
        self.record("record", "a@fail.test", REFUSED)
        path = self.directory / "record"
        self.assertTrue(path.read_text().startswith(
            "; client 127.0.0.1\n; helo mail.pass.test\n; from <a@fail.test>\n"))
        path.write_text(path.read_text().replace("ip4:192.0.2.1", "ip4:127.0.0.1"))
        report = self.replay("record", "a@fail.test")
        self.assertEqual(verdict(report, "spf", "mailfrom")["result"], "pass")

    def test_a_record_that_cannot_be_written(self):
        out, err = self.verify(self.config, "--record", "/nowhere/record", code=CANNOT_CREATE)
        self.assertIn("disposition", out)
        self.assertEqual(err.splitlines()[-1],
                         "postern: cannot write /nowhere/record: No such file or directory")


class Trouble(ToolCase):
    config = None

    def setUp(self):
        super().setUp()
        self.config = self.configuration("")

    def test_what_no_client_can_say(self):
        for option, text in (("ip", "192.0.2.256"), ("helo", "a b"), ("sender", "a@b c")):
            self.assertIn(f'"{text}"', self.complaint(USAGE, self.config, **{option: text}))

    def test_the_command_line(self):
        for missing in ("--ip", "--helo", "--from"):
            command = self.command(self.config)
            at = command.index(missing)
            done = subprocess.run(command[:at] + command[at + 2:], capture_output=True, check=False)
            self.assertEqual(done.returncode, USAGE)
            self.assertIn(missing.encode(), done.stderr)
        _, err = self.verify(self.config, "--record", "a", "--replay", "b", code=USAGE)
        self.assertIn("--record excludes --replay", err)

    def test_files_that_are_not_there(self):
        text = self.complaint(NO_INPUT, self.config, file="/nowhere/mail")
        self.assertEqual(text, "cannot read /nowhere/mail: No such file or directory")
        text = self.complaint(NO_INPUT, self.config, "--replay", "/nowhere/record")
        self.assertEqual(text, "cannot read /nowhere/record: No such file or directory")
        _, err = self.verify("/nowhere/postern.conf", code=NO_INPUT)
        self.assertIn("/nowhere/postern.conf", err)

    def test_a_message_that_is_too_large(self):
        path = self.directory / "large"
        with open(path, "wb") as file:
            file.truncate(MAX_MESSAGE + 1)
        text = self.complaint(DATA, self.config, file=path)
        self.assertEqual(text, f"{path} is larger than 128 MiB")

    def test_a_configuration_with_mistakes(self):
        self.config.write_text(self.config.read_text() + "[smtp]\nmax_recipient = 7\n")
        out, err = self.verify(self.config, code=CONFIG)
        self.assertEqual(out, "")
        self.assertIn("max_recipient", err)
        self.assertIn("1 error", err)

    def test_a_record_with_mistakes(self):
        record = self.write("record", "; ours\npass.test TXT unknown nodata\npass.test TXT what\n")
        text = self.complaint(DATA, self.config, "--replay", record)
        self.assertEqual(text, f"{record}: line 3: not an answer")

    def test_a_role_that_is_not_installed(self):
        for missing, there in (("verify", "resolve"), ("resolve", "verify")):
            self.assertRegex(
                self.complaint(OS_ERROR, self.config, program=self.programs(there)),
                f"^cannot open the program postern-{missing} .*/libexec/postern-{missing}.*: No ")

    @needs_root
    def test_a_user_that_does_not_exist(self):
        self.config.write_text(self.config.read_text().replace(
            f'user = "{harness.unprivileged_user()}"', 'user = "nobody-at-all"'))
        self.assertIn("there is no user nobody-at-all", self.complaint(CONFIG, self.config))

    @contextlib.contextmanager
    def running(self, more=""):
        """A run that waits for the DNS, and its roles."""
        with silent_server() as (endpoint, udp):
            config = self.configuration(dns_table(endpoint, 'timeout = "50s"\n') + more)
            with subprocess.Popen(self.command(config), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as process:
                udp.recv(512)
                roles = harness.roles_of(process.pid)
                self.assertEqual(set(roles), {"postern-verify.1", "postern-resolve"})
                yield process, roles

    def assert_unavailable(self, process, roles, complaint):
        # One that is stuck is given 20 seconds for its work, and 2 to end.
        out, err = process.communicate(timeout=2 * harness.WAIT_SECONDS)
        self.assertEqual((process.returncode, out), (UNAVAILABLE, ""), err)
        self.assertEqual(err, f"postern: {complaint}\n")
        for pid in roles.values():
            self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())

    def test_a_verifier_that_dies(self):
        with self.running() as (process, roles):
            os.kill(roles["postern-verify.1"], signal.SIGKILL)
            self.assert_unavailable(process, roles, "postern-verify ended: SIGKILL")

    def test_a_resolver_that_dies(self):
        with self.running() as (process, roles):
            os.kill(roles["postern-resolve"], signal.SIGKILL)
            self.assert_unavailable(process, roles, "postern-resolve ended: SIGKILL")

    def test_a_verifier_that_is_stuck(self):
        with self.running('[auth]\ndeadline = "5s"\n') as (process, roles):
            os.kill(roles["postern-verify.1"], signal.SIGSTOP)
            self.assert_unavailable(process, roles, "verify.1: did not end its work in time")

    def test_the_roles_are_confined(self):
        with self.running() as (process, roles):
            for name, pid in roles.items():
                status = dict(line.split(":\t", 1) for line in
                              pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
                self.assertEqual(status["NoNewPrivs"], "1", name)
                self.assertEqual(int(status["CapEff"], 16), 0, name)
                if harness.AS_ROOT:
                    user = pwd.getpwnam(harness.unprivileged_user()).pw_uid
                    self.assertEqual(set(status["Uid"].split()), {str(user)}, name)
            process.kill()

    def test_the_roles_end_with_it(self):
        with self.running() as (process, roles):
            process.kill()
            # Whoever inherits them may never look after them.
            wait_for(lambda: not any(map(harness.process_start, roles.values())),
                     "the end of both roles")


if __name__ == "__main__":
    harness.main()
