# SPDX-License-Identifier: Apache-2.0
"""The control socket, the commands of `postern` that use it, and reloading."""
import contextlib
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import threading

import harness
from harness import BUILD, MESSAGE, Dialog, needs_root, wait_for

UNAVAILABLE, CANNOT_CREATE, NO_PERMISSION, FAILED = 69, 73, 77, 1
MAX_REQUEST = 64 << 10
MAX_CONNECTIONS = 32
CERTIFICATE_SECONDS = 60  # a new certificate is in use after that


def socket_of(server):
    return server.directory / "control.sock"


def run(*arguments, prefix=(), program=BUILD / "postern"):
    return subprocess.run([*prefix, str(program), *map(str, arguments)], text=True, timeout=60,
                          capture_output=True, check=False)


class ControlCase(harness.TestCase):
    def rewrite(self, server, old, new):
        text = server.config_path.read_text()
        self.assertIn(old, text)
        server.config_path.write_text(text.replace(old, new))

    def connect(self, server):
        """The control socket itself."""
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.connect(str(socket_of(server)))  # waits while the queue is full
        client.settimeout(harness.WAIT_SECONDS)
        return client

    def ask_raw(self, client, line):
        client.sendall(line + b"\n")
        return json.loads(client.makefile("rb").readline())

    def rcpt(self, server, mailbox):
        with Dialog.tls(server) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 250)
            return dialog.ask(f"RCPT TO:<{mailbox}@ours.test>")


class Status(ControlCase):
    def test_fields(self):
        server = self.start()
        status = server.ask("status")
        self.assertEqual(status["pid"], server.process.pid)
        self.assertEqual(status["hostname"], harness.HOSTNAME)
        self.assertEqual(status["listeners"], [f"127.0.0.1:{server.port} starttls"])
        self.assertIn(status["certificate_days"], (29, 30))
        self.assertEqual(status["configuration"]["file"], str(server.config_path))
        self.assertEqual(status["configuration"]["generation"], 1)
        self.assertLess(status["configuration"]["age_seconds"], harness.WAIT_SECONDS)
        self.assertEqual(status["configuration"]["last_reload"], "none")
        self.assertEqual({role["role"] for role in status["roles"]},
                         {"smtp", "deliver", "verify.1", "verify.2", "opinion", "resolve"})
        for role in status["roles"]:
            program = os.readlink(f"/proc/{role['pid']}/exe")
            self.assertEqual(pathlib.Path(program).name, f"postern-{role['role'].split('.')[0]}")
            self.assertTrue(role["serving"])
            self.assertEqual(role["restarts"], 0)

    def test_counts(self):
        server = self.start()
        with Dialog.tls(server) as dialog:
            dialog.deliver(MESSAGE, "info@ours.test")
            dialog.begin("info@ours.test")
            dialog.finish(b"Subject: a NUL\r\n\r\n\0\r\n")
            names = ("messages_refused", "messages_accepted", "sessions", "connections_total")
            status = wait_for(lambda: (s := server.ask("status")) and all(map(s.get, names)) and s,
                              "the figures")
            self.assertEqual([status[name] for name in names], [1, 1, 1, 1])

    def test_table(self):
        server = self.start()
        text = server.postern("status")
        for expected in [f"pid {server.process.pid}", f"127.0.0.1:{server.port} starttls",
                         "days left", "0 accepted, 0 refused", "postern-smtp", "postern-deliver",
                         "postern-verify.2", "postern-resolve", "last reload none", "RESTARTS"]:
            self.assertIn(expected, text)

    def test_a_role_that_died_is_counted(self):
        server = self.start()
        first = {role["role"]: role["pid"] for role in server.ask("status")["roles"]}
        os.kill(first["verify.2"], signal.SIGKILL)

        def replaced():
            roles = {role["role"]: role for role in server.ask("status")["roles"]}
            return roles["verify.2"]["serving"] and roles["verify.2"]["restarts"] == 1 and roles
        roles = wait_for(replaced, "a new postern-verify.2")
        self.assertNotEqual(roles["verify.2"]["pid"], first["verify.2"])
        for name in ("smtp", "verify.1"):
            self.assertEqual(roles[name]["pid"], first[name])


