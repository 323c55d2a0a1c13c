#!/usr/bin/python3
"""Plants violations into small trees and expects each check to name them, and nothing else."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
HEADERS = ["base/result.h", "mail/address.h", "smtp/reply.h", "spool/delivery.h",
           "policy/settings.h", "net/settings.h", "net/loop.h", "config/load.h"]
PROGRAMS = ["posternd", "postern"] + [
    f"libexec/postern-{role}" for role in ("smtp", "deliver", "verify", "opinion", "resolve")]


class Checks(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.tree = pathlib.Path(self.folder.name).resolve()

    def plant(self, path, text):
        target = self.tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def complaints(self, check, *arguments):
        arguments = arguments or [self.tree]
        run = subprocess.run([sys.executable, str(HERE / check), *map(str, arguments)], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        found = run.stdout.splitlines()
        self.assertEqual(run.returncode, 1 if len(found) > 1 else 0, run.stdout)
        return found[:-1]

    def expect_floors(self, path, line, complaint):
        for header in HEADERS:
            self.plant(f"lib/{header}", SPDX)
        self.plant("daemon/smtp/glue.h", SPDX)
        self.plant(path, SPDX + line + "\n")
        with self.subTest(path=path, line=line):
            found = self.complaints("check_floors.py")
            self.assertEqual(len(found), 1 if complaint else 0, found)
            self.assertTrue(not complaint or found[0].startswith(f"{path}:2: "), found)
            self.assertIn(complaint or "", "".join(found))
        (self.tree / path).unlink()

    def test_floors_of_our_own_headers(self):
        for path, header, complaint in [
            ("lib/smtp/a.cc", "mail/address.h", None),
            ("lib/smtp/a.cc", "smtp/reply.h", None),
            ("lib/config/a.cc", "net/settings.h", None),
            ("daemon/supervisor/a.cc", "config/load.h", None),
            ("daemon/supervisor/a.cc", "daemon/smtp/glue.h", None),
            ("lib/base/a.h", "mail/address.h", "floor"),
            ("lib/smtp/a.h", "spool/delivery.h", "floor"),
            ("lib/policy/a.cc", "net/settings.h", "floor"),
            ("lib/config/a.cc", "net/loop.h", "floor"),
            ("lib/net/a.cc", "config/load.h", "floor"),
            ("lib/net/a.cc", "daemon/smtp/glue.h", "no header of lib/"),
            ("lib/smtp/a.cc", "reply.h", "no header of lib/"),
            ("lib/smtp/a.cc", "../net/loop.h", "no header of lib/"),
        ]:
            self.expect_floors(path, f'#include "{header}"', complaint)

    def test_sealed_headers(self):
        for path, header, complaint in [
            ("lib/net/a.cc", "openssl/ssl.h", None),
            ("lib/smtp/a.cc", "sys/stat.h", None),
            ("lib/smtp/a.cc", "string", None),
            ("daemon/ctl/a.cc", "nlohmann/json.hpp", None),
            ("lib/auth/dkim_crypto.cc", "openssl/evp.h", None),
            ("lib/smtp/a.cc", "openssl/ssl.h", "net only"),
            ("lib/auth/dkim_crypto.cc", "openssl/ssl.h", "net only"),
            ("lib/auth/dkim_crypto.h", "openssl/evp.h", "auth/dkim_crypto.cc, net only"),
            ("lib/auth/a.cc", "openssl/evp.h", "auth/dkim_crypto.cc, net only"),
            ("lib/smtp/a.cc", "sys/socket.h", "only"),
            ("lib/policy/a.cc", "event2/event.h", "net only"),
            ("daemon/supervisor/a.cc", "toml++/toml.h", "config only"),
            ("lib/net/a.cc", "spdlog/spdlog.h", "obs only"),
            ("lib/base/a.cc", "nlohmann/json.hpp", "daemon/ctl, daemon/supervisor only"),
            ("lib/base/a.cc", "boost/asio.hpp", "no owner"),
        ]:
            self.expect_floors(path, f"#include <{header}>", complaint)

    def test_sealed_calls(self):
        for path, line, complaint in [
            ("lib/spool/a.cc", "::fsync(fd);", None),
            ("lib/net/a.cc", "ops.rename(a, b);  // rename(a, b)", None),
            ("lib/net/a.cc", 'say("fsync(");', None),
            ("lib/net/a.cc", "if (::fsync(fd) != 0) return;", "spool only"),
            ("lib/config/a.cc", "std::rename(a, b);", "spool only"),
            ("lib/config/a.cc", "std::filesystem::rename(a, b);", "spool only"),
            ("daemon/smtp/a.cc", "const int fd = openat(d, p, 0);", "spool only"),
            ("lib/smtp/a.cc", "const int fd = socket(AF_INET, SOCK_STREAM, 0);", "net only"),
        ]:
            self.expect_floors(path, line, complaint)

    def test_a_folder_without_floor(self):
        self.plant("lib/attic/a.cc", SPDX)
        self.assertIn("attic has no floor", self.complaints("check_floors.py")[0])

    def test_size(self):
        self.plant("lib/base/full.cc", "x\n" * 800 + "")
        self.plant("lib/base/wide.cc", "x" * 100 + "\n")
        self.assertEqual(self.complaints("check_size.py"), [])
        self.plant("lib/base/full.cc", "x\n" * 801)
        self.plant("lib/base/wide.cc", "x" * 101 + "\n")
        found = self.complaints("check_size.py")
        self.assertEqual(found, ["lib/base/full.cc:801: 801 lines; at most 800",
                                 "lib/base/wide.cc:1: 101 columns; at most 100"])

    def test_text(self):
        self.plant("lib/base/good.h", SPDX + "#pragma once\n")
        self.assertEqual(self.complaints("check_text.py"), [])
        self.plant("lib/base/bad.h", "#pragma once\n")
        self.plant("README.md", f"see {self.tree}/build\n")
        found = self.complaints("check_text.py")
        self.assertEqual(len(found), 2, found)
        self.assertIn("README.md:1: names the folder", found[0])
        self.assertIn("lib/base/bad.h:1: the first line", found[1])

    def test_format(self):
        self.plant(".clang-format", (REPOSITORY / ".clang-format").read_text(encoding="utf-8"))
        self.plant("lib/base/a.cc", "int f() { return 1; }\n")
        self.assertEqual(self.complaints("check_format.py"), [])
        self.plant("lib/base/a.cc", "int f( ){return 1;}\n")
        self.assertIn("lib/base/a.cc:1:", self.complaints("check_format.py")[0])

    def test_man(self):
        page = ".Dd November 21, 2026\n.Dt X 8\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n"
        self.plant("man/x.8", page)
        self.assertEqual(self.complaints("check_man.py"), [])
        self.plant("man/x.8", page + ".Bogus\n")
        self.assertIn("unknown macro", self.complaints("check_man.py")[0])

    def test_events(self):
        rows = {
            "lib/obs/events.def":
                'POSTERN_EVENT(eclipse, Info, "sid client", "The sun went out.")\n',
            "daemon/common/counters.def":
                'POSTERN_COUNTER(ended_eclipse, "eclipse", "The sun went out.")\n'}
        for path in [*rows, "lib/policy/limits.def", "man/posternd.8"]:
            self.plant(path, (REPOSITORY / path).read_text(encoding="utf-8"))
        self.assertEqual(self.complaints("check_events.py"), [])
        for path, row in rows.items():
            with (self.tree / path).open("a", encoding="utf-8") as table:
                table.write(row)
        self.assertIn("events differ", self.complaints("check_events.py")[0])
        self.assertIn("counters differ", self.complaints("check_events.py")[1])

    def test_attacks(self):
        table = "tests/sandbox/attack/acts.def"
        for path in [table, "SECURITY.md"]:
            self.plant(path, (REPOSITORY / path).read_text(encoding="utf-8"))
        self.assertEqual(self.complaints("check_attacks.py"), [])
        with (self.tree / table).open("a", encoding="utf-8") as acts:
            acts.write('POSTERN_ACT(files, fly, "fly", "killed; smtp allowed", "")\n')
        found = self.complaints("check_attacks.py")
        self.assertIn("fly: what is allowed has a reason", found[0])
        self.assertIn("the table of attacks differs", found[1])

    def test_debian(self):
        for path in ("debian/control", "debian/changelog", "cmake/packages", "CMakeLists.txt"):
            self.plant(path, (REPOSITORY / path).read_text(encoding="utf-8"))
        self.assertEqual(self.complaints("check_debian.py"), [])
        with (self.tree / "cmake/packages").open("a", encoding="utf-8") as packages:
            packages.write("[build]\nlibfoo-dev\n[run]\nfoo-data\n")
        control = (self.tree / "debian/control").read_text(encoding="utf-8")
        self.plant("debian/control", control.replace(" cmake (", " cmake-bar,\n cmake ("))
        self.plant("debian/changelog", "postern (0.0.7) unstable; urgency=medium\n")
        self.assertEqual([line.split(";")[0] for line in self.complaints("check_debian.py")],
                         ["debian/control: Build-Depends lacks libfoo-dev, of cmake/packages",
                          "debian/control: Build-Depends has cmake-bar, which cmake/packages "
                          "[build] has not",
                          "debian/control: Depends lacks foo-data, of cmake/packages",
                          "debian/changelog:1: version 0.0.7"])

    def hardening_complaints(self, *flags, mode=0o755):
        """Of a small program with all that is asked for, but for what `flags` take away."""
        self.plant("a.cc", """#include <cstdio>
            #ifdef WRITTEN_CODE
            asm(".section .written, \\"awx\\"; .long 1; .text");
            #endif
            int main(int count, char** words) {
              char text[40];
              std::snprintf(text, sizeof text, words[0], count);
              return std::puts(text);
            }""")
        for program in PROGRAMS:
            self.plant(program, "")
            (self.tree / program).unlink()
            (self.tree / program).symlink_to(self.tree / "a.out")
        subprocess.run(["g++", "-w", "-O2", "-D_FORTIFY_SOURCE=2", "-fstack-protector-strong",
                        "-fPIE", "-pie", "-Wl,-z,relro,-z,now",
                        *flags, "a.cc", "-o", "a.out"], cwd=self.tree, check=True)
        (self.tree / "a.out").chmod(mode)
        return {line.partition(": ")[2] for line in self.complaints("check_hardening.py")}

    def test_hardening(self):
        for flag, complaint in [
            ("-g", None),
            ("-no-pie", "is not position-independent"),
            ("-Wl,-z,lazy", "binds functions late"),
            ("-Wl,-z,norelro", "has no part that is read-only after relocation"),
            ("-Wl,-z,execstack", "has a stack that may be executed"),
            ("-DWRITTEN_CODE", "has a segment that is written and executed"),
            ("-Wl,-rpath,/opt", "names folders for libraries"),
            ("-fno-stack-protector", "does not guard its stack"),
            ("-U_FORTIFY_SOURCE", "has no checked functions of libc"),
        ]:
            with self.subTest(flag=flag):
                found = self.hardening_complaints(flag)
                self.assertTrue(complaint in found if complaint else not found, found)
        self.assertEqual(self.hardening_complaints(mode=0o4775),
                         {"takes on the user or group of its file",
                          "may be written by others than its owner"})

    def test_needed(self):
        (self.tree / "libexec").mkdir()
        small, large = shutil.which("true"), shutil.which("openssl")
        for program in PROGRAMS:
            (self.tree / program).symlink_to(small)
        self.assertEqual(self.complaints("check_needed.py"), [])
        (self.tree / "libexec/postern-smtp").unlink()
        (self.tree / "libexec/postern-deliver").unlink()
        (self.tree / "libexec/postern-deliver").symlink_to(large)
        (self.tree / "libexec/postern-relay").symlink_to(small)
        self.assertEqual(self.complaints("check_needed.py"),
                         ["libexec/postern-smtp: not built",
                          "libexec/postern-deliver: links libcrypto",
                          "libexec/postern-deliver: links libssl",
                          "libexec/postern-relay: has no row in ALLOWED"])

    def test_skips(self):
        self.plant("tests.xml", """<testsuite>
            <testcase name="a" status="run"/>
            <testcase name="b" status="notrun"><skipped message=""/></testcase>
            <testcase name="c" status="disabled"/></testsuite>""")
        report, listed = self.tree / "tests.xml", self.tree / "skips.txt"
        self.plant("skips.txt", "# names\nb -- no such kernel here\nc -- broken upstream\n")
        self.assertEqual(self.complaints("check_skips.py", report, listed), [])
        self.plant("skips.txt", "c -- broken upstream\n")
        self.assertEqual(self.complaints("check_skips.py", report, listed),
                         ["b: skipped, and not in the list"])


if __name__ == "__main__":
    unittest.main()
