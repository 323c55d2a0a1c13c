# SPDX-License-Identifier: Apache-2.0
"""`postern verify --second-opinion`: what other implementations say of the same message, and that
what becomes of them costs nothing else."""
import contextlib
import os
import shutil
import signal
import subprocess

import harness
import nsd
from test_verify_tool import REFUSED, REJECT, ToolCase, dns_table

ZONES = {
    "test": "ns A 127.0.0.1\n",  # so that walks come to an end
    "pass.test": '@ TXT "v=spf1 a:mail.pass.test -all"\nmail A 127.0.0.1\n@ MX 10 mail\n'
                 '_dmarc TXT "v=DMARC1; p=reject; sp=quarantine"\n',
    "fail.test": '@ TXT "v=spf1 ip4:192.0.2.1 -all"\n@ MX 10 mail\n'
                 '_dmarc TXT "v=DMARC1; p=none; t=y"\n',
    "0.0.127.in-addr.arpa": "1 PTR mail.pass.test.\n",
}
CHECKS = [("libspf2", "spf", "mailfrom"), ("libspf2", "spf", "helo"),
          ("libopendmarc", "dmarc", "from")]
ATTEMPTS = 50


def message(domain):
    return f"From: Ann <ann@{domain}>\r\nSubject: hello\r\n\r\nHello.\r\n".encode()


class Opinions(ToolCase):
    @classmethod
    def setUpClass(cls):
        cls.dns = nsd.Nsd(ZONES).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.config = harness.Server(dns_table(cls.dns.endpoint) + REJECT).config_path

    def opinions(self, domain, *more, **options):
        """Of a message of this author, by (check, identity)."""
        file = self.write("opinion", message(domain))
        said = self.report(self.config, "--second-opinion", *more, file=file,
                           **options)["second_opinion"]
        self.assertEqual(said["trouble"], "")
        rows = said["opinions"]
        self.assertEqual([(row["library"], row["check"], row["of"]) for row in rows], CHECKS)
        return rows

    def test_not_asked_for(self):
        self.assertIsNone(self.report(self.config)["second_opinion"])
        out, _ = self.verify(self.config)
        self.assertNotIn("libspf2", out)

    def test_of_each_check(self):
        # libspf2 lets our own machine always pass, so it is not asked about that.
        mailfrom, helo, dmarc = self.opinions("news.pass.test")
        for row in (mailfrom, helo):
            self.assertEqual((row["outcome"], row["ours"], row["theirs"]), ("not_asked", "", ""))
            self.assertIn("loopback", row["reason"])
        self.assertEqual((mailfrom["name"], helo["name"]), ("pass.test", "mail.pass.test"))
        self.assertEqual((dmarc["name"], dmarc["outcome"], dmarc["ours"], dmarc["theirs"]),
                         ("news.pass.test", "same", "pass:quarantine", "pass:quarantine"))

    def test_where_the_standards_differ(self):
        *_, dmarc = self.opinions("fail.test")
        self.assertEqual((dmarc["outcome"], dmarc["reason"]),
                         ("not_asked", "it does not know t=y"))

    def test_of_another_client(self):
        rows = self.opinions("nowhere.test", sender="a@fail.test", ip="192.0.2.7", code=REFUSED)
        self.assertEqual([(row["outcome"], row["ours"], row["theirs"]) for row in rows],
                         [("same", "fail", "fail"), ("same", "none", "none"),
                          ("same", "none", "none")])

    def test_text(self):
        file = self.write("text", message("pass.test"))
        out, _ = self.verify(self.config, "--second-opinion", file=file)
        for line in ("LIBRARY +CHECK +OF +NAME +OUTCOME +OURS +THEIRS +REASON",
                     "libspf2 +spf +mailfrom +pass.test +not_asked +- +- +it lets loopback .*",
                     "libopendmarc +dmarc +from +pass.test +same +pass:reject +pass:reject +-"):
            self.assertRegex(out, f"(?m)^{line}$")

    def test_replayed(self):
        live = self.opinions("news.pass.test", "--record", self.directory / "record")
        program = self.programs("verify", "opinion")
        self.assertEqual(self.opinions("news.pass.test", "--replay", self.directory / "record",
                                       program=program), live)


class Trouble(ToolCase):
    """Of the program, which the verdicts and the exit code do not depend on."""

    @classmethod
    def setUpClass(cls):
        cls.dns = nsd.Nsd(ZONES).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.config = harness.Server(dns_table(cls.dns.endpoint) + REJECT).config_path

    def trouble(self, **options):
        report = self.report(self.config, "--second-opinion", sender="a@fail.test", code=REFUSED,
                             **options)
        plain = self.report(self.config, sender="a@fail.test", code=REFUSED)
        for same in ("verdicts", "disposition", "reply", "authentication_results"):
            self.assertEqual(report[same], plain[same])
        self.assertEqual(report["second_opinion"]["opinions"], [])
        return report["second_opinion"]["trouble"]

    def test_not_installed(self):
        self.assertRegex(self.trouble(program=self.programs("verify", "resolve")),
                         "^cannot open the program postern-opinion ")

    def test_ends_at_its_start(self):
        program = self.programs("verify", "resolve")
        shutil.copy("/bin/false", program.parent / "libexec/postern-opinion")
        self.assertEqual(self.trouble(program=program),
                         "postern-opinion ended: exit code 1 at its start")

    def test_dies(self):
        # It lives for some milliseconds, so this may come too late.
        said = next(filter(None, (self.killed() for _ in range(ATTEMPTS))))
        # Where it was when it died nobody knows.
        self.assertRegex(said, "(?m)^no second opinion: postern-opinion ended: SIGKILL")
        self.assertRegex(said, "(?m)^disposition  reject, reason=spf_fail$")

    def killed(self):
        """The report of a run whose postern-opinion was killed, or nothing."""
        command = self.command(self.config, "--second-opinion", sender="a@fail.test")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            pid = None
            while pid is None and process.poll() is None:
                with contextlib.suppress(OSError):
                    pid = harness.roles_of(process.pid).get("postern-opinion")
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            out, _ = process.communicate(timeout=harness.WAIT_SECONDS)
        self.assertEqual(process.returncode, REFUSED)
        return out if "no second opinion" in out else None


if __name__ == "__main__":
    harness.main()
