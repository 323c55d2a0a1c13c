# SPDX-License-Identifier: Apache-2.0
"""The real posternd for end-to-end tests: own certificate, configuration, spool and port.

    with Server() as server:
        with server.smtp() as client:        # smtplib, already inside TLS
            client.sendmail("a@example.net", ["info@ours.test"], b"...")
        [mail] = server.mails("ours.test/info")

Every test runs against the programs in $POSTERN_BUILD. Nothing leaves the machine.
"""
import atexit
import contextlib
import functools
import json
import os
import pathlib
import pwd
import re
import resource
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

BUILD = pathlib.Path(os.environ.get("POSTERN_BUILD", "build/release")).resolve()
SOURCE = pathlib.Path(__file__).resolve().parents[2]
HOSTNAME = "mx.ours.test"
START_SECONDS = 30   # sanitizer builds on a busy machine
WAIT_SECONDS = 30
AS_ROOT = os.geteuid() == 0
needs_root = unittest.skipUnless(AS_ROOT, "needs root")

NO_DNS = ". TXT nothing"  # every name is local, and nothing is asked

# For who sends more from one address than a server takes from a stranger.
EXEMPT = '[limits]\nexempt = ["127.0.0.0/8"]\n'

DOMAINS = """
[[domain]]
name = "ours.test"
mailboxes = ["info", "postmaster", "sales"]
aliases = { abuse = "postmaster", verkauf = "sales" }

[[domain]]
name = "catchall.test"
mailboxes = ["anna"]
catch_all = "anna"
"""


def unprivileged_user():
    """What posternd becomes when the tests run as root."""
    return "nobody"


# For tests that stop a role: its pings are not missed before its own time is over.
PATIENT = ('[workers]\nsmtp_threads = 2\nverifiers = 2\nping_timeout = "60s"\n'
           f'user = "{unprivileged_user()}"\n')


@functools.lru_cache(maxsize=None)
def shared_directory():
    directory = tempfile.mkdtemp(prefix="postern-e2e-")
    os.chmod(directory, 0o755)
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return pathlib.Path(directory)


@functools.lru_cache(maxsize=None)
def programs_for_all():
    """posternd and its roles where everybody may come: the build may be in root's home."""
    directory = shared_directory() / "programs"
    shutil.copytree(BUILD / "libexec", directory / "libexec")
    shutil.copy(BUILD / "posternd", directory)
    return directory


def as_nobody():
    """A prefix for a server that is started by somebody else than root."""
    if not AS_ROOT:
        return []
    return ["setpriv", "--reuid", unprivileged_user(), "--regid", "nogroup", "--clear-groups",
            "sh", "-c", f'shift; exec {programs_for_all()}/posternd "$@"', "sh"]


@functools.lru_cache(maxsize=None)
def certificate(kind="ec", name=HOSTNAME):
    """(chain, key) of a fresh self-signed certificate."""
    directory = shared_directory()
    chain, key = directory / f"{kind}-{name}.pem", directory / f"{kind}-{name}.key"
    algorithm = {"ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
                 "rsa": ["rsa:2048"], "rsa1024": ["rsa:1024"]}[kind]
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", *algorithm, "-sha256",
                    "-days", "30", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                    "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True)
    key.chmod(0o600)
    return chain, key


def free_port(address="127.0.0.1"):
    """Of this test alone until it ends: a server can listen there, again and again, because it says
    SO_REUSEADDR as its holder does; and the kernel gives the number to nobody else meanwhile."""
    holder = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    holder.bind((address, 0))
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    atexit.register(holder.close)
    return holder.getsockname()[1]


def client_context():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def wait_for(condition, what, seconds=WAIT_SECONDS):
    deadline = time.monotonic() + seconds
    while True:
        late = time.monotonic() >= deadline  # once more behind a machine that stood still
        result = condition()
        if result:
            return result
        if late:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def own_mounts(mount):
    """A prefix that does this mount for its program alone."""
    # unshare makes the root's mounts private; in a chroot whose root is no mount it cannot.
    mounts = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    rooted = any(line.split()[4] == "/" for line in mounts)
    propagation = [] if rooted else ["--propagation", "unchanged"]
    user = [] if AS_ROOT else ["--user", "--map-root-user"]
    return ["unshare", *user, "--mount", *propagation, "sh", "-c", mount + ' && exec "$@"', "sh"]