class Ps(ControlCase):
    def test_stages(self):
        server = self.start()
        with contextlib.ExitStack() as stack:
            def session(source, tls=True):
                kind = Dialog.tls if tls else Dialog.plain
                return stack.enter_context(kind(server, source))
            greeted = stack.enter_context(Dialog(server.connect("127.0.0.2")))
            greeted.expect(220)
            session("127.0.0.3", tls=False)
            session("127.0.0.4").command("MAIL FROM:<a@example.net>", 250)
            data = session("127.0.0.5")
            data.deliver(MESSAGE, "info@ours.test")
            data.begin("info@ours.test")
            rows = {row["client"].split(":")[0]: row for row in server.ask("ps")}
            self.assertEqual({client: row["stage"] for client, row in rows.items()},
                             {"127.0.0.2": "helo", "127.0.0.3": "mail", "127.0.0.4": "rcpt",
                              "127.0.0.5": "data"})
            self.assertEqual(rows["127.0.0.2"]["helo"], "")
            self.assertEqual(rows["127.0.0.3"]["tls"], "-")
            self.assertEqual(rows["127.0.0.5"]["tls"], "TLSv1.3")
            self.assertEqual(rows["127.0.0.5"]["messages"], 1)
            self.assertEqual(rows["127.0.0.5"]["helo"], "client.example.net")
            table = server.postern("ps").splitlines()
            self.assertEqual(len(table), 5)
            self.assertEqual(table[0].split(),
                             ["SID", "CLIENT", "TLS", "STAGE", "AGE", "MESSAGES", "HELO"])
        wait_for(lambda: server.ask("ps") == [], "the end of all sessions")

    def test_helo_cannot_steer_a_terminal(self):
        server = self.start()
        with Dialog(server.connect()) as dialog:
            dialog.expect(220)
            dialog.command("HELO \x1b[2J\x1b]0;owned\x07", 501)
            dialog.command('HELO a"\\x1b[31m', 250)
            [row] = server.ask("ps")
            self.assertEqual(row["helo"], "a\\x22\\x5cx1b[31m")
            table = server.postern("ps")
            self.assertIn("  a\\x22\\x5cx1b[31m\n", table)
            self.assertTrue(all(c == "\n" or " " <= c <= "~" for c in table), table)

    def test_smtp_that_hangs_is_replaced_and_the_question_answered(self):
        server = self.start('[workers]\nsmtp_threads = 1\nping_timeout = "2s"\n'
                            f'user = "{harness.unprivileged_user()}"\n')
        roles = {role["role"]: role["pid"] for role in server.ask("status")["roles"]}
        client = self.connect(server)  # before: `postern` may take longer to start than it hangs
        os.kill(roles["smtp"], signal.SIGSTOP)
        self.assertEqual(self.ask_raw(client, b'{"command": "ps"}'),
                         {"ok": False, "error": "postern-smtp died"})
        wait_for(lambda: run("ps", "-c", server.config_path).returncode == 0, "a new postern-smtp")


