# SPDX-License-Identifier: Apache-2.0
"""What nmap's scripts find out: in clear, where they stop at 530, and inside TLS.

These scripts know no STARTTLS; a listener with implicit TLS lets them in.
"""
import pathlib
import re
import subprocess
import tempfile
import xml.etree.ElementTree

import harness

SCAN_SECONDS = 120  # one scan, with all that nmap has to load
LONG = "banner.timeout=30s"
COMMANDS = "EHLO HELO STARTTLS MAIL RCPT DATA BDAT RSET NOOP QUIT HELP"
CLEAR = {"PIPELINING", "SIZE 26214400", "8BITMIME", "ENHANCEDSTATUSCODES", "STARTTLS", "CHUNKING",
         "SMTPUTF8", "LIMITS RCPTMAX=100 MAILMAX=100"}
SECURE = CLEAR - {"STARTTLS"} | {"REQUIRETLS"}
# The first is one of ours: behind a recipient that is refused, nmap begins again with MAIL, is told
# 503, and asks no more. The third of those that are not there is answered 4 seconds late, a fourth
# would be 8, and nmap waits for 10.
USERS = ["info", "root", "admin", "sales", "nobody", "abuse", "ABUSE", "info+x"]


class Scans(harness.TestCase):
    def setUp(self):
        self.data = pathlib.Path(
            tempfile.mkdtemp(prefix="nmap-", dir=harness.shared_directory()))
        self.users = self.data / "users"
        self.users.write_text("\n".join(USERS) + "\n")

    def listen(self, tls):
        """A server; nmap knows by the name of the service whether to begin with TLS."""
        self.server = self.start(
            listeners=f'[[listener]]\naddress = "127.0.0.1:{{port}}"\ntls = "{tls}"\n')
        service = "smtps" if tls == "implicit" else "smtp"
        (self.data / "nmap-services").write_text(f"{service} {self.server.port}/tcp 0.5\n")

    def scan(self, script, *arguments):
        """What the script prints."""
        run = subprocess.run(
            ["nmap", "-sT", "-Pn", "-n", "-vv", "-oX", "-", "--datadir", self.data,
             "-p", str(self.server.port), "--script", script, "--script-args", ",".join(arguments),
             "127.0.0.1"], capture_output=True, text=True, timeout=SCAN_SECONDS, check=True)
        [element] = xml.etree.ElementTree.fromstring(run.stdout).iter("script")
        self.assertEqual(element.get("id"), script)
        return element.get("output").strip()

    def enumerate(self, method, domain):
        return self.scan("smtp-enum-users", f"smtp.domain={domain}", f"userdb={self.users}",
                         f"smtp-enum-users.methods={{{method}}}")

    def commands_of(self, helo):
        """The commands of the session that introduced itself so."""
        return self.server.wait_event("disconnect", helo=helo)["cmds"]

    def assert_offers(self, extensions, commands):
        ehlo, helped = self.scan("smtp-commands", "smtp.domain=asks.example").split("\n")
        name, *offered = ehlo.split(", ")
        self.assertEqual(name, harness.HOSTNAME)
        self.assertEqual(sorted(offered), sorted(extensions))
        self.assertEqual(helped.strip(), f"2.0.0 Commands: {commands}")

    def test_in_clear(self):
        self.listen("starttls")
        self.assert_offers(CLEAR, COMMANDS)
        self.assertEqual(self.scan("banner", LONG), f"220 {harness.HOSTNAME} ESMTP")
        self.assertEqual(self.scan("smtp-open-relay", "smtp.domain=relays.example"),
                         "Server isn't an open relay, authentication needed")
        self.assertEqual(self.commands_of("relays.example"), "ehlo=1 mail=1 rset=1 quit=1")
        self.assertEqual(self.enumerate("RCPT", "ours.test"),
                         "Couldn't perform user enumeration, authentication needed")
        self.assertEqual(self.commands_of("ours.test"), "ehlo=1 mail=1")

    def test_no_user_by_vrfy_or_expn(self):
        for tls in ("starttls", "implicit"):
            self.listen(tls)
            for method in ("VRFY", "EXPN"):
                self.assertEqual(self.enumerate(method, "ours.test"), "Couldn't find any accounts")
                self.server.wait_event("disconnect", helo="ours.test",
                                       cmds=f"ehlo=1 quit=1 {method.lower()}=1")

    def test_inside_tls(self):
        self.listen("implicit")
        self.assert_offers(SECURE, COMMANDS.replace("STARTTLS ", ""))
        self.assertEqual(self.scan("banner", LONG), f"220 {harness.HOSTNAME} ESMTP")

    def test_no_relay_inside_tls(self):
        self.listen("implicit")
        self.assertEqual(self.scan("smtp-open-relay", "smtp.domain=relays.example"),
                         "Server doesn't seem to be an open relay, all tests failed")
        self.assertRegex(self.commands_of("relays.example"), r"\bmail=16 rcpt=16\b")
        self.server.wait_events("reject", 16)
        refused = [event for event in self.server.events("reject") if event["stage"] == "rcpt"]
        self.assertEqual(len(refused), 16)
        self.assertEqual({event["ecode"] for event in refused}, {"5.7.1", "5.1.3"})

    # RCPT must tell a sender who is there. What bounds it is limits.unknown_recipients_per_session,
    # which is not met here.
    def test_users_by_rcpt_inside_tls(self):
        self.listen("implicit")
        found = re.findall(r"RCPT, (\S+)", self.enumerate("RCPT", "ours.test"))
        self.assertEqual(found, ["info", "sales", "abuse", "ABUSE", "info+x"])
        self.assertEqual(self.enumerate("RCPT", "other.example"), "Couldn't find any accounts")


if __name__ == "__main__":
    harness.main()