def mounting(directory, size):
    """A prefix that mounts a small file system for its program alone."""
    owner = pwd.getpwnam(unprivileged_user()).pw_uid if AS_ROOT else 0
    prefix = own_mounts(f"mount -t tmpfs -o size={size},mode=0700,uid={owner} none {directory}")
    # In a name space of our own we are root, which may mount; in the next we are ourselves again.
    return prefix if AS_ROOT else [*prefix, "unshare", "--user", f"--map-user={os.geteuid()}"]


def settled(sample, pause=0.5):
    """A sample that is as the one before it: what a start or a sweep opens is closed again."""
    seen = [sample()]

    def agrees():
        time.sleep(pause)
        seen.append(sample())
        return seen[-1] == seen[-2]
    wait_for(agrees, "two samples that agree")
    return seen[-1]


def certificate_table(chain, key):
    return f'[[tls.certificate]]\nchain = "{chain}"\nkey = "{key}"\n'


def roles_of(pid):
    """Name and pid of every process that this one has started: "postern-verify.1"."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    names = {}
    for child in children.split():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            names[pathlib.Path(f"/proc/{child}/cmdline").read_text(encoding="ascii")] = int(child)
    return {name.rstrip("\0"): child for name, child in names.items()}


def process_start(pid):
    """In clock ticks; None: the process has ended, whether or not its parent has noticed."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the third and all that follow
    # Its first thread may be a zombie while others still hold what it had open.
    ended = fields[0] in "ZX" and int(fields[17]) <= 1
    return None if ended else int(fields[19])


def address_space(pid):
    """Octets."""
    statm = pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="ascii")
    return int(statm.split()[0]) * resource.getpagesize()


def is_sanitized(pid):
    """No other program of ours has so much address space."""
    return address_space(pid) > 1 << 40


def fields_of(line):
    """Of a line of the log; quoted values without their quotes."""
    return {key: value.strip('"') for key, value in
            re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)', line)}


def run_postern(*words):
    return subprocess.run([BUILD / "postern", *map(str, words)], text=True, timeout=60,
                          capture_output=True, check=False)