class Reload(ControlCase):
    def test_mailbox_log_level_and_limits(self):
        server = self.start()
        self.assertTrue(self.rcpt(server, "new").startswith("550 5.1.1"))
        wait_for(lambda: server.ask("ps") == [], "its place to be free")
        self.assertEqual(server.events("connect"), [])
        self.rewrite(server, '"info", "postmaster"', '"info", "new", "postmaster"')
        with open(server.config_path, "a", encoding="utf-8") as file:
            file.write('[log]\nlevel = "debug"\n[limits]\nconnections = 1\n')
        self.assertIn("generation 2", server.postern("reload"))
        server.wait_event("reload", result="ok", generation=2)
        with Dialog.tls(server) as dialog:
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "new@ours.test"))
            with Dialog(server.connect()) as second:
                self.assertTrue(second.reply()[-1].startswith("421 "))
        self.assertEqual(len(server.mails("ours.test/new")), 1)
        server.wait_event("connect")
        configuration = server.ask("status")["configuration"]
        self.assertEqual((configuration["generation"], configuration["last_reload"]), (2, "ok"))

    def test_sessions_survive(self):
        server = self.start()
        pids = [role["pid"] for role in server.ask("status")["roles"]]
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            dialog.send(b"From: a@example.net\r\n\r\n")
            self.rewrite(server, '"sales"]', '"sales", "new"]')
            self.assertEqual(server.ask("reload"), {"generation": 2})
            self.assertIn("250 2.0.0", dialog.finish(b"rest\r\n"))
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "sales@ours.test"))
        self.assertEqual([role["pid"] for role in server.ask("status")["roles"]], pids)

    def test_by_signal(self):
        server = self.start()
        self.rewrite(server, '"info", "postmaster"', '"info", "new", "postmaster"')
        server.process.send_signal(signal.SIGHUP)
        server.wait_event("reload", result="ok", generation=2)
        self.assertTrue(self.rcpt(server, "new").startswith("250 "))

    def assert_refused(self, server, *expected):
        before = server.config_path.read_text()
        text = server.postern("reload", "--socket", socket_of(server), code=FAILED)
        for part in expected:
            self.assertIn(part, text)
        server.wait_event("reload", result="failed")
        self.assertTrue(self.rcpt(server, "info").startswith("250 "))
        self.assertTrue(self.rcpt(server, "new").startswith("550 "))
        done = run("status", "--json", "--socket", socket_of(server))
        configuration = json.loads(done.stdout)["configuration"]
        self.assertEqual(configuration["generation"], 1)
        self.assertTrue(configuration["last_reload"].startswith("failed: "))
        self.assertEqual(server.config_path.read_text(), before)

    def add_new(self, server):
        self.rewrite(server, '"info", "postmaster"', '"info", "new", "postmaster"')

    def test_mistakes_change_nothing_and_are_named(self):
        server = self.start()
        self.add_new(server)
        with open(server.config_path, "a", encoding="utf-8") as file:
            file.write('[smtp]\nmax_recipient = 7\ncommand_timeout = 5\n')
        lines = server.config_path.read_text().count("\n")
        self.assert_refused(server, f"{server.config_path}:{lines - 1}:1: error: unknown",
                            f"{server.config_path}:{lines}:", "did you mean", "2 errors")
        # The socket is found in a file with mistakes too.
        self.assertIn("2 errors", server.postern("reload", code=FAILED))

    def test_text_that_is_no_toml(self):
        server = self.start()
        self.add_new(server)
        with open(server.config_path, "a", encoding="utf-8") as file:
            file.write("[smtp\n")
        self.assert_refused(server, f"{server.config_path}:", "error")

    def test_a_key_that_does_not_fit_the_certificate(self):
        server = self.start()
        self.add_new(server)
        _, other = harness.certificate("rsa")
        self.rewrite(server, str(harness.certificate()[1]), str(other))
        self.assert_refused(server, str(other))

    def test_what_needs_a_restart_is_refused_and_named(self):
        server = self.start()
        self.add_new(server)
        self.rewrite(server, "smtp_threads = 2", "smtp_threads = 3")
        self.rewrite(server, f"127.0.0.1:{server.port}", f"127.0.0.2:{server.port}")
        self.assert_refused(server, "listener", "workers.smtp_threads", "restart")

    def test_a_missing_file(self):
        server = self.start()
        text = server.config_path.read_text()
        server.config_path.unlink()
        done = run("reload", "--socket", socket_of(server))
        self.assertEqual(done.returncode, FAILED)
        self.assertIn(str(server.config_path), done.stderr)
        server.config_path.write_text(text)
        self.assertEqual(server.ask("reload"), {"generation": 2})


