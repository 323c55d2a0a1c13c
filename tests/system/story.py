# SPDX-License-Identifier: Apache-2.0
"""Steps, each with what holds after it, told in their order."""
import time

from service import Service


class Chapter:
    """Functions that take the World and may return a remark."""

    def __init__(self):
        self.steps = []

    def step(self, text):
        def add(function):
            self.steps.append((text, function))
            return function
        return add


class World:
    """What all steps share: the machine, the package for it, a build with the load client."""

    def __init__(self, package, build, folder, machine):
        self.package = package
        self.build = build
        self.folder = folder
        self.machine = machine
        self.service = Service(machine)


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def check_equal(left, right, what):
    check(left == right, f"{what}: {left!r}, not {right!r}")


def tell(chapters, world):
    steps = [step for chapter in chapters for step in chapter.steps]
    for number, (text, function) in enumerate(steps, 1):
        begin = time.monotonic()
        try:
            remark = function(world)
        except Exception:
            print(f"not ok {number} {text}", flush=True)
            print(world.machine.run("journalctl", "--no-pager", "-n", "60", "--grep",
                                    "^(?!event=(accept|disconnect))", check=False).stdout)
            raise
        print(f"ok {number} {text}{f': {remark}' if remark else ''} "
              f"({time.monotonic() - begin:.1f} s)", flush=True)
    print(f"{len(steps)} of {len(steps)} steps hold")
