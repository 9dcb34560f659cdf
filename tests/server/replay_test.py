#!/usr/bin/env python3
"""`ztp replay`: what a server has decided and logged, decided again by another policy.

Usage: replay_test.py ZTP
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
ORIGIN = "acme.example/audit"
# Nobody reads document 3, anybody edits, and what is obliged is another thing.
OTHER = (POLICY.replace("can_read, read", "can_read, read, can_edit").replace('audit("full")', 'audit("brief")')
         + 'forbid three { principal user action read resource d: document when d == document::"3" }\n')


def request(document="1", action="read", user="alice@example.com"):
    return {"subject": {"type": "user", "id": user}, "action": {"name": action}, "resource": {"type": "document", "id": document}}


ASKED = [request(), request("2"), request("3"), request(action="can_edit"), request(action="nothing"), "{", 7, request("3")]


class Replay(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)
        self.run_ztp("keygen", "-o", "key")
        self.vkey = self.run_ztp("audit", "key", "key.pub", "--origin", ORIGIN)[1].strip()
        for name, policy in ("old", POLICY), ("other", OTHER), ("same", POLICY.replace("permit documents", "permit papers")):
            (self.folder / f"{name}.ztp").write_text(policy)

    def run_ztp(self, *arguments, stdin=None):
        done = subprocess.run([ZTP, *map(str, arguments)], capture_output=True, text=True, cwd=self.folder, input=stdin, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def decide(self, *flags, asked=None):
        """A server decides and logs."""
        server = Server(ZTP, self.folder, "--audit", "decisions", "--audit-key", "key", "--audit-origin", ORIGIN, *flags)
        self.addCleanup(server.__exit__)
        for each in ASKED if asked is None else asked:
            server.ask(each)
        self.assertEqual(server.stop(), 0)

    def replay(self, policy, *flags, log="decisions", stdin=None):
        keys = ["--key", self.vkey] if log == "decisions" else []
        return self.run_ztp("replay", log, policy, "-f", "facts.json", *keys, *flags, stdin=stdin)

    def counts(self, *arguments, **more):
        code, out, err = self.replay(*arguments, "--format", "json", **more)
        self.assertIn(code, (0, 1), err)
        return code, json.loads(out)

    def test_what_would_change_and_by_which_rules(self):
        self.decide("--audit-requests")
        code, out, err = self.replay("same.ztp")
        self.assertEqual(code, 0, out + err)
        self.assertIn("8 decisions, 7 decided again, 0 would change\n1 not decided again: they were no JSON\n", out)
        code, found = self.counts("other.ztp")
        self.assertEqual(code, 1)
        self.assertEqual([(c["was"], c["now"], c["resource"]["id"], c["action"], c["now_rules"]) for c in found["changes"]], [
            ("allow", "allow", "1", "read", ["docs.documents"]),
            ("allow", "deny", "3", "read", ["docs.three"]),
            ("deny", "allow", "1", "can_edit", ["docs.documents"]),
            ("allow", "deny", "3", "read", ["docs.three"])])
        self.assertEqual(found["changes"][0]["now_obligations"], [{"id": "audit", "args": {"level": "brief"}}])
        self.assertEqual({(b["was"], b["now"], b["rules"]): b["count"] for b in found["by_rules"]},
                         {("allow", "allow", "docs.documents"): 1, ("allow", "deny", "docs.three"): 2, ("deny", "allow", "docs.documents"): 1})
        self.assertEqual((found["decisions"], found["replayed"], found["changed"], found["not_replayed"], found["verified"]),
                         (8, 7, 4, {"malformed": 1}, True))
        code, out, _ = self.replay("other.ztp")
        self.assertEqual(code, 1)
        self.assertIn('allow -> deny  2', out)
        self.assertIn('user::"alice@example.com" read document::"3"', out)
        self.assertEqual(self.replay("other.ztp", "--summary")[1].splitlines()[0], "8 decisions, 7 decided again, 4 would change")
        # Lines that were exported say the same, but nobody has verified them.
        lines = self.run_ztp("audit", "export", "decisions", "--key", self.vkey)[1]
        exported = self.counts("other.ztp", log="-", stdin=lines)[1]
        self.assertEqual({**found, "verified": None}, exported)
        # A log that was changed is no ground for anything.
        bundle = self.folder / "decisions/tile/entries/000.p/8"
        bundle.write_bytes(bundle.read_bytes().replace(b'"document","id":"2"', b'"document","id":"9"'))
        code, out, err = self.replay("same.ztp")
        self.assertEqual(code, 1)
        self.assertIn("is not the one that was hashed", err)

    def test_facts_of_today_are_not_those_of_then(self):
        self.decide("--audit-requests", asked=[request(), request("3")])
        (self.folder / "facts.json").write_text(json.dumps([fact for fact in FACTS if fact["uid"]["id"] != "1"]))
        code, found = self.counts("old.ztp")
        self.assertEqual((code, found["changed"], found["other_facts"]), (1, 1, 2))
        self.assertTrue(found["changes"][0]["other_facts"])
        self.assertEqual(found["changes"][0]["now_unknown"], ['document::"1"'])

    def test_what_is_not_in_the_log_is_not_made_up(self):
        # No requests at all: nothing is known, which is no success.
        self.decide(asked=ASKED)
        code, found = self.counts("same.ztp")
        self.assertEqual((code, found["replayed"], found["not_replayed"]), (1, 0, {"not_kept": 7, "malformed": 1}))
        # Masked, of which the digests would be other ids; and too large.
        (self.folder / "mask").write_text('{"rules": [{"path": "/request/body/resource/id", "do": "digest", "actions": ["read"]},'
                                          ' {"path": "/answer/context/obligations", "do": "erase"}]}')
        (self.folder / "secret").write_text("0123456789abcdef")
        big = request(user="x" * 70_000)
        self.decide("--audit-requests", "--audit-mask", "mask", "--audit-mask-key", "secret", asked=[request(), request(action="can_read"), big])
        code, found = self.counts("other.ztp")
        self.assertEqual((code, found["replayed"], found["not_replayed"]), (0, 1, {"not_kept": 7, "malformed": 1, "masked": 1, "too_large": 1}))
        # What the server refused as a whole was decided by no policy.
        server = Server(ZTP, self.folder, "--audit", "decisions", "--audit-key", "key", "--audit-origin", ORIGIN, "--audit-requests")
        self.addCleanup(server.__exit__)
        server.ask({**request("3"), "evaluations": {}}, "/access/v1/evaluations")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.counts("other.ztp")[1]["not_replayed"]["refused"], 1)

    def test_proven_inputs_are_in_no_log_unless_they_were_assumed(self):
        policy = """ztp 1
