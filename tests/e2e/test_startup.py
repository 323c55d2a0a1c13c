# SPDX-License-Identifier: Apache-2.0
"""A start that cannot work ends at once, says why in one line, and leaves nothing half-started."""
import contextlib
import os
import pathlib
import pwd
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

import harness
from harness import AS_ROOT, Dialog, Server, certificate, certificate_table, needs_root

# sysexits.h
USAGE, NO_INPUT, OS_ERROR, CANNOT_CREATE, NO_PERMISSION, CONFIG = 64, 66, 71, 73, 77, 78


def run(*arguments, program="posternd"):
    return subprocess.run([harness.BUILD / program, *arguments], capture_output=True, text=True,
                          timeout=harness.START_SECONDS)


def listens(port, address="127.0.0.1"):
    with contextlib.suppress(ConnectionRefusedError):
        socket.create_connection((address, port), 5).close()
        return True
    return False


class FailedStart(harness.TestCase):
    def check(self, server, code, *texts):
        """It ends with `code`, says all `texts` in one line, and serves nothing."""
        got, log = server.fail_to_start()
        self.assertEqual(got, code, log)
        lines = [line for line in log.splitlines() if all(text in line for text in texts)]
        self.assertEqual(len(lines), 1, f"{texts} not in one line of:\n{log}")
        self.assertNotIn("event=listen", log)
        self.assertFalse(listens(server.port))
        return lines[0]

    def own_file(self, name, content=b"", mode=0o600):
        directory = tempfile.mkdtemp(prefix="files-", dir=harness.shared_directory())
        os.chmod(directory, 0o755)
        path = os.path.join(directory, name)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, mode)
        return path


class Certificates(FailedStart):
    def check_certificate(self, chain, key, *texts):
        return self.check(Server(certificate_table(chain, key)), CONFIG, *texts)

    def test_missing_chain(self):
        self.check_certificate("/nonexistent/chain.pem", certificate()[1],
                               "/nonexistent/chain.pem", "No such file", "create it")

    def test_missing_key(self):
        self.check_certificate(certificate()[0], "/nonexistent/key.pem", "/nonexistent/key.pem",
                               "No such file")

    def test_unreadable_key(self):
        key = self.own_file("key.pem", certificate()[1].read_bytes(), 0o000)
        server = Server(certificate_table(certificate()[0], key), prefix=harness.as_nobody())
        line = self.check(server, CONFIG, key, "Permission denied", "mode 0000", "chmod")
        self.assertIn("as user " + (harness.unprivileged_user() if AS_ROOT else ""), line)

    def test_key_of_another_certificate(self):
        chain, key = certificate("ec")[0], certificate("rsa")[1]
        self.check_certificate(chain, key, str(chain), str(key), "does not belong")

    def test_damaged_certificate(self):
        content = certificate()[0].read_bytes()
        damaged = self.own_file("chain.pem", content[:200] + b"!!!!" + content[204:])
        self.check_certificate(damaged, certificate()[1], damaged)

    def test_damaged_second_certificate_of_a_chain(self):
        content = certificate()[0].read_bytes()
        damaged = self.own_file("chain.pem", content + content[:200] + b"!!!!" + content[204:])
        self.check_certificate(damaged, certificate()[1], damaged, "damaged")

    def test_damaged_key(self):
        content = certificate()[1].read_bytes()
        damaged = self.own_file("key.pem", content[:60] + b"!!!!" + content[64:])
        self.check_certificate(certificate()[0], damaged, damaged)

    def test_empty_files(self):
        empty = self.own_file("empty.pem")
        self.check_certificate(empty, certificate()[1], empty)
        self.check_certificate(certificate()[0], empty, empty)

    def test_chain_and_key_exchanged(self):
        chain, key = certificate()
        self.check_certificate(key, chain, str(key), "no PEM certificate")

    def test_encrypted_key_asks_for_nothing(self):
        key = self.own_file("encrypted.key")
        subprocess.run(["openssl", "pkey", "-in", certificate()[1], "-aes256", "-passout",
                        "pass:secret", "-out", key], check=True, capture_output=True)
        self.check_certificate(certificate()[0], key, key, "unencrypted")

    def test_rsa_1024(self):
        chain, key = certificate("rsa1024")
        self.check_certificate(chain, key, str(chain), "key too small")


