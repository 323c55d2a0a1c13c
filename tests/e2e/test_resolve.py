# SPDX-License-Identifier: Apache-2.0
"""The process that asks the DNS: confined, replaced when it dies, renewed when [dns] changes.

No test sends a packet off the machine: nothing is asked but what local data answer.
"""
import os
import pathlib
import signal
import threading
import unittest

import harness
from dns_server import SERVERS_FOR_LONG, DnsServer, answer, txt

CLIENT = "127.0.5.1"
DNS = f'[dns]\nlocal_data = ["demo.test. TXT x", "{harness.NO_DNS}"]\n'


def open_files(pid):
    """What the process has open, by the names that /proc gives."""
    links = []
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(os.readlink(entry))
        except FileNotFoundError:
            pass
    return links


class Resolve(harness.TestCase):
    def change(self, server, before, after):
        text = server.config_path.read_text(encoding="utf-8")
        self.assertIn(before, text)
        server.config_path.write_text(text.replace(before, after), encoding="utf-8")

    def reload(self, server):
        count = len(server.events("reload"))
        server.process.send_signal(signal.SIGHUP)
        harness.wait_for(lambda: len(server.events("reload")) > count, "the reload")
        return server.events("reload")[-1]

    def test_a_change_of_dns_renews_this_process_and_no_other(self):
        server = self.start(DNS)
        before = server.roles()
        self.assertEqual(self.reload(server)["result"], "ok")
        self.assertEqual(server.roles(), before)
        self.change(server, "demo.test. TXT x", "demo.test. TXT y")
        self.assertEqual(self.reload(server)["result"], "ok")
        after = server.roles()
        self.assertNotEqual(after["postern-resolve"], before["postern-resolve"])
        self.assertEqual({name: pid for name, pid in after.items() if name != "postern-resolve"},
                         {name: pid for name, pid in before.items() if name != "postern-resolve"})
        self.assertEqual([event["state"] for event in server.events("role")], ["ended", "serving"])
        self.assertEqual(server.events("role_died"), [])

    def test_a_line_with_a_mistake_changes_nothing(self):
        server = self.start(DNS)
        before = server.roles()
        self.change(server, "demo.test. TXT x", "demo.test. TXT")
        self.assertEqual(self.reload(server)["result"], "failed")
        self.assertIn("a TXT record has a string", server.log())
        self.assertEqual(server.roles(), before)

    def test_it_is_replaced_when_it_dies_and_mail_goes_on(self):
        server = self.start(DNS)
        with server.smtp() as client:
            client.sendmail("a@example.net", ["info@ours.test"], harness.MESSAGE)
            first = server.roles()["postern-resolve"]
            os.kill(first, signal.SIGKILL)
            server.wait_event("role_died", role="resolve", reason="SIGKILL")
            harness.wait_for(lambda: server.roles().get("postern-resolve", first) != first,
                             "another process")
            server.wait_event("role", role="resolve", state="serving")
            client.sendmail("a@example.net", ["info@ours.test"], harness.MESSAGE)
        self.assertEqual(len(server.mails("ours.test/info")), 2)

    def check_that_its_questions_are_asked_again(self, end_of_process):
        asked, ended = threading.Event(), threading.Event()

        def script(query):
            asked.set()
            return answer(query, txt(f"v=spf1 ip4:{CLIENT} -all")) if ended.is_set() else None
        endpoints = []
        for _ in range(SERVERS_FOR_LONG):
            dns = DnsServer(script).start()
            self.addCleanup(dns.stop)
            endpoints.append(f'"{dns.endpoint}"')
        server = self.start(f'[dns]\nservers = [{", ".join(endpoints)}]\ntimeout = "30s"\n')
        with harness.Dialog.tls(server, CLIENT) as dialog:
            dialog.begin("info@ours.test", sender="a@good.test")
            dialog.send(harness.MESSAGE + b".\r\n")
            self.assertTrue(asked.wait(harness.WAIT_SECONDS))
            end_of_process(server)
            ended.set()
            dialog.expect(250)
        self.assertEqual(server.wait_event("accept")["spf"], "pass")

    def test_a_message_does_not_notice_that_it_dies(self):
        self.check_that_its_questions_are_asked_again(
            lambda server: os.kill(server.roles()["postern-resolve"], signal.SIGKILL))

    def test_a_message_does_not_notice_a_change_of_dns(self):
        def change(server):
            self.change(server, 'timeout = "30s"', 'timeout = "20s"')
            self.assertEqual(self.reload(server)["result"], "ok")
        self.check_that_its_questions_are_asked_again(change)

    def test_a_process_that_cannot_start_takes_the_change_back(self):
        broken = harness.shared_directory() / "root.key"
        broken.write_text(". IN DNSKEY nonsense\n", encoding="ascii")
        mount = harness.own_mounts(f"mount --bind {broken} /usr/share/dns/root.key")
        named = '[dns]\nservers = ["127.0.0.1:1"]\nlocal_data = [". TXT x"]\n'
        server = self.start(named, prefix=mount)
        before = server.roles()
        self.change(server, 'servers = ["127.0.0.1:1"]\n', "")
        event = self.reload(server)
        self.assertEqual(event["result"], "failed")
        self.assertIn("postern-resolve died", event["reason"])
        self.assertIn("libunbound: ", server.events("fatal")[-1]["reason"])
        # With the old settings it serves again.
        server.wait_event("role", role="resolve", state="serving")
        self.assertNotEqual(server.roles()["postern-resolve"], before["postern-resolve"])
        self.change(server, "[dns]\n", '[dns]\nservers = ["127.0.0.1:1"]\n')
        self.assertEqual(self.reload(server)["result"], "ok")

    def test_full_recursion_needs_its_files(self):
        mount = harness.own_mounts("mount -t tmpfs none /usr/share/dns")
        server = harness.Server(DNS, prefix=mount)
        code, log = server.fail_to_start()
        self.assertEqual(code, 78)
        self.assertIn("/usr/share/dns/root.hints of the package dns-root-data", log)
        server = self.start('[dns]\nservers = ["127.0.0.1:1"]\n', prefix=mount)
        self.change(server, 'servers = ["127.0.0.1:1"]\n', "")
        event = self.reload(server)
        self.assertEqual(event["result"], "failed")
        self.assertIn("dns-root-data", event["reason"])
        self.assertEqual(server.events("role"), [])

    @unittest.skipUnless(harness.AS_ROOT, "needs root")
    def test_it_has_nothing_open_but_its_channels(self):
        server = self.start(DNS)
        for link in open_files(server.roles()["postern-resolve"]):
            self.assertRegex(link, r"^(socket:|pipe:|anon_inode:|/dev/null$|/memfd:|" +
                             str(server.log_path) + ")")

    def test_servers_of_the_system_are_read_by_the_supervisor(self):
        # With one on loopback, whatever this machine has.
        resolv = harness.shared_directory() / "resolv.conf"
        resolv.write_text("nameserver 127.0.0.1\n", encoding="utf-8")
        mount = harness.own_mounts(f"mount --bind {resolv} /etc/resolv.conf")
        server = self.start('[dns]\nservers = ["system"]\n', prefix=mount)
        self.assertIn("postern-resolve", server.roles())


if __name__ == "__main__":
    unittest.main()