class Certificates(ControlCase):
    def own_files(self):
        directory = pathlib.Path(tempfile.mkdtemp(dir=harness.shared_directory()))
        directory.chmod(0o755)
        if harness.AS_ROOT:
            shutil.chown(directory, harness.unprivileged_user())
        files = []
        for name, source in zip(("chain.pem", "key.pem"), harness.certificate()):
            files.append(directory / name)
            shutil.copy(source, files[-1])
            if harness.AS_ROOT:
                shutil.chown(files[-1], harness.unprivileged_user())
        return files

    def test_files_that_cannot_be_read_change_nothing(self):
        """The certificate that is there is used until a better one can be."""
        for index, (act, said) in enumerate(((lambda file: file.chmod(0), "Permission denied"),
                                             (lambda file: file.write_text("x"), "certificate"),
                                             (lambda file: file.unlink(), "No such file"))):
            files = self.own_files()
            config = f'[control]\nsocket = "{files[0].parent}/control.sock"\n'
            server = self.start(harness.certificate_table(*files) + config,
                                prefix=harness.as_nobody())
            with self.subTest(index):
                before = self.in_use(server)
                keep = files[0].read_bytes()
                act(files[0])
                error = server.postern("reload", code=FAILED)
                self.assertIn(said, error)
                self.assertIn(str(files[0]), error)
                self.assertEqual(server.wait_event("reload")["result"], "failed")
                self.assertEqual(self.in_use(server), before)
                files[0].unlink(missing_ok=True)
                files[0].write_bytes(keep)
                self.assertEqual(server.ask("reload"), {"generation": 2})

    def in_use(self, server):
        with Dialog.tls(server) as dialog:
            return ssl.DER_cert_to_PEM_cert(dialog.sock.getpeercert(binary_form=True))

    def start_with_own_files(self):
        files = self.own_files()
        server = self.start(harness.certificate_table(*files) +
                            '[limits]\nexempt = ["127.0.0.1"]\n')
        self.assertEqual(self.in_use(server), files[0].read_text())
        return server, files

    def renew(self, files):
        """What the server is to use then."""
        new = harness.certificate("ec", "new.ours.test")
        for target, source in zip(files, new):
            replacement = target.with_suffix(".new")
            shutil.copy(source, replacement)
            replacement.rename(target)
        return new[0].read_text()

    def wait_for_use(self, server, certificate):
        wait_for(lambda: self.in_use(server) == certificate, "the new certificate",
                 CERTIFICATE_SECONDS)

    def test_new_files_are_noticed_without_a_signal(self):
        server, files = self.start_with_own_files()
        self.wait_for_use(server, self.renew(files))
        server.wait_event("reload", result="ok")

    def test_new_files_are_noticed_behind_a_reload_that_was_refused(self):
        server, files = self.start_with_own_files()
        verifier = server.roles()["postern-verify.1"]
        os.kill(verifier, signal.SIGSTOP)
        command = [BUILD / "postern", "reload", "-c", server.config_path]
        both = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
        # So the other has read the old ones, and waits for that verifier.
        server.wait_event("reload", result="failed", reason="another reload is going on")
        new = self.renew(files)
        self.assertIn("another reload is going on", server.postern("reload", code=FAILED))
        os.kill(verifier, signal.SIGCONT)
        self.assertEqual({reload.wait(harness.WAIT_SECONDS) for reload in both}, {0, FAILED})
        self.wait_for_use(server, new)


