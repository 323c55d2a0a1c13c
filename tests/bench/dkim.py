#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What DKIM and DMARC cost a message in the running server: milliseconds, CPU, messages a second.

Mail of 10 KiB without a signature, with one of each kind, and the largest that is taken. Keys and
policy are known (`dns.local_data`). By hand; a table, or one line of JSON.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "auth/dkim")]
import harness
from harness import Dialog
from signer import Ed25519Key, RsaKey, sign

LOAD = harness.BUILD / "tests/postern-load"
CLIENT = "127.40.3.9"
KEYS = {"r1": RsaKey(1024), "r2": RsaKey(2048), "e": Ed25519Key()}
LINE = b"a line of text with blanks in it and seventy octets all in all, as is.\r\n"
FROM = b"From: ann@signed.test\r\nSubject: hello\r\n"
TICK = os.sysconf("SC_CLK_TCK")


def config():
    """The policy would refuse what does not pass."""
    records = [harness.NO_DNS, '_dmarc.signed.test. TXT "v=DMARC1; p=reject"']
    for name, key in KEYS.items():
        record = key.record()
        strings = " ".join(f'"{record[at:at + 200]}"' for at in range(0, len(record), 200))
        records.append(f"{name}._domainkey.signed.test. TXT {strings}")
    lines = ", ".join(f"'{record}'" for record in records)
    return (f"[dns]\nlocal_data = [{lines}]\n[smtp]\nmax_messages_per_session = 1000\n"
            "max_message_size = \"30M\"\nmax_header_size = \"1M\"\n"
            "[limits]\nexempt = [\"127.0.0.0/8\"]\n")


def message(size, *selectors):
    text = FROM + b"\r\n" + LINE * (size // len(LINE))
    for selector in selectors:
        field = ("DKIM-Signature: v=1; a={a}; c=relaxed/relaxed; d=signed.test; "
                 f"s={selector}; h=from:subject;\r\n bh={{bh}};\r\n b={{b}}")
        text = sign(text, KEYS[selector], field)
    return text


def unsigned(size):
    return message(size).replace(b"signed.test", b"unknown.test")


def processes(parent):
    """(name, CPU seconds so far) of the roles."""
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        values = rest.split()
        if int(values[1]) == parent:
            yield name, (int(values[11]) + int(values[12])) / TICK


def cpu(server):
    used = {}
    for name, seconds in processes(server.process.pid):
        used[name] = used.get(name, 0) + seconds
    return used


def load(server, text, messages):
    """Messages a second, and milliseconds of CPU a message, of smtp, the verifiers and all."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(text)
        file.flush()
        before = cpu(server)
        done = subprocess.run(
            [str(LOAD), "--json", "--server", f"127.0.0.1:{server.port}", "--sources", CLIENT,
             "--from", "ann@bounces.test", "--recipients", "info@ours.test", "--file", file.name,
             "--connections", "20", "--messages-per-connection", "100", "--messages",
             str(messages), "--pipelining"], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    used = {name: (seconds - before.get(name, 0)) * 1000 / messages
            for name, seconds in cpu(server).items()}
    return {"rate": report["messages_per_second"], "verify_cpu_ms": used.get("postern-verify", 0),
            "smtp_cpu_ms": used.get("postern-smtp", 0), "cpu_ms": sum(used.values())}


def alone(server, text, times):
    """Milliseconds from the last octet of the message to 250, median."""
    samples = []
    with Dialog.tls(server, CLIENT) as dialog:
        for _ in range(times):
            dialog.send(b"MAIL FROM:<ann@bounces.test>\r\nRCPT TO:<info@ours.test>\r\n"
                        + f"BDAT {len(text)}\r\n".encode() + text)
            for _ in range(3):
                dialog.expect(250)
            begin = time.monotonic()
            dialog.send(b"BDAT 0 LAST\r\n")
            dialog.expect(250)
            samples.append((time.monotonic() - begin) * 1000)
    return statistics.median(samples)


def measure(messages, runs):
    kinds = {"no signature": unsigned(10240), "RSA 1024": message(10240, "r1"),
             "RSA 2048": message(10240, "r2"), "Ed25519": message(10240, "e"),
             "RSA 2048 and Ed25519": message(10240, "r2", "e")}
    largest = {"25 MiB, no signature": unsigned(25 << 20),
               "25 MiB, RSA 2048": message(25 << 20, "r2"),
               "25 MiB, ten signatures": message(25 << 20, *["r2"] * 10)}
    result = {"cores": len(os.sched_getaffinity(0)), "10 KiB": {}, "large": {}}
    with harness.Server(config()) as server:
        found = {name: [] for name in kinds}
        for _ in range(runs):  # in turn, so that all have the same machine
            for name, text in kinds.items():
                found[name].append(load(server, text, messages))
        for name, rows in found.items():
            best = max(rows, key=lambda row: row["rate"])
            result["10 KiB"][name] = best | {"ms": alone(server, kinds[name], 50)}
        for name, text in largest.items():
            result["large"][name] = alone(server, text, 3)
        verdicts = {event["dmarc"] for event in server.events("accept")}
    if verdicts != {"pass", "none"}:
        sys.exit(f"DMARC should come to pass and none, and came to {verdicts}")
    return result


def print_table(result):
    print(f"{'10 KiB':24}{'ms':>8}{'messages/s':>12}{'CPU ms':>8}{'of smtp':>9}{'of verify':>11}")
    for name, row in result["10 KiB"].items():
        print(f"{name:24}{row['ms']:8.2f}{row['rate']:12.0f}{row['cpu_ms']:8.2f}"
              f"{row['smtp_cpu_ms']:9.2f}{row['verify_cpu_ms']:11.2f}")
    print("\nms from the end of the message to 250:")
    for name, value in result["large"].items():
        print(f"{name:24}{value:8.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=3000, help="of a run of postern-load")
    parser.add_argument("--runs", type=int, default=3, help="of postern-load, of each kind")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.messages, arguments.runs)
    if arguments.json:
        print(json.dumps(result))
    else:
        print_table(result)


if __name__ == "__main__":
    main()