class Ports(FailedStart):
    @contextlib.contextmanager
    def holder(self, port):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("127.0.0.1", port))
            sock.listen()
            yield

    def test_busy_port_names_its_holder(self):
        server = Server()
        with self.holder(server.port):
            code, log = server.fail_to_start()
        self.assertEqual(code, OS_ERROR, log)
        with open("/proc/self/comm", encoding="ascii") as file:
            name = file.read().strip()
        self.assertIn(f"127.0.0.1:{server.port}", log)
        self.assertIn(f"{name} (pid {os.getpid()})", log)

    def test_second_listener_busy_leaves_no_first(self):
        busy = harness.free_port()
        server = Server(listeners='[[listener]]\naddress = "127.0.0.1:{port}"\n'
                                  f'[[listener]]\naddress = "127.0.0.1:{busy}"\n')
        with self.holder(busy), NotifySocket() as notify:
            code, log = server.fail_to_start(NOTIFY_SOCKET=notify.name)
            self.assertEqual(notify.all(), [])
        self.assertEqual(code, OS_ERROR, log)
        self.assertIn(f"127.0.0.1:{busy}", log)
        self.assertFalse(listens(server.port))
        self.assertNotIn("event=start", log)
        self.assertEqual(server.stored(), [])

    def test_privileged_port_without_privilege(self):
        # A network of its own has the kernel's default for which ports are privileged.
        network = ["unshare", "--net"] if AS_ROOT else ["unshare", "--user", "--net"]
        server = Server(certificate_table(*self.readable_certificate()),
                        listeners='[[listener]]\naddress = "127.0.0.1:25"\n',
                        prefix=[*network, *harness.as_nobody()])
        server.directory.chmod(0o777)  # for the control socket
        self.check(server, NO_PERMISSION, "127.0.0.1:25", "Permission denied",
                   "CAP_NET_BIND_SERVICE")

    def readable_certificate(self):
        chain, key = certificate()
        return chain, self.own_file("key.pem", key.read_bytes(), 0o644)


class Spools(FailedStart):
    def user(self):
        return harness.unprivileged_user() if AS_ROOT else str(os.geteuid())

    def test_missing(self):
        server = Server()
        server.spool.rmdir()
        self.check(server, CANNOT_CREATE, str(server.spool), "No such file", self.user(),
                   "install -d")

    def test_a_file(self):
        server = Server()
        server.spool.rmdir()
        server.spool.write_text("")
        self.check(server, CANNOT_CREATE, str(server.spool), "Not a directory")

    def test_not_writable(self):
        server = Server()
        server.spool.chmod(0o500)
        self.check(server, CANNOT_CREATE, str(server.spool), "not writable", self.user(),
                   "mode 0500")

    def test_writable_by_everybody(self):
        server = Server()
        server.spool.chmod(0o777)
        self.check(server, CANNOT_CREATE, str(server.spool), "everybody")

    @needs_root
    def test_of_another_user(self):
        server = Server()
        shutil.chown(server.spool, "root")
        self.check(server, CANNOT_CREATE, str(server.spool), "owner root", self.user())


class States(FailedStart):
    """The directory of what survives a restart."""

    def owner(self):
        return pwd.getpwnam(harness.unprivileged_user()).pw_uid if AS_ROOT else os.geteuid()

    def test_missing_ones_are_made(self):
        server = Server()
        server.state.rmdir()
        check = run("check", "-c", server.config_path, program="postern")
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        self.assertFalse(server.state.exists())
        with server:
            status = server.state.stat()
            self.assertEqual(stat.S_IMODE(status.st_mode), 0o700)
            self.assertEqual(status.st_uid, self.owner())
            self.assertNotIn("area=state", server.log())

    def check_refused(self, server, *expected):
        """The tool finds what keeps the server from starting."""
        check = run("check", "-c", server.config_path, program="postern")
        self.assertEqual(check.returncode, CONFIG, check.stdout + check.stderr)
        for text in expected:
            self.assertIn(text, check.stderr)
        self.check(server, CANNOT_CREATE, *expected)

    def test_parent_missing(self):
        server = Server('[state]\ndirectory = "a/b"\n')
        self.check_refused(server, f"state directory {server.directory}/a/b", "No such file",
                           "install -d")

    def test_not_writable(self):
        server = Server()
        server.state.chmod(0o500)
        self.check_refused(server, f"state directory {server.state}", "not writable", "mode 0500")

    def test_writable_by_everybody(self):
        server = Server()
        server.state.chmod(0o777)
        self.check_refused(server, f"state directory {server.state}", "everybody")

    def test_in_the_spool(self):
        server = Server('[state]\ndirectory = "mail/state"\n')
        self.check(server, CONFIG, "state.directory: lies in spool.directory")

    @needs_root
    def test_without_the_default_one_the_server_serves(self):
        server = Server("[state]\n",
                        prefix=harness.own_mounts("mount -t tmpfs none /var/lib"))
        with server:
            trouble = server.wait_event("trouble", area="state")
            self.assertIn("/var/lib/postern/state", trouble["reason"])
            with server.smtp() as client:
                client.sendmail("a@example.net", ["info@ours.test"], harness.MESSAGE)