class Socket(ControlCase):
    def setUp(self):
        self.server = self.start()

    def test_is_for_its_owner_only(self):
        status = socket_of(self.server).stat()
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o600)
        self.assertEqual(status.st_uid, os.geteuid())

    @needs_root
    def test_another_user_is_refused(self):
        account = pwd.getpwnam(harness.unprivileged_user())
        other = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}",
                 "--clear-groups"]
        tool = harness.shared_directory() / "postern"
        shutil.copy(BUILD / "postern", tool)
        done = run("status", "--socket", socket_of(self.server), prefix=other, program=tool)
        self.assertEqual(done.returncode, NO_PERMISSION, done.stderr)
        self.assertIn("only root", done.stderr)
        # Whatever the mode of the file.
        socket_of(self.server).chmod(0o666)
        done = run("status", "--socket", socket_of(self.server), prefix=other, program=tool)
        self.assertEqual(done.returncode, UNAVAILABLE, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_garbage_is_answered(self):
        client = self.connect(self.server)
        for line in [b"", b"\xff\xfe\0", b"[]", b"{}", b'{"command": 7}', b'{"command": "status"',
                     b"[" * 20000, b'{"command": "\\ud800"}']:
            answer = self.ask_raw(client, line)
            self.assertFalse(answer["ok"], line)
            self.assertIn("not a request", answer["error"], line)
        self.assertEqual(self.ask_raw(client, b'{"command": "rm"}'),
                         {"ok": False, "error": "there is no such command"})
        self.assertTrue(self.ask_raw(client, b'{"command": "status"}')["ok"])

    def test_a_request_without_end_is_cut_off(self):
        client = self.connect(self.server)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(b" " * (MAX_REQUEST + 8192))
            self.assertEqual(client.recv(1), b"")
        self.assertEqual(self.server.ask("ps"), [])

    def test_a_request_of_the_full_length(self):
        client = self.connect(self.server)
        request = b'{"command": "ps"}'
        line = b" " * (MAX_REQUEST - len(request) - 1) + request
        self.assertEqual(self.ask_raw(client, line), {"ok": True, "result": []})

    def test_requests_that_come_at_once_are_answered_in_order(self):
        client = self.connect(self.server)
        client.sendall(b'{"command": "ps"}\n{"command": "status"}\n\n' * 500)
        answers = client.makefile("rb")
        for _ in range(500):
            self.assertEqual(json.loads(answers.readline())["result"], [])
            self.assertEqual(json.loads(answers.readline())["result"]["hostname"],
                             harness.HOSTNAME)
            self.assertFalse(json.loads(answers.readline())["ok"])

    def test_a_client_that_reads_no_answer_is_cut_off(self):
        client = self.connect(self.server)
        with self.assertRaises((BrokenPipeError, ConnectionResetError)):
            while True:
                client.sendall(b'{"command": "status"}\n' * 100)

    def test_many_connections(self):
        clients = [self.connect(self.server) for _ in range(MAX_CONNECTIONS + 8)]
        for client in clients[:MAX_CONNECTIONS]:
            self.assertTrue(self.ask_raw(client, b'{"command": "ps"}')["ok"])
        for client in clients[MAX_CONNECTIONS:]:
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(client.recv(1), b"")
        done = run("ps", "-c", self.server.config_path)
        self.assertEqual(done.returncode, UNAVAILABLE, done.stderr)
        for client in clients:
            client.close()
        wait_for(lambda: run("ps", "-c", self.server.config_path).returncode == 0, "room")

    def test_a_connection_that_ends_before_its_answer(self):
        for _ in range(20):
            client = self.connect(self.server)
            client.sendall(b'{"command": "ps"}\n{"command": "reload"}\n')
            client.close()
        self.assertEqual(self.server.ask("ps"), [])


class Second(ControlCase):
    def assert_refuses(self, first, of):
        second = harness.Server()
        text = second.config_path.read_text()
        self.assertIn(str(of(second)), text)
        second.config_path.write_text(text.replace(str(of(second)), str(of(first))))
        code, log = second.fail_to_start()
        self.assertEqual(code, CANNOT_CREATE, log)
        self.assertIn(f"pid {first.process.pid};", log)
        self.assertEqual(second.events("listen"), [])
        self.assertEqual(first.ask("status")["pid"], first.process.pid)
        self.assertTrue(self.rcpt(first, "info").startswith("250 "))

    def test_on_the_same_socket(self):
        self.assert_refuses(self.start(), socket_of)

    def test_on_the_same_spool(self):
        self.assert_refuses(self.start(), lambda server: server.spool)

    def test_on_the_same_state(self):
        self.assert_refuses(self.start(), lambda server: server.state)

    def test_the_socket_of_a_dead_server_is_replaced(self):
        server = self.start()
        server.kill()
        self.assertTrue(socket_of(server).is_socket())
        self.assertIn("no server answers", server.postern("status", code=UNAVAILABLE))
        server.start()
        self.assertEqual(server.ask("status")["pid"], server.process.pid)

    def test_a_socket_that_is_removed_comes_back(self):
        """Without a restart: at the next look around, or by a signal."""
        server = self.start()
        socket_of(server).unlink()
        self.assertIn("no server answers", server.postern("status", code=UNAVAILABLE))
        self.assertTrue(self.rcpt(server, "info").startswith("250 "))
        server.process.send_signal(signal.SIGHUP)
        server.wait_event("trouble", area="control")
        self.assertEqual(server.ask("status")["pid"], server.process.pid)
        self.assertEqual(stat.S_IMODE(socket_of(server).stat().st_mode), 0o600)

    def test_what_takes_its_place_stays(self):
        server = self.start()
        socket_of(server).unlink()
        socket_of(server).write_text("precious")
        for number in (1, 2):
            server.process.send_signal(signal.SIGHUP)
            server.wait_events("reload", number)
        [event] = [event for event in server.events("trouble") if event["area"] == "control"]
        self.assertIn("no socket", event["reason"])
        server.stop()
        self.assertEqual(socket_of(server).read_text(), "precious")

    def test_what_is_no_socket_stays(self):
        server = harness.Server()
        socket_of(server).write_text("precious")
        code, log = server.fail_to_start()
        self.assertEqual(code, CANNOT_CREATE, log)
        self.assertIn("no socket", log)
        self.assertEqual(socket_of(server).read_text(), "precious")

    def test_a_start_that_fails_leaves_no_socket(self):
        first, second = self.start(), harness.Server()
        text = second.config_path.read_text()
        second.config_path.write_text(text.replace(str(second.port), str(first.port)))
        code, log = second.fail_to_start()
        self.assertEqual(code, 71, log)
        self.assertFalse(socket_of(second).exists())


@needs_root
class DefaultSocket(ControlCase):
    """/run/postern, in a name space of the test's own."""
    EMPTY_RUN = harness.own_mounts("mount -t tmpfs none /run")

    def test_root_makes_its_directory(self):
        server = self.start("[control]\n", prefix=self.EMPTY_RUN)
        directory = pathlib.Path(f"/proc/{server.process.pid}/root/run/postern")
        status = directory.stat()
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o750)
        self.assertEqual(status.st_uid, pwd.getpwnam(harness.unprivileged_user()).pw_uid)
        done = run("status", "--json", "--socket", directory / "control.sock")
        self.assertEqual(json.loads(done.stdout)["pid"], server.process.pid)

    def test_nobody_else_does_and_the_server_serves(self):
        account = pwd.getpwnam(harness.unprivileged_user())
        directory = harness.shared_directory() / "readable"
        directory.mkdir()
        files = [shutil.copy(path, directory) for path in harness.certificate()]
        shutil.chown(files[1], account.pw_uid)
        server = self.start("[control]\n" + harness.certificate_table(*files),
                            prefix=[*self.EMPTY_RUN, *harness.as_nobody()])
        server.wait_event("trouble", area="control")
        self.assertTrue(self.rcpt(server, "info").startswith("250 "))


