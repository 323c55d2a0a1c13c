# SPDX-License-Identifier: Apache-2.0
"""Full recursion with DNSSEC, from a root of our own.

The test runs itself in a network without a way out. There, nsd has the addresses of the root
servers, and the file with the root's key is one that the test made.
"""
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import unittest

from ask import ask, harness
from nsd import Nsd, zone_file

ROOT_KEY = pathlib.Path("/usr/share/dns/root.key")
ROOT_HINTS = pathlib.Path("/usr/share/dns/root.hints")
ROOT_SERVERS = re.findall(r"\sA\s+([\d.]+)$", ROOT_HINTS.read_text(encoding="ascii"), re.MULTILINE)
OTHER_SERVER = "192.0.2.53"  # of the zones below
SILENT_SERVER = "192.0.2.66"  # of the zone silent., and never answers
SHARE = 128  # questions that one payer may have open
INSIDE = "POSTERN_TEST_ROOT"  # names the folder of the keys, and says that the namespace is there
DELEGATION = "{0} NS ns.{0}\nns.{0} A " + OTHER_SERVER + "\n"
ORG = 'www A 192.0.2.1\nbad A 192.0.2.66\nout CNAME www.com.\ntxt TXT "v=spf1 -all"\n'
COM = f"@ NS ns\nns A {OTHER_SERVER}\nwww A 192.0.2.2\n"


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def make_key(folder, zone):
    return run("ldns-keygen", "-k", "-a", "ECDSAP256SHA256", zone, cwd=folder)


def sign(folder, zone, text, key):
    path = pathlib.Path(folder) / "unsigned"
    path.write_text(zone_file(zone, text), encoding="utf-8")
    run("ldns-signzone", "-o", zone, "-f", "signed", "unsigned", key, cwd=folder)
    return (path.parent / "signed").read_text(encoding="utf-8")


def key_file(folder, key):
    return (pathlib.Path(folder) / f"{key}.key").read_text(encoding="utf-8")


def zones(folder, root_key):
    """The root and org are signed, com is not; what org says of bad.org was changed afterwards."""
    org_key = make_key(folder, "org")
    delegation = (pathlib.Path(folder) / f"{org_key}.ds").read_text(encoding="utf-8")
    root = (f"@ NS a.root-servers.net.\na.root-servers.net. A {ROOT_SERVERS[0]}\n" +
            DELEGATION.format("org.") + DELEGATION.format("com.") +
            f"silent NS ns.silent.\nns.silent. A {SILENT_SERVER}\n" + delegation)
    org = sign(folder, "org", f"@ NS ns\nns A {OTHER_SERVER}\n{ORG}", org_key)
    return {".": sign(folder, ".", root, root_key),
            "org": org.replace("192.0.2.66", "192.0.2.67"), "com": COM}


class Recursion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = os.environ[INSIDE]
        root_key = (pathlib.Path(folder) / "name").read_text(encoding="utf-8")
        cls.server = Nsd(zones(folder, root_key), [*ROOT_SERVERS, OTHER_SERVER], 53).start()
        cls.silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        cls.silent.bind((SILENT_SERVER, 53))

    @classmethod
    def tearDownClass(cls):
        cls.silent.close()
        cls.server.stop()

    def check(self, question, answer, options=()):
        self.assertEqual(ask(["timeout", "25000", *options], question)[question], answer)

    def test_signed_data_are_secure(self):
        self.check("www.org A", "secure records 192.0.2.1")
        self.check("txt.org TXT", 'secure records "v=spf1 -all"')
        self.check("www.org MX", "secure nodata")
        self.check("no.org A", "secure nxdomain")
        self.check("no-such-domain A", "secure nxdomain")

    def test_data_that_nobody_signed_are_insecure(self):
        self.check("www.com A", "insecure records 192.0.2.2")
        self.check("no.com A", "insecure nxdomain")
        self.check("out.org A", "insecure records 192.0.2.2")  # as its weakest link

    def test_data_that_somebody_changed_are_a_failure(self):
        answer = ask(["timeout", "25000"], "bad.org A")["bad.org A"]
        self.assertRegex(answer, '^bogus failure "bogus: .*bad.org')

    def test_without_validation_nothing_is_known_of_it(self):
        self.check("bad.org A", "unknown records 192.0.2.67", ["nodnssec"])
        self.check("www.org A", "unknown records 192.0.2.1", ["nodnssec"])

    def test_a_silent_zone_is_at_the_cost_of_who_asks_for_it(self):
        names = [f"n{i}.silent A" for i in range(SHARE + 50)]
        begin = time.monotonic()
        answers = ask(["nodnssec", "timeout", "4000"], "as 1", *names, "no.com A",
                      "as 2", "www.com A", "www.org A", "n0.silent A")
        self.assertLess(time.monotonic() - begin, 20)
        for name in (*names, "no.com A"):  # what is beyond the share has waited for its turn
            self.assertEqual(answers[name], 'unknown failure "no answer in 4 s"')
        self.assertEqual(answers["www.com A"], "unknown records 192.0.2.2")
        self.assertEqual(answers["www.org A"], "unknown records 192.0.2.1")


def enter(folder):
    """Runs this file again where there is no way out."""
    key = make_key(folder, ".")
    (pathlib.Path(folder) / "name").write_text(key, encoding="utf-8")
    (pathlib.Path(folder) / "root.key").write_text(key_file(folder, key), encoding="utf-8")
    steps = ["ip link set lo up", f"mount --bind {folder}/root.key {ROOT_KEY}"]
    steps += [f"ip address add {address}/32 dev lo" 
              for address in [*ROOT_SERVERS, OTHER_SERVER, SILENT_SERVER]]
    unshare, *rest = harness.own_mounts(" && ".join(steps))
    command = [unshare, "--net", *rest, sys.executable, __file__, *sys.argv[1:]]
    return subprocess.run(command, env={**os.environ, INSIDE: str(folder)}, check=False).returncode


if __name__ == "__main__":
    if INSIDE in os.environ:
        unittest.main()
    sys.exit(enter(harness.shared_directory()))