class Users(FailedStart):
    @needs_root
    def test_missing(self):
        self.check(Server('[workers]\nuser = "nosuchuser"\n'), CONFIG, "workers.user",
                   "nosuchuser", "useradd")

    @needs_root
    def test_root(self):
        self.check(Server('[workers]\nuser = "root"\n'), CONFIG, "workers.user", "root")

    @needs_root
    def test_another_name_of_root(self):
        # No configuration can know that; the change of user does.
        with open("/etc/passwd", encoding="utf-8") as file:
            accounts = file.read() + "toor:x:0:0::/root:/bin/sh\n"
        fake = self.own_file("passwd", accounts.encode(), 0o644)
        bind = f'mount --bind {fake} /etc/passwd'
        server = Server('[workers]\nuser = "toor"\n',
                        prefix=harness.own_mounts(bind))
        self.check(server, CONFIG, "workers.user", "toor", "root")


class Configuration(FailedStart):
    def test_every_mistake_with_its_place(self):
        server = Server('[smtp]\nmax_mesage_size = "25M"\ncommand_timeout = 5\n')
        first = server.config_path.read_text().splitlines().index('max_mesage_size = "25M"') + 1
        self.check(server, CONFIG, f"{server.config_path}:{first}:1: error", "max_mesage_size")
        self.assertIn('did you mean "max_message_size"?', server.log())
        self.assertIn(f"{server.config_path}:{first + 1}:19: error: smtp.command_timeout",
                      server.log())
        self.assertIn("2 errors", server.log())

    def test_syntax_error(self):
        server = Server()
        server.config_path.write_text('hostname = "mx.ours.test\n')
        self.check(server, CONFIG, f"{server.config_path}:1:", "error: syntax")

    def test_no_file(self):
        server = Server()
        server.config_path.unlink()
        code, log = server.fail_to_start()
        self.assertEqual(code, NO_INPUT, log)
        self.assertIn(f"cannot read {server.config_path}: No such file", log)

    def test_a_directory_in_place_of_the_file(self):
        result = run("-c", "/")
        self.assertIn(result.returncode, (NO_INPUT, CONFIG), result)
        self.assertIn("not a regular file", result.stderr)

    def test_unreadable_file(self):
        server = Server(prefix=harness.as_nobody())
        server.config_path.chmod(0o000)
        self.check(server, NO_PERMISSION, str(server.config_path), "Permission denied",
                   "mode 0000", "chmod")