package p
entity user
entity box
input team?: String proven
action open on box by user
permit anyone { principal user action open resource box when team ?? "" == "a" }
"""
        (self.folder / "p.ztp").write_text(policy)
        (self.folder / "q.ztp").write_text(policy.replace('== "a"', '== "b"'))
        asked = {"subject": {"type": "user", "id": "u"}, "action": {"name": "open"}, "resource": {"type": "box", "id": "b"}}
        (self.folder / "facts.json").write_text('[{"uid": {"type": "user", "id": "u"}}, {"uid": {"type": "box", "id": "b"}}]')
        audit = ["--audit", "decisions", "--audit-key", "key", "--audit-origin", ORIGIN, "--audit-requests"]
        code, _, err = self.run_ztp("decide", "-p", "p.ztp", "-f", "facts.json", "--assume-proven", *audit, stdin=json.dumps(
            {**asked, "context": {"team": "a", "now": "2026-01-01T00:00:00Z"}}))
        self.assertEqual(code, 0, err)
        self.assertEqual(self.counts("p.ztp", "--assume-proven")[0], 0)
        self.assertEqual(self.counts("q.ztp", "--assume-proven")[1]["changed"], 1)
        # Without it nothing is believed, and the request can be read no more.
        self.assertEqual([c["now"] for c in self.counts("p.ztp")[1]["changes"]], ["unreadable"])
        self.run_ztp("decide", "-p", "p.ztp", "-f", "facts.json", *audit, stdin=json.dumps(
            {**asked, "evidence": [{"input": "team", "kind": "jwt", "value": "e30.e30.x"}]}))
        self.assertEqual(self.counts("p.ztp", "--assume-proven")[1]["not_replayed"], {"evidence": 1})

    def test_usage(self):
        self.decide(asked=[request()])
        self.assertEqual(self.run_ztp("replay", "decisions", "old.ztp")[0], 3)
        self.assertEqual(self.run_ztp("replay", "none", "old.ztp")[0], 4)
        for lines in "nonsense\n", "{}\n", '{"v":1,"type":"decision"}\n', "x" * 100_000:
            code, _, err = self.replay("old.ztp", log="-", stdin=lines)
            self.assertEqual((code, "no line of" in err), (1, True), err)


if __name__ == "__main__":
    ZTP = os.path.abspath(sys.argv.pop(1))
    unittest.main()
