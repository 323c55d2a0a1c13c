# SPDX-License-Identifier: Apache-2.0
"""A real nsd on loopback, or on whatever addresses a namespace of the test's own has.

    with nsd.Nsd({"example.org": "www A 192.0.2.1\n"}) as server:
        ... server.endpoint ...          # "127.0.0.1:PORT"

Each zone is the text of a zone file; $ORIGIN, $TTL, SOA and NS are put in front where it has none.
"""
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

import harness

UNPACKED = harness.SOURCE / "build/unpacked/nsd/usr/sbin/nsd"
HEAD = """$ORIGIN {zone}
$TTL 60
@ SOA ns.{below} hostmaster.{below} 1 3600 600 86400 60
"""
CONFIG = """server:
  username: ""
  chroot: ""
  database: ""
  zonesdir: "{directory}"
  pidfile: "{directory}/nsd.pid"
  xfrdfile: "{directory}/xfrd.state"
  zonelistfile: "{directory}/zone.list"
  logfile: "{directory}/log"
  server-count: 1
  tcp-count: 100
  refuse-any: yes
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""


def program():
    """./dev test unpacks nsd: installed, it would be a service."""
    return str(UNPACKED) if UNPACKED.exists() else shutil.which("nsd", path="/usr/sbin")


def free_port(address):
    """One that is free for UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((address, 0))
            port = udp.getsockname()[1]
            with socket.socket() as tcp:
                try:
                    tcp.bind((address, port))
                except OSError:
                    continue
                return port


def zone_file(name, text):
    zone = name if name == "." else f"{name}."
    if re.search(r"\sSOA\s", text):
        return text
    below = "" if zone == "." else zone
    servers = "" if re.search(r"\sNS\s", text) else f"@ NS ns.{below}\n"
    return HEAD.format(zone=zone, below=below) + servers + text


class Nsd:
    """Serves `zones` (name to text) on all of `addresses` and one port, until it is stopped."""

    def __init__(self, zones, addresses=("127.0.0.1",), port=None):
        self.addresses = addresses
        self.port = port or free_port(addresses[0])
        self.endpoint = f"{addresses[0]}:{self.port}"
        self.directory = pathlib.Path(
            tempfile.mkdtemp(prefix="nsd-", dir=harness.shared_directory()))
        self.process = None
        self.write(zones)

    def write(self, zones):
        config = CONFIG.format(directory=self.directory)
        for address in self.addresses:
            line = f"  ip-address: {address}@{self.port}\n"
            config = config.replace("server:\n", f"server:\n{line}", 1)
        for number, (name, text) in enumerate(zones.items()):
            path = self.directory / f"{number}.zone"
            path.write_text(zone_file(name, text), encoding="utf-8")
            config += f'zone:\n  name: "{name}"\n  zonefile: "{path}"\n'
        (self.directory / "conf").write_text(config, encoding="utf-8")

    def start(self):
        self.process = subprocess.Popen(
            [program(), "-d", "-c", str(self.directory / "conf")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        harness.wait_for(self._answers, f"nsd: {self.log()}")
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"nsd ended with {self.process.returncode}: {self.log()}")
        try:
            with socket.create_connection((self.addresses[0], self.port), 1):
                return "nsd started" in self.log()
        except OSError:
            return False

    def log(self):
        path = self.directory / "log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def stop(self):
        self.process.terminate()
        self.process.wait(harness.WAIT_SECONDS)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.stop()