class CommandLine(unittest.TestCase):
    def test_usage_errors(self):
        for arguments in (["--bogus"], ["argument"], ["-c"], ["-x"]):
            with self.subTest(arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, USAGE, result)
                self.assertIn("--help", result.stderr)
                self.assertEqual(result.stdout, "")

    def test_version(self):
        result = run("--version")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"^posternd \d+\.\d+\.\d+")

    def test_help(self):
        result = run("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("--config", result.stdout)

    def test_check_only(self):
        server = Server()
        result = run("-t", "-c", server.config_path)
        self.assertEqual(result.returncode, 0, result)
        self.assertFalse(listens(server.port))
        os.rmdir(server.spool)
        result = run("-t", "-c", server.config_path)
        self.assertEqual(result.returncode, CONFIG, result)
        self.assertIn(str(server.spool), result.stderr)


class NotifySocket:
    """What a service manager hears."""

    def __init__(self, abstract=False):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.settimeout(harness.START_SECONDS)
        directory = tempfile.mkdtemp(prefix="notify-", dir=harness.shared_directory())
        os.chmod(directory, 0o755)
        self.name = ("@postern" if abstract else "") + directory + "/socket"
        self.sock.bind(self.name.replace("@", "\0", 1))
        if not abstract:
            os.chmod(self.name, 0o777)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.sock.close()

    def next(self):
        return self.receive().splitlines()

    def receive(self):
        state = self.sock.recv(1 << 20).decode()
        # systemd takes no longer ones (its NOTIFY_BUFFER_MAX is PIPE_BUF), nor a word of them.
        assert len(state) <= select.PIPE_BUF, state
        return state

    def all(self):
        """What has come so far."""
        states = []
        self.sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                states.append(self.receive())
        return states


class ServiceManager(harness.TestCase):
    def check(self, notify):
        server = Server()
        self.stop_after(server)
        with notify:
            server.launch(NOTIFY_SOCKET=notify.name)
            self.assertIn("READY=1", notify.next())
            self.assertTrue(listens(server.port), "READY before the port accepts")
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(30), 0)
            states = "".join(notify.all())
            self.assertRegex(states, r"STOPPING=1\nEXTEND_TIMEOUT_USEC=\d+")

    def test_socket_in_the_file_system(self):
        self.check(NotifySocket())

    def test_abstract_socket(self):
        self.check(NotifySocket(abstract=True))

    def test_the_watchdog_is_fed_whatever_there_is_to_say(self):
        """A configuration with many mistakes: the old one is used, and the service goes on."""
        server = Server()
        self.stop_after(server)
        with NotifySocket() as notify:
            server.launch(NOTIFY_SOCKET=notify.name, WATCHDOG_USEC="1000000")
            self.assertIn("READY=1", notify.next())
            with open(server.config_path, "a", encoding="utf-8") as file:
                file.writelines(f"[mistake_{number}]\n" for number in range(200))
            server.process.send_signal(signal.SIGHUP)
            server.wait_event("reload", result="failed")
            harness.wait_for(lambda: self.tells_failure_and_life(notify.next()), "such a status")

    def tells_failure_and_life(self, state):
        return "WATCHDOG=1" in state and "configuration failed: " in state[0]

    def test_manager_that_is_gone(self):
        server = Server()
        self.stop_after(server)
        server.start(NOTIFY_SOCKET="/nonexistent/notify")
        Dialog.tls(server).close()


@needs_root
class NoExecutableMemory(harness.TestCase):
    """vm.memfd_noexec=2: the kernel refuses files of memory that could be executed. It holds for a
    name space of processes."""

    SYSCTL = pathlib.Path("/proc/sys/vm/memfd_noexec")

    def test_mail_is_taken_there(self):
        if not self.SYSCTL.exists():
            self.skipTest("the kernel is older than Linux 6.3")
        server = Server(harness.EXEMPT, prefix=[
            "unshare", "--pid", "--fork", "--kill-child",
            "sh", "-c", f'echo 2 > {self.SYSCTL} && exec "$@"', "sh"])
        self.addCleanup(lambda: server.process.poll() is None and server.process.kill())
        server.start()
        with Dialog.tls(server) as dialog:
            for size in 10, 3 << 20:  # the larger comes in parts
                message = harness.MESSAGE + size // 80 * (b"x" * 78 + b"\r\n")
                self.assertRegex(dialog.deliver(message, "info@ours.test"), "^250 ")
        self.assertEqual(len(server.mails("ours.test/info")), 2)
        server.postern("stop")
        self.assertEqual(server.process.wait(harness.WAIT_SECONDS), 0)


class Privileges(harness.TestCase):
    def status(self, pid):
        text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        return dict(line.split(":", 1) for line in text.splitlines())

    def test_no_role_has_a_capability(self):
        server = self.start()
        roles = server.roles()
        self.assertEqual(sorted(roles), ["postern-deliver", "postern-opinion",
                                         "postern-resolve", "postern-smtp",
                                         "postern-verify.1", "postern-verify.2"])
        for name, pid in roles.items():
            status = self.status(pid)
            for field in ("CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(int(status[field], 16), 0, f"{name} {field}")
            self.assertEqual(status["NoNewPrivs"].strip(), "1", name)

    @needs_root
    def test_root_is_given_up(self):
        user = pwd.getpwnam(harness.unprivileged_user())
        for name, pid in self.start().roles().items():
            status = self.status(pid)
            self.assertEqual(set(status["Uid"].split()), {str(user.pw_uid)}, name)
            self.assertEqual(set(status["Gid"].split()), {str(user.pw_gid)}, name)
            self.assertEqual(status["Groups"].split(), [], name)


if __name__ == "__main__":
    harness.main()