class Stop(ControlCase):
    def test_waits_for_the_end(self):
        server = self.start()
        self.assertEqual(server.postern("stop"), "stopped\n")
        self.assertEqual(server.process.wait(harness.WAIT_SECONDS), 0)
        self.assertEqual(server.events("stop")[-1]["reason"], "control")
        self.assertFalse(socket_of(server).exists())

    def test_lets_a_transaction_end(self):
        server = self.start()
        outcome = []
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            stopping = threading.Thread(target=lambda: outcome.append(
                run("stop", "-c", server.config_path)))
            stopping.start()
            server.wait_event("stop")
            self.assertIn("the server is stopping", server.postern("reload", code=FAILED))
            self.assertEqual(outcome, [])
            self.assertIn("250 2.0.0", dialog.finish(MESSAGE))
        stopping.join(harness.WAIT_SECONDS)
        self.assertEqual(outcome[0].returncode, 0, outcome[0].stderr)
        self.assertEqual(server.process.wait(harness.WAIT_SECONDS), 0)
        self.assertEqual(len(server.mails("ours.test/info")), 1)


class Tool(ControlCase):
    """`postern` alone, against servers that are none."""

    def serve(self, answer):
        path = harness.shared_directory() / "hostile.sock"
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(path))
        listener.listen()

        def once():
            client, _ = listener.accept()
            with client:
                client.recv(4096)
                client.sendall(answer)
        threading.Thread(target=once, daemon=True).start()
        return path

    def test_no_server(self):
        missing = harness.shared_directory() / "missing"
        done = run("status", "--socket", missing)
        self.assertEqual(done.returncode, UNAVAILABLE)
        self.assertIn(str(missing), done.stderr)
        done = run("status", "-c", missing)
        self.assertEqual(done.returncode, UNAVAILABLE)
        self.assertIn("may name another", done.stderr)

    def test_no_answer_steers_the_terminal(self):
        row = {"sid": "1", "client": "\x1b[2J", "tls": "-", "stage": "\u009b31m", "helo": "a\nb",
               "age_ms": 1, "messages": 0}
        path = self.serve(json.dumps({"ok": True, "result": [row]}).encode() + b"\n")
        done = run("ps", "--socket", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("\\x1b[2J", done.stdout)
        self.assertIn("\\xc2\\x9b31m", done.stdout)
        self.assertIn("a\\x0ab", done.stdout)
        self.assertEqual(done.stdout.count("\n"), 2)
        path = self.serve(json.dumps({"ok": True, "result": [row]}).encode() + b"\n")
        done = run("ps", "--json", "--socket", path)
        self.assertEqual(json.loads(done.stdout), [row])
        self.assertTrue(done.stdout.isascii() and "\x1b" not in done.stdout)
        path = self.serve(json.dumps({"ok": False, "error": "one\x1b[1m\ntwo"}).encode() + b"\n")
        done = run("reload", "--socket", path)
        self.assertEqual((done.returncode, done.stderr), (FAILED, "one\\x1b[1m\ntwo\n"))

    def test_answers_that_are_none(self):
        for answer in [b"", b"hello\n", b"[]\n", b'{"ok": 1}\n', b'{"ok": true}\n',
                       b'{"ok": true, "result": {"version": 7}}\n', b'{"ok": true, "resu']:
            done = run("status", "--socket", self.serve(answer))
            self.assertEqual(done.returncode, UNAVAILABLE, answer)
            self.assertTrue(done.stderr.startswith("postern: "), done.stderr)
            self.assertEqual(done.stdout, "")

    def test_every_command_has_help_and_its_place_in_the_manual(self):
        table = (harness.SOURCE / "daemon/common/control_commands.def").read_text()
        page = (harness.SOURCE / "man/postern.8").read_text()
        commands = re.findall(r"POSTERN_CONTROL\((\w+)", table)
        self.assertIn("status", commands)
        for command in commands:
            self.assertIn("--socket", run(command, "--help").stdout)
            self.assertIn(f".Ss {command}\n", page)


if __name__ == "__main__":
    harness.main()
