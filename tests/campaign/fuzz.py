#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Looks for new inputs for every fuzz target, some at a time, and measures what of its own code
each reaches. Started again it goes on with those that are not done: build/fuzz/campaign.json.

It ends with 1 when a finding is left in build/fuzz/found, or a target did not come to its end.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fuzz"))
import fuzz_coverage
import fuzz_run
import sources

STATE = fuzz_run.BUILD / "campaign.json"
MOST_COMMITTED = 3_000  # inputs of all targets, each a file of its own


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--seconds", type=int, default=300, help="for each target (300)")
    parser.add_argument("--jobs", type=int, default=2, help="targets at one time (2)")
    parser.add_argument("--again", action="store_true", help="those that are done, too")
    parser.add_argument("--only", nargs="+", metavar="TARGET", help="these targets")
    parser.add_argument("--report", action="store_true", help="coverage and table alone")
    parser.add_argument("--merge", action="store_true",
                        help="replace the committed corpora by the least that reaches as much")
    parser.add_argument("--small", action="store_true",
                        help="only compare targets, sources and committed corpora")
    chosen = parser.parse_args()
    if unknown := set(chosen.only or []) - set(sources.targets()):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    return chosen


def load():
    return json.loads(STATE.read_text(encoding="utf-8")) if STATE.is_file() else {}


def save(state):
    new = STATE.with_suffix(".new")
    new.write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(new, STATE)


def is_done(row, seconds):
    return row.get("ended", False) and row["seconds"] >= seconds and not row["findings"]


def say(target, row):
    end = "" if row["ended"] else ", interrupted" if row["interrupted"] else ", ended early"
    print(f"{target}: {row['executions']} executions, {row['new']} new inputs{end}"
          f"{', found ' + ' '.join(row['findings']) if row['findings'] else ''}", flush=True)


def campaign(targets, state, options):
    """Runs those that are not done; each row of the state is kept when it is there."""
    open_ones = [name for name in targets if not is_done(state.get(name, {}), options.seconds)]
    print(f"{len(open_ones)} of {len(targets)} targets, {options.seconds} s each", flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = {pool.submit(fuzz_run.look, name, options.seconds): name for name in open_ones}
        try:
            for run in concurrent.futures.as_completed(runs):
                name = runs[run]
                state[name] = run.result()
                save(state)
                say(name, state[name])
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            sys.exit("interrupted: the same command goes on with those that are not done")


def measure(targets, state):
    fuzz_run.build("coverage", [f"corpus_{name}" for name in targets])
    for name in targets:
        state.setdefault(name, {})["coverage"] = fuzz_coverage.measure(name)
        state[name]["findings"] = fuzz_run.still_found(name)
        state[name]["corpus"] = len(fuzz_run.inputs(fuzz_run.GROWN / name))
        save(state)


def percent(pair):
    return f"{100 * pair[0] / pair[1]:.1f}" if pair[1] else "-"


def print_table(targets, state):
    print(f"{'target':<20}{'executions':>12}{'exec/s':>8}{'corpus':>8}{'lines':>7}{'regions':>9}"
          f"{'branches':>10}{'RSS MB':>8}{'slowest s':>11}{'findings':>10}")
    for name in targets:
        row = {"executions": 0, "seconds": 1, "peak_rss_mb": 0, "slowest_s": 0, **state[name]}
        lines, regions, branches = (percent(row["coverage"][kind]) for kind in fuzz_coverage.KINDS)
        print(f"{name:<20}{row['executions']:>12}{row['executions'] // row['seconds']:>8}"
              f"{row['corpus']:>8}{lines:>7}{regions:>9}{branches:>10}{row['peak_rss_mb']:>8}"
              f"{row['slowest_s']:>11}{len(row['findings']):>10}")
    print(f"{sum(state[name].get('executions', 0) for name in targets)} executions of "
          f"{len(targets)} targets; what no input reached: {fuzz_coverage.UNREACHED}")


def merge(targets):
    for name in targets:
        print(name, *(f"{what} {count}" for what, count in fuzz_run.merge(name).items()),
              flush=True)


def check():
    """As a test: the tables agree with the tree, and what is committed is small."""
    problems = list(sources.complaints())
    count = 0
    for name in sources.targets():
        paths = fuzz_run.inputs(fuzz_run.COMMITTED / name)
        count += len(paths)
        if sum(path.stat().st_size for path in paths) > fuzz_run.MOST_BYTES:
            problems.append(f"{name}: more than {fuzz_run.MOST_BYTES} bytes are committed")
        if not 0 < len(paths) <= fuzz_run.MOST_FILES:
            problems.append(f"{name}: {len(paths)} inputs are committed")
    if count > MOST_COMMITTED:
        problems.append(f"{count} inputs are committed, at most {MOST_COMMITTED}")
    print(*problems, f"{len(problems)} complaints, {count} inputs", sep="\n")
    return not problems


def main():
    options = arguments()
    if options.small:
        sys.exit(0 if check() else 1)
    targets = options.only or sources.targets()
    fuzz_run.build("fuzz", [f"fuzz_{name}" for name in targets])
    fuzz_run.make_seeds()
    if options.merge:
        return merge(targets)
    state = load()
    if options.again:
        state = {name: row for name, row in state.items() if name not in targets}
    if not options.report:
        campaign(targets, state, options)
    measure(targets, state)
    print_table(targets, state)
    ended = options.report or all(state[name]["ended"] for name in targets)
    sys.exit(0 if ended and not any(state[name]["findings"] for name in targets) else 1)


if __name__ == "__main__":
    main()
