# SPDX-License-Identifier: Apache-2.0
"""A thousand clients that keep their sessions and do next to nothing, and one that delivers."""
import collections
import json

import flood
import harness

SLOW = 1000
NETWORKS = 250
MESSAGES = 200
SHAPE = {"connections": SLOW, "at_once": SLOW, "rate": 250, "hold": 300, "seconds": 300,
         "kinds": "silent,half_open,slow_line,slow_data"}
# Half of them have TLS.
STAGES = {"helo": SLOW // 4, "tls": SLOW // 4, "mail": SLOW // 4, "data": SLOW // 4}


class SlowPeers(harness.TestCase):
    def sessions(self, server):
        return server.ask("status")["sessions"]

    def stages(self, server):
        return collections.Counter(session["stage"] for session in server.ask("ps"))

    def test_they_keep_nobody_from_delivering(self):
        server = self.start()
        slow = flood.flood(server, SHAPE, "--sources", flood.networks(1, NETWORKS))
        self.addCleanup(slow.communicate)
        self.addCleanup(slow.kill)
        harness.wait_for(lambda: self.sessions(server) == SLOW, "all slow ones", 120)
        harness.wait_for(lambda: self.stages(server) == STAGES, "each to be where it stays")
        report = flood.finish(flood.start(
            flood.LOAD, "--json", "--server", f"127.0.0.1:{server.port}", "--recipients",
            flood.MAILBOX, "--sources", flood.GOOD_SOURCES, "--messages", MESSAGES), 120)
        print("beside", SLOW, "slow ones:", json.dumps(flood.good_report(report)))
        self.assertEqual(report["messages"], {"acknowledged": MESSAGES, "refused": 0, "lost": 0})
        self.assertEqual((report["errors"], report["refusals"]), ({}, {}))
        self.assertEqual(len(server.wait_events("accept", MESSAGES)), MESSAGES)
        # The status may be a moment older than the end of the last good one.
        harness.wait_for(lambda: self.sessions(server) == SLOW, "all slow ones to be still there")


if __name__ == "__main__":
    harness.main()
