#!/usr/bin/env python3
"""`ztp serve --shadow`: another policy decides as well, differences are told, and no answer is another one.

Usage: shadow_test.py ZTP
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from serving import FACTS, POLICY, Server

ZTP = None


def request(document="1", action="read"):
    return {"subject": {"type": "user", "id": "alice@example.com"}, "action": {"name": action}, "resource": {"type": "document", "id": document}}


# Nobody reads document 3, anybody edits, what `audit` is given is another thing, and `can_read` is no action.
OTHER = (POLICY.replace("action can_read, can_edit on account", "action can_edit on account").replace("action can_read resource account", "action can_edit resource account")
         .replace("can_read, read", "read, can_edit").replace('audit("full")', 'audit("brief")')
         + 'forbid three { principal user action read resource d: document when d == document::"3" }\n')
# The same decisions by other rules.
SAME = POLICY.replace("permit documents", "permit papers").replace('because   "the document may be read"', 'because "it may"')


class Shadow(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)
        self.shadow = self.build(SAME)

    def build(self, policy):
        source, made, bundle = (self.folder / f"shadow.{end}" for end in ("ztp", "tmp", "ztpb"))
        source.write_text(policy)
        done = subprocess.run([ZTP, "build", source, "-o", made], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        made.rename(bundle)
        return bundle

    def serve(self, *flags):
        server = Server(ZTP, self.folder, "--shadow", self.shadow, *flags)
        self.addCleanup(server.__exit__)
        return server

    def differences(self, server):
        """{(answered, shadow): how many}"""
        lines = [line for line in server.admin("/metrics")[1].splitlines() if line.startswith("ztp_shadow_differences_total{")]
        return {tuple(line.split('"')[1::2]): int(float(line.split()[-1])) for line in lines}

    def test_differences_are_told_and_answers_stay(self):
        subprocess.run([ZTP, "keygen", "-o", self.folder / "key"], check=True, capture_output=True)
        server = self.serve("--watch", 0, "--audit", "decisions", "--audit-key", "key", "--audit-origin", "acme.example/audit")
        asked = [request(), request("2"), request("3"), request(action="can_edit"), request(action="can_read"), request(action="nothing")]

        def ask():
            answers = []
            for each in asked:
                status, answer, _ = server.ask(each)
                if status == 200:
                    answer["context"].pop("decision_id")
                answers.append((status, answer))
            return answers

        (self.folder / "alone").mkdir()
        alone = Server(ZTP, self.folder / "alone")
        self.addCleanup(alone.__exit__)
        before = ask()
        for (status, answer), each in zip(before, asked):
            theirs = alone.ask(each)
            self.assertEqual((status, answer["decision"] if status == 200 else answer), (theirs[0], theirs[1]["decision"] if status == 200 else theirs[1]))
        # Other rules and reasons are no difference.
        self.assertEqual(self.differences(server), {})
        self.assertEqual(server.metric("ztp_shadow_decisions_total"), len(asked))

        self.build(OTHER)
        self.assertEqual(server.admin("/reload", "POST"), (200, "reloaded"))
        self.assertEqual(ask(), before)
        expected = {("allow", "allow"): 1, ("allow", "deny"): 1, ("deny", "allow"): 1, ("allow", "unreadable"): 1}
        self.assertEqual(self.differences(server), expected)
        server.build(OTHER)
        self.assertEqual(server.admin("/reload", "POST"), (200, "reloaded"))
        ask()
        self.assertEqual(self.differences(server), expected, "the same policy says the same")
        self.assertEqual(server.stop(), 0)

        events = [event for event in server.events() if event["event"] == "shadow differs"]
        vkey = subprocess.run([ZTP, "audit", "key", self.folder / "key.pub", "--origin", "acme.example/audit"], capture_output=True, text=True, check=True).stdout.strip()
        exported = subprocess.run([ZTP, "audit", "export", self.folder / "decisions", "--key", vkey], capture_output=True, text=True, check=True).stdout
        entries = [json.loads(line) for line in exported.splitlines()]
        logged = {entry["id"]: entry["shadow"] for entry in entries if "shadow" in entry}
        self.assertEqual(logged, {event["decision_id"]: json.loads(event["shadow"]) for event in events})
        self.assertEqual([shadow["decision"] for shadow in logged.values()], ["allow", "deny", "allow", "unreadable"])
        obliges, denies, *_ = logged.values()
        self.assertEqual((obliges["obligations"], denies["rules"]), ("differ", ["docs.three"]))
        for event in events:
            self.assertNotIn("alice", json.dumps(event), "who it was stands in the log, where masks hold")

    def test_without_a_log_events_say_what_was_asked(self):
        self.build(OTHER)
        server = self.serve()
        for _ in range(200):
            server.ask(request("3"))
        events = [event for event in server.events() if event["event"] == "shadow differs"]
        self.assertEqual((json.loads(events[0]["resource"]), events[0]["answered"]), ({"type": "document", "id": "3"}, "allow"))
        self.assertEqual(self.differences(server), {("allow", "deny"): 200})
        self.assertLess(len(events), 200, "they are counted all, and not all told")

    def test_other_facts_and_what_cannot_be_loaded(self):
        facts = self.folder / "shadow.json"
        facts.write_text(json.dumps([{**fact, "attrs": {"readable": False}} if fact["uid"]["id"] == "1" else fact for fact in FACTS]))
        server = self.serve("--shadow-facts", facts)
        self.assertTrue(server.ask(request())[1]["decision"])
        self.assertEqual(self.differences(server), {("allow", "deny"): 1})
        self.shadow.write_bytes(b"nonsense")
        self.assertIn("--shadow", server.wait_for("reload failed")["problem"])
        self.assertTrue(server.ask(request())[1]["decision"])
        self.assertEqual(self.differences(server), {("allow", "deny"): 2}, "what was loaded goes on comparing")
        for flags in ["--shadow", self.shadow], ["--shadow-facts", facts]:
            done = subprocess.run([ZTP, "serve", "--policy", server.bundle, "--check", *map(str, flags)], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("--shadow", done.stderr)


if __name__ == "__main__":
    ZTP = os.path.abspath(sys.argv.pop(1))
    unittest.main()
