#!/usr/bin/env python3
"""ztp decide --audit and ztp audit: what was decided is in the log, and nothing of it can be changed unseen.

Usage: audit_test.py ZTP
"""

import hashlib
import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from audit_world import ORIGIN, World

ZTP = sys.argv.pop(1)


class Audit(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.world = World(ZTP, self.temporary.name)

    def entries(self, *options):
        out = self.world.ok("audit", "export", self.world.log, "--key", self.world.vkey, *options)
        return [json.loads(line) for line in out.splitlines()]

    def test_decisions_are_logged_as_they_were_answered(self):
        requests = [*self.world.requests(), "no JSON"]
        answers = self.world.decide(requests)
        entries = self.entries()
        self.assertEqual(len(entries), len(requests))
        for request, answer, entry in zip(requests, answers, entries):
            self.assertEqual(entry["type"], "decision")
            self.assertEqual(entry["answer"], json.loads(answer))
            self.assertEqual(entry["request"]["digest"], "sha256:" + hashlib.sha256(request.encode()).hexdigest())
            self.assertGreater(entry["latency_ns"], 0)
        self.assertEqual(len({entry["id"] for entry in entries}), len(requests))
        asked = json.loads(requests[0])
        self.assertEqual(entries[0]["request"]["subject"], {name: asked["subject"][name] for name in ("type", "id")})
        self.assertTrue(entries[-1]["request"]["malformed"])
        self.assertFalse(entries[-1]["answer"]["decision"])
        # The next run goes on with the log.
        self.world.decide(requests[:1])
        self.assertEqual(self.entries()[: len(requests)], entries)
        self.assertEqual(self.entries("--from", len(requests)), self.entries()[-1:])

    def test_a_log_is_verified_against_what_was_kept(self):
        self.world.decide(self.world.requests())
        before = self.world.folder / "before"
        shutil.copytree(self.world.log, before)
        self.world.decide(self.world.requests())
        kept = self.world.folder / "kept"
        shutil.copy(self.world.log / "checkpoint", kept)
        code, out, err = self.world.verify("--against", kept, "--against", before / "checkpoint")
        self.assertEqual(code, 0, err)
        self.assertIn(f"verified {2 * len(self.world.requests())} entries", out)
        # The key may be PEM, too, or in a file.
        self.world.ok("audit", "verify", self.world.log, "--key", f"{self.world.key}.pub", "--origin", ORIGIN)
        (self.world.folder / "vkey").write_text(self.world.vkey + "\n")
        self.world.ok("audit", "verify", self.world.log, "--key", self.world.folder / "vkey")

        bundle = self.world.log / f"tile/entries/000.p/{2 * len(self.world.requests())}"
        good = bundle.read_bytes()
        bundle.write_bytes(good.replace(b'"decision":true', b'"decision":tru3', 1))
        code, _, err = self.world.verify()
        self.assertEqual(code, 1)
        self.assertIn("is not the one that was hashed", err)
        code, out, _ = self.world.verify("--format", "json")
        self.assertFalse(json.loads(out)["ok"])
        self.assertEqual(self.world.run("audit", "export", self.world.log, "--key", self.world.vkey)[0], 1)
        bundle.write_bytes(good)
        self.assertEqual(self.world.verify()[0], 0)

        shutil.rmtree(self.world.log)
        shutil.copytree(before, self.world.log)
        self.assertEqual(self.world.verify()[0], 0)
        code, _, err = self.world.verify("--against", kept)
        self.assertEqual(code, 1)
        self.assertIn("entries have gone", err)

    def test_an_entry_is_shown_with_its_proof(self):
        self.world.decide(self.world.requests())
        proof = self.world.folder / "0.tlog-proof"
        shown = self.world.ok("audit", "show", self.world.log, 0, "--key", self.world.vkey, "--proof", proof)
        self.assertEqual(json.loads(shown), self.entries()[0])
        self.assertTrue(proof.read_text().startswith("c2sp.org/tlog-proof@v1\nindex 0\n"))
        self.assertTrue(proof.read_text().endswith((self.world.log / "checkpoint").read_text()))
        code, _, err = self.world.run("audit", "show", self.world.log, 10_000, "--key", self.world.vkey)
        self.assertEqual(code, 1, err)

    def test_what_is_masked_is_not_in_the_log(self):
        mask, secret = self.world.folder / "mask.json", self.world.folder / "secret"
        mask.write_text(json.dumps({"rules": [{"path": "/request/subject/id", "do": "digest"},
                                              {"path": "/request/body/subject/id", "do": "digest"},
                                              {"path": "/answer/context/reason", "do": "erase"}]}))
        secret.write_bytes(b"0123456789abcdef")
        requests = self.world.requests()
        self.world.decide(requests, "--audit-mask", mask, "--audit-mask-key", secret, "--audit-requests")
        text = b"".join(path.read_bytes() for path in self.world.log.rglob("*") if path.is_file())
        for request in requests:
            self.assertNotIn(f'"id":"{json.loads(request)["subject"]["id"]}"'.encode(), text)
        entry = self.entries()[0]
        self.assertTrue(entry["request"]["subject"]["id"].startswith("hmac-sha256:"))
        self.assertEqual(entry["request"]["subject"]["id"], entry["request"]["body"]["subject"]["id"])
        self.assertNotIn("reason", entry["answer"]["context"])
        opa = self.entries("--format", "opa")[0]
        self.assertIn("/result/context/reason", opa["erased"])
        self.assertIn("/input/subject/id", opa["masked"])
        # A key that is missing is no reason to log more.
        code, _, err = self.world.run("decide", "-p", "x.ztp", "--audit", self.world.log, "--audit-key", self.world.key)
        self.assertEqual(code, 3, err)

    def test_entries_are_rendered_for_other_tools(self):
        requests = self.world.requests()
        self.world.decide(requests)
        events = self.entries("--format", "opa")
        self.assertEqual([event["decision_id"] for event in events], [entry["id"] for entry in self.entries()])
        self.assertEqual(events[0]["path"], json.loads(requests[0])["action"]["name"])
        for event in self.entries("--format", "ocsf"):
            for name in "activity_id", "category_uid", "class_uid", "severity_id", "time", "type_uid", "metadata", "actor", "api", "src_endpoint":
                self.assertIn(name, event)
            self.assertEqual(event["type_uid"], event["class_uid"] * 100 + event["activity_id"])
            self.assertEqual(event["action_id"] == 1, event["unmapped"]["answer"] is not None and event["status_id"] == 1)

    def test_wrong_keys_and_names_are_refused(self):
        self.world.decide(self.world.requests()[:1])
        other = self.world.folder / "other"
        self.world.ok("keygen", "-o", other)
        vkey = self.world.ok("audit", "key", f"{other}.pub", "--origin", ORIGIN).strip()
        self.assertEqual(self.world.run("audit", "verify", self.world.log, "--key", vkey)[0], 1)
        self.world.ok("keygen", "-o", self.world.folder / "p256", "-t", "p256")
        code, _, err = self.world.run("audit", "key", self.world.folder / "p256.pub", "--origin", ORIGIN)
        self.assertEqual(code, 1)
        self.assertIn("algorithm", err)
        self.assertEqual(self.world.run("audit", "key", f"{other}.pub", "--origin", "a b")[0], 1)
        # Nobody else goes on with the log.
        code, _, err = self.world.run("decide", "-p", str(Path(__file__)), "--audit", self.world.log)
        self.assertEqual(code, 3, err)


if __name__ == "__main__":
    unittest.main()
