# SPDX-License-Identifier: Apache-2.0
"""One target of the fuzz campaign: looking for inputs for some time, and the least corpus that
reaches all that is reached."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/fuzz"
COMMITTED = ROOT / "tests/fuzz/corpus"
GROWN = BUILD / "corpus"
FOUND = BUILD / "found"
SEEDS = BUILD / "seeds"
LOGS = BUILD / "logs"
# Far above what an input of this size may cost; a second is many on a machine that is busy.
LIMITS = ["-timeout=25", "-malloc_limit_mb=256", "-rss_limit_mb=1024"]
INTERRUPTED = 72  # libFuzzer's exit code after SIGINT
# What is committed for a target: each test run plays it, and each clone carries it.
MOST_FILES = 256
MOST_BYTES = 400_000
STATISTICS = {"executions": "number_of_executed_units", "new": "new_units_added",
              "slowest_s": "slowest_unit_time_sec", "peak_rss_mb": "peak_rss_mb"}


def build(preset, programs):
    """Configures and compiles; its output is shown when it fails."""
    for command in (["cmake", "--preset", preset],
                    ["cmake", "--build", f"build/{preset}", "--target", *programs]):
        run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, check=False)
        if run.returncode != 0:
            sys.exit(run.stdout[-4000:] + f"failed: {' '.join(command)}")


def program(target):
    return BUILD / "tests" / f"fuzz_{target}"


def inputs(folder):
    return sorted(folder.iterdir()) if folder.is_dir() else []


def make_seeds():
    subprocess.run([sys.executable, ROOT / "tests/fuzz/make_seeds.py", SEEDS], check=True)


def all_inputs(target):
    """The folders that have inputs of the target."""
    folders = [folder / target for folder in (GROWN, SEEDS, COMMITTED)]
    return [folder for folder in folders if inputs(folder)]


def still_found(target):
    """Inputs of former runs that show a fault to this day; those that show none any more go."""
    for path in inputs(FOUND / target):
        run = subprocess.run([program(target), *LIMITS, path], capture_output=True, check=False)
        if run.returncode == 0:
            path.unlink()
    return [path.name for path in inputs(FOUND / target)]


def statistics(log):
    """The last lines of libFuzzer, as our figures."""
    found = dict(re.findall(r"^stat::(\w+):\s+(\d+)$", log, re.MULTILINE))
    return {name: int(found.get(theirs, 0)) for name, theirs in STATISTICS.items()}


def look(target, seconds):
    """Runs the target; what it says of it, whether it came to its end, and what it found."""
    for folder in (GROWN / target, FOUND / target, LOGS):
        folder.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{target}.log"
    with log.open("w", encoding="utf-8", errors="replace") as output:
        run = subprocess.run(
            [program(target), f"-max_total_time={seconds}", *LIMITS, "-print_final_stats=1",
             f"-artifact_prefix={FOUND / target}/",
             *dict.fromkeys([GROWN / target, *all_inputs(target)])],
            stdout=output, stderr=output, check=False)
    figures = statistics(log.read_text(encoding="utf-8", errors="replace"))
    return {**figures, "seconds": seconds, "ended": run.returncode == 0,
            "interrupted": run.returncode in (INTERRUPTED, -2, -15),
            "corpus": len(inputs(GROWN / target)), "findings": still_found(target)}


def within_limits(folder):
    """The greatest inputs go until the rest may be committed; how many went."""
    paths = sorted(inputs(folder), key=lambda path: (path.stat().st_size, path.name))
    kept, size = 0, 0
    for path in paths[:MOST_FILES]:
        size += path.stat().st_size
        if size > MOST_BYTES:
            break
        kept += 1
    for path in paths[kept:]:
        path.unlink()
    return len(paths) - kept


def merge(target):
    """Replaces the committed corpus by the least that reaches all that is reached by the seeds, by
    what was grown, and by what it has been."""
    new = BUILD / "merged" / target
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    subprocess.run([program(target), *LIMITS, "-set_cover_merge=1", "-use_counters=0", new,
                    *all_inputs(target)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   check=True)
    left_out = within_limits(new)
    before = len(inputs(COMMITTED / target))
    shutil.rmtree(COMMITTED / target)
    shutil.move(os.fspath(new), COMMITTED / target)
    return {"before": before, "after": len(inputs(COMMITTED / target)), "left out": left_out}
