# SPDX-License-Identifier: Apache-2.0
"""Runs postern-ask, which asks as the resolve role does and is confined like it."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness

PROGRAM = harness.BUILD / "tests/postern-ask"


def ask(options, *questions):
    """{"NAME TYPE": "SECURITY STATUS DATA"} for questions "NAME TYPE"."""
    words = [word for question in questions for word in question.split(" ")]
    done = subprocess.run([str(PROGRAM), *options, "--", *words], capture_output=True, text=True,
                          timeout=harness.WAIT_SECONDS * 2, check=False)
    if done.returncode != 0:
        raise AssertionError(f"postern-ask ended with {done.returncode}: {done.stderr}")
    lines = [line.split(" ", 2) for line in done.stdout.splitlines()]
    return {f"{name} {kind}": rest for name, kind, rest in lines}