class Server:
    """One posternd. `config` is added to the file; a table given there replaces the default one.

    In `listeners`, {port} stands for the server's port. `prefix` is a command that executes the
    program given behind it, in its own process. `disk` gives the spool a file system of its own, of
    that size; it lives and dies with the process.
    """

    def __init__(self, config="", domains=DOMAINS, listeners=None, kind="ec", prefix=(), disk=None,
                 min_free="1M"):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="server-", dir=shared_directory()))
        self.directory.chmod(0o755)
        self.spool = self.directory / "mail"
        self.state = self.directory / "state"
        self.own_disk = disk is not None
        self.prefix = [*prefix, *(mounting(self.spool, disk) if disk else [])]
        self.port = free_port()
        self.log_path = self.directory / "log"
        self.config_path = self.directory / "postern.conf"
        self.process = None
        self.pass_fds = ()
        self.log_start = 0
        for directory in (self.spool, self.state):
            directory.mkdir(mode=0o700)
            if AS_ROOT:
                shutil.chown(directory, unprivileged_user())
        chain, key = certificate(kind)
        if listeners is None:
            listeners = '[[listener]]\naddress = "127.0.0.1:{port}"\n'
        text = f'config_version = 1\nhostname = "{HOSTNAME}"\n'
        text += listeners.replace("{port}", str(self.port))
        if "[[tls.certificate]]" not in config:
            text += certificate_table(chain, key)
        text += domains
        text += f'[spool]\ndirectory = "{self.spool}"\nmin_free = "{min_free}"\n'
        if "[state]" not in config:
            text += f'[state]\ndirectory = "{self.state}"\n'
        if "[control]" not in config:
            text += f'[control]\nsocket = "{self.directory}/control.sock"\n'
        if "[dns]" not in config:
            text += f'[dns]\nlocal_data = ["{NO_DNS}"]\n'
        if "[workers]" not in config:
            text += f'[workers]\nuser = "{unprivileged_user()}"\nsmtp_threads = 2\nverifiers = 2\n'
        self.config_path.write_text(text + config)

    def launch(self, **environment):
        """Starts the process without waiting for it to be ready. Each start continues the log."""
        self.log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, str(BUILD / "posternd"), "-c", str(self.config_path)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                env={**os.environ, **environment}, pass_fds=self.pass_fds)
        return self.process

    def fail_to_start(self, **environment):
        """Starts a server that should end by itself; returns exit code and what it said."""
        code = self.launch(**environment).wait(START_SECONDS)
        return code, self.log()

    def start(self, **environment):
        self.launch(**environment)

        def ready():
            if self.process.poll() is not None:
                code = self.process.returncode
                raise AssertionError(f"posternd ended with {code}:\n{self.log()}")
            return b"event=listen " in self.log_path.read_bytes()[self.log_start:]
        wait_for(ready, "posternd to listen", START_SECONDS)
        return self

    def stop(self):
        """Ends it like the service manager does; returns the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def kill(self):
        """Its processes too have ended when this returns, as another start needs it."""
        roles = self.roles()
        self.process.kill()
        self.process.wait()
        for name, pid in roles.items():
            wait_for(lambda pid=pid: process_start(pid) is None, f"{name} to end")

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        code = self.stop()
        if exception[0] is None:
            assert code == 0, f"posternd ended with {code}:\n{self.log()}"
        else:
            print(self.log()[-20000:])

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_lines(self):
        """Those that are complete: the last one may be in the writing."""
        return self.log().rpartition("\n")[0].splitlines()

    def events(self, name):
        """Log lines of one event as dictionaries."""
        return [fields_of(line) for line in self.log_lines() if f" event={name} " in f" {line} "]

    def wait_event(self, name, **fields):
        def find():
            return [event for event in self.events(name)
                    if all(event.get(key) == str(value) for key, value in fields.items())]
        return wait_for(find, f"log event {name} {fields}")[-1]

    def wait_events(self, name, count):
        """All events of the name, when there are so many: a line may come behind its reply."""
        return wait_for(lambda: self.events(name)[count - 1:] and self.events(name),
                        f"{count} log events {name}")

    def connect(self, source=None):
        """A bare TCP connection."""
        return socket.create_connection(("127.0.0.1", self.port), WAIT_SECONDS,
                                        source_address=(source, 0) if source else None)

    def smtp(self, helo="client.example.net", tls=True, source=None):
        client = smtplib.SMTP("127.0.0.1", self.port, local_hostname=helo, timeout=WAIT_SECONDS,
                              source_address=(source, 0) if source else None)
        if tls:
            client.starttls(context=client_context())
            client.ehlo()
        return client

    def disk(self):
        """The spool as the server sees it."""
        root = f"/proc/{self.process.pid}/root" if self.own_disk else ""
        return pathlib.Path(f"{root}{self.spool}")

    def mails(self, mailbox):
        """Contents of new/. The order says nothing: microseconds stand in the names as they are."""
        directory = self.disk() / mailbox / "new"
        if not directory.exists():
            return []
        return [path.read_bytes() for path in directory.iterdir()]

    def stored(self):
        """Every mail file in the spool, tmp/ included."""
        return sorted(path for path in self.disk().rglob("*")
                      if path.is_file() and path.name not in (".lock", "maildirfolder"))

    def roles(self):
        return roles_of(self.process.pid)

    def ask(self, *words):
        """What `postern` says of it, as JSON."""
        return json.loads(self.postern(*words, "--json"))

    def postern(self, *words, code=0):
        """What `postern` says of it; where it is to fail, why."""
        done = run_postern(*words, "-c", self.config_path)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    def kill_role(self, role):
        """By SIGKILL; it is replaced when this returns."""
        def times_served():
            return len([event for event in self.events("role")
                        if (event["role"], event["state"]) == (role, "serving")])
        before = times_served()
        pid = self.roles()[f"postern-{role}"]
        os.kill(pid, signal.SIGKILL)
        self.wait_event("role_died", role=role, pid=pid, reason="SIGKILL")
        wait_for(lambda: times_served() > before, f"the next {role}")

    def pass_loops(self):
        """What the sessions have asked of others until now is with those when this returns: it
        goes the same way, through each event loop of smtp to the main one."""
        self.ask("ps")

    def limits_met(self):
        """How often each limit was, by its name; not those that never were."""
        return {name.removeprefix("limit_"): count for name, count in self.ask("status").items()
                if name.startswith("limit_") and count}


class Dialog:
    """A hand-made SMTP client for exact bytes."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    @classmethod
    def plain(cls, server, source=None, helo="client.example.net"):
        """In clear, behind EHLO."""
        dialog = cls(server.connect(source))
        dialog.expect(220)
        dialog.command(f"EHLO {helo}", 250)
        return dialog

    @classmethod
    def tls(cls, server, source=None, context=None, helo="client.example.net"):
        dialog = cls.plain(server, source, helo)
        dialog.command("STARTTLS", 220, "2.0.0")
        dialog.handshake(context)
        dialog.command(f"EHLO {helo}", 250)
        return dialog

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def handshake(self, context=None):
        self.sock = (context or client_context()).wrap_socket(self.sock)

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def line(self):
        while b"\r\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError(f"connection closed, unread: {self.buffer!r}")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def reply(self):
        """All lines of one reply; the first three characters of each are its code."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return lines

    def expect(self, code, status=None):
        lines = self.reply()
        wanted = f"{code} {status}" if status else str(code)
        got = lines[-1]
        assert got.startswith(wanted) or (status is None and got.startswith(str(code))), \
            f"expected {wanted}, got {lines}"
        return lines

    def command(self, line, code, status=None):
        self.send(line + "\r\n")
        return self.expect(code, status)

    def ask(self, line):
        """The last line of the answer, whatever it is."""
        self.send(line + "\r\n")
        return self.reply()[-1]

    def begin(self, *recipients, sender="alice@example.net"):
        """A transaction up to its 354."""
        self.command(f"MAIL FROM:<{sender}>", 250, "2.1.0")
        for recipient in recipients:
            self.command(f"RCPT TO:<{recipient}>", 250, "2.1.5")
        self.command("DATA", 354)

    def finish(self, message):
        """The message and its end; the last line of the answer."""
        self.send(stuffed(message) + b".\r\n")
        return self.reply()[-1]

    def deliver(self, message, *recipients):
        self.begin(*recipients)
        return self.finish(message)

    def rest(self):
        """Everything up to the end of the connection."""
        with contextlib.suppress(ConnectionResetError, ssl.SSLError):
            while data := self.sock.recv(65536):
                self.buffer += data
        return self.buffer

    def closed(self):
        """True when the server has closed, all it said having been read."""
        return self.rest() == b""

    def close(self):
        self.sock.close()


class TestCase(unittest.TestCase):
    maxDiff = None

    def start(self, *arguments, **options):
        server = Server(*arguments, **options)
        self.stop_after(server)
        return server.start()

    def stop_after(self, server):
        """The test fails when the server does not end well."""
        self.addCleanup(self._stop, server)

    def _stop(self, server):
        if server.process is None or server.process.poll() is not None:
            return
        code = server.stop()
        if code != 0:
            self.fail(f"posternd ended with {code}:\n{server.log()[-20000:]}")


class SharedServer(TestCase):
    """One server for all tests of a class, of its own `config` and `options`."""
    config = ""
    options = {}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.config, **cls.options).start()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0, cls.server.log()

    def empty_mailboxes(self):
        for path in self.server.stored():
            path.unlink()


MESSAGE = (b"From: Alice <alice@example.net>\r\nTo: info@ours.test\r\nSubject: hello\r\n"
           b"Message-ID: <1@example.net>\r\n\r\nFirst line\r\n.dot line\r\n\r\nLast line\r\n")


def stuffed(message):
    """As it goes over the wire; RFC 5321 section 4.5.2."""
    return re.sub(rb"(?m)^\.", b"..", message)


def without_trace(mail):
    """A stored mail less what Postern put on top."""
    match = re.match(rb"Return-Path:.*\n(?:[ \t].*\n)*Delivered-To: .*\n"
                     rb"(?:Authentication-Results: .*\n(?:[ \t].*\n)*)?"
                     rb"Received: .*\n(?:[ \t].*\n)*", mail)
    assert match, mail
    return mail[match.end():]


def main():
    with contextlib.suppress(KeyboardInterrupt):
        unittest.main(verbosity=2)
