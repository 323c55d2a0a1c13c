# SPDX-License-Identifier: Apache-2.0
"""A flood of connections, and one client that delivers all the time. `./dev bench flood` is the
same with twenty thousand connections."""
import json
import os

import flood
import harness

SHAPE = {"connections": 2000, "at_once": 800, "rate": 200, "hold": 8, "seconds": 240, "alone": 10,
         "kinds": flood.ALL_TOGETHER, "sources": 195, "hot_sources": 5}
# Less than the flood would have open, if those that stand still did not have to give way.
HANDSHAKES = 300
# What a session may cost, its TLS included; tests/memory/ measures the idle one.
KB_PER_SESSION = 128
TRACKED = 1000
TRACKED_AT_MOST = 1100  # the table rounds up


class Flood(harness.TestCase):
    def test_a_client_delivers_all_the_same(self):
        server = self.start(f"[limits]\ntotal_handshakes = {HANDSHAKES}\n")
        result = flood.run(server, SHAPE)
        print(json.dumps(result))
        self.assertEqual(sum(kind["begun"] for kind in result["flood"]["kinds"].values()),
                         SHAPE["connections"])
        for phase in result["good"].values():
            self.assertGreater(phase["acknowledged"], 20)
            self.assertEqual([phase[name] for name in ("refused", "lost", "errors", "refusals")],
                             [0, 0, {}, {}])
        self.assertEqual([role["restarts"] for role in result["status"]["roles"]],
                         [0] * len(result["status"]["roles"]))
        self.assert_costs(result)
        self.assert_limits(server, result)

    def assert_costs(self, result):
        before, most, after = (result["use"][name]["smtp"] for name in ("before", "most", "after"))
        per_session = (most["rss_kb"] - before["rss_kb"]) / result["most_sessions"]
        if "POSTERN_SANITIZE" not in os.environ:
            self.assertLess(per_session, KB_PER_SESSION)
        if harness.AS_ROOT:
            self.assertGreater(most["descriptors"], before["descriptors"] + 100)
            self.assertLess(after["descriptors"], before["descriptors"] + 10)

    def assert_limits(self, server, result):
        """The few hot sources meet them, and nobody else is told so."""
        self.assertGreater(result["limits"].get("connections", 0), 0)
        self.assertGreater(result["limits"].get("ban", 0), 0)
        self.assertIn("unknown_recipient_rate", {ban["limit"] for ban in result["bans"]})
        for ban in result["bans"]:
            self.assertFalse(ban["network"].startswith(flood.GOOD_NETWORKS), ban)
        refused = {event["client"] for event in server.events("reject")
                   if event["stage"] == "connect"}
        self.assertEqual([client for client in refused
                          if client.startswith(flood.GOOD_NETWORKS)], [])

    def test_there_is_an_end_to_networks(self):
        server = self.start(f"[limits]\ntracked_networks = {TRACKED}\n")
        shape = {**SHAPE, "connections": 3000, "rate": 600, "hold": 1, "kinds": "garbage"}
        most = 0
        attack = flood.flood(server, shape, "--sources", flood.networks(1, 2000))
        while attack.poll() is None:
            most = max(most, server.ask("status")["networks"])
        flood.finish(attack, 60)
        self.assertGreaterEqual(most, TRACKED)
        self.assertLessEqual(most, TRACKED_AT_MOST)
        # Who comes now is counted as well.
        with harness.Dialog.tls(server, "127.200.1.1") as dialog:
            self.assertIn("250 2.0.0", dialog.deliver(harness.MESSAGE, flood.MAILBOX))


if __name__ == "__main__":
    harness.main()
