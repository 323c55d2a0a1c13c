# SPDX-License-Identifier: Apache-2.0
"""How much of its own sources (tests/fuzz/sources.py) the corpora of a fuzz target reach, measured
by clang on a build of its own. Each input is played once."""

import json
import os
import shutil
import subprocess

import fuzz_run
from fuzz_run import ROOT
from sources import SOURCES

BUILD = ROOT / "build/coverage"
PROFILES = BUILD / "profiles"
UNREACHED = BUILD / "unreached"  # a file for each target: its lines that nothing reached
LLVM = "14"
KINDS = ("lines", "regions", "branches")


def program(target):
    return BUILD / "tests" / f"corpus_{target}"


def play(target):
    """One profile of all its inputs."""
    folder = PROFILES / target
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for inputs in fuzz_run.all_inputs(target):
        if fuzz_run.inputs(inputs):
            subprocess.run([program(target), inputs], stdout=subprocess.DEVNULL, check=True,
                           env={**os.environ, "LLVM_PROFILE_FILE": f"{folder}/%p.profraw"})
    merged = PROFILES / f"{target}.profdata"
    subprocess.run([f"llvm-profdata-{LLVM}", "merge", "-sparse", "-o", merged,
                    *folder.glob("*.profraw")], check=True)
    return merged


def llvm_cov(verb, target, profile, *options):
    sources = [ROOT / source for source in SOURCES[target]]
    return subprocess.run([f"llvm-cov-{LLVM}", verb, program(target),
                           f"-instr-profile={profile}", *options, *sources],
                          capture_output=True, text=True, check=True).stdout


def write_unreached(target, profile):
    """Lines as "path", and "number|0|text" beneath it."""
    text = llvm_cov("show", target, profile, "-show-instantiations=false")
    lines = [line for line in text.splitlines()
             if "|" not in line or line.split("|")[1].strip() == "0"]
    UNREACHED.mkdir(parents=True, exist_ok=True)
    (UNREACHED / f"{target}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(target):
    """{"lines": [covered, all], ...} of the sources of this target."""
    profile = play(target)
    write_unreached(target, profile)
    files = json.loads(llvm_cov("export", target, profile, "-summary-only"))["data"][0]["files"]
    return {kind: [sum(file["summary"][kind][part] for file in files)
                   for part in ("covered", "count")] for kind in KINDS}
