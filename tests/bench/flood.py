#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Twenty thousand connections that are up to no good, eight thousand at once, and a client that
delivers all the time: its latency, what the server takes for it, which limits bite, who is banned.

From 2,000 addresses of 127.0.0.0/8, a quarter of the connections from 50 of them. Limits are the
default ones. By hand, as root; one line of JSON. It ends with an error when a delivery failed.
"""
import json
import os
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "load")]
import flood
import harness

SHAPE = {"connections": 20_000, "at_once": 8_000, "rate": 400, "hold": 58, "seconds": 180,
         "alone": 15, "kinds": flood.ALL_TOGETHER, "sources": 1_950, "hot_sources": 50}


def main():
    with harness.Server() as server:
        result = flood.run(server, SHAPE)
    print(json.dumps({"cores": len(os.sched_getaffinity(0)), **result}))
    for phase, good in result["good"].items():
        if good["refused"] or good["lost"] or good["errors"] or not good["acknowledged"]:
            sys.exit(f"not every delivery succeeded: {phase}")


if __name__ == "__main__":
    main()
