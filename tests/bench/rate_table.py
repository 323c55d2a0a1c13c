#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What counting costs: nanoseconds of one RateTable::take(), by one thread and by two at once.

The best of five runs, for few clients, which are in the caches, and for as many as the table holds.
A ratio of 1 means that threads do not wait for each other.
"""

import argparse
import json
import os
import pathlib
import subprocess

PROGRAM = pathlib.Path(os.environ.get("POSTERN_BUILD", "build/release")) / "tests/rate_table_bench"
RUNS = 5
CLIENTS = {"few clients": 100, "many clients": 25000}


def take(threads, calls, clients):
    runs = (subprocess.run([PROGRAM, str(threads), str(calls), str(clients)], check=True,
                           capture_output=True, text=True).stdout for _ in range(RUNS))
    return min(map(float, runs))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1_000_000, help="of each thread")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = {}
    for name, clients in CLIENTS.items():
        one, two = (take(threads, arguments.calls, clients) for threads in (1, 2))
        result[name] = {"one_ns": one, "two_ns": two, "ratio": round(two / one, 2)}
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"{'':16}{'1 thread':>10}{'2 threads':>11}{'ratio':>7}")
    for name, row in result.items():
        print(f"{name:16}{row['one_ns']:7.0f} ns{row['two_ns']:8.0f} ns{row['ratio']:7.2f}")


if __name__ == "__main__":
    main()
