# SPDX-License-Identifier: Apache-2.0
"""The log of a server as it grows. harness.Server reads all of it anew for each look."""
import datetime

import harness


def time_of(event):
    """Seconds since the epoch."""
    return datetime.datetime.fromisoformat(event["time"]).timestamp()


class Tail:
    """The events of these names, each line read once."""

    def __init__(self, server, names):
        self.path, self.names = server.log_path, names
        self.offset, self.events = 0, []

    def read(self):
        with open(self.path, "rb") as log:
            log.seek(self.offset)
            data = log.read()
        complete = data[:data.rfind(b"\n") + 1]  # the last line may be in the writing
        self.offset += len(complete)
        fields = map(harness.fields_of, complete.decode(errors="replace").splitlines())
        self.events += [event for event in fields if event.get("event") in self.names]
        return self.events

    def find(self, begin, name, **wanted):
        """Of the events behind the first `begin`."""
        return [event for event in self.read()[begin:] if event["event"] == name and
                all(event.get(key) == str(value) for key, value in wanted.items())]

    def wait(self, begin, name, **wanted):
        return harness.wait_for(lambda: self.find(begin, name, **wanted),
                                f"log event {name} {wanted}")[0]
