#!/usr/bin/env python3
"""ztp keygen, sign and signed: what was signed is taken, and everything else refused for its reason.

Usage: signing_test.py ZTP
"""

import base64
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

from command import Ztp, make_model

ZTP = None


class Signing(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)
        for name, kind in {"a": "ed25519", "b": "p256", "c": "p384"}.items():
            ZTP.ok("keygen", "-o", self.folder / name, "-t", kind)

    def key(self, name):
        return self.folder / name

    def test_a_key_is_its_owners_and_never_written_over(self):
        self.assertEqual(self.key("a").stat().st_mode & 0o777, 0o600)
        before = self.key("a").read_text()
        code, _, err = ZTP.run("keygen", "-o", self.key("a"))
        self.assertEqual(code, 4, err)
        self.assertEqual(self.key("a").read_text(), before)
        self.assertNotIn("PRIVATE", self.key("a.pub").read_text())

    def test_keys_come_from_the_environment_and_under_a_password(self):
        file = self.folder / "f.ztpb"
        file.write_text("x")
        ZTP.ok("sign", file, "-k", "env:SIGNER", env={"SIGNER": self.key("b").read_text()})
        ZTP.ok("signed", file, "--keys", self.key("b.pub"))
        password = {"ZTP_KEY_PASSWORD": "open sesame"}
        ZTP.ok("keygen", "-o", self.key("locked"), "--encrypt", env=password)
        self.assertIn("ENCRYPTED", self.key("locked").read_text())
        ZTP.ok("sign", file, "-k", self.key("locked"), env=password)
        ZTP.ok("signed", file, "--keys", self.key("locked.pub"))
        for env in {}, {"ZTP_KEY_PASSWORD": "wrong"}:
            code, _, err = ZTP.run("sign", file, "-k", self.key("locked"), env=env)
            self.assertEqual(code, 1, err)

    def test_a_bundle_is_signed_as_it_is_built(self):
        policy = self.folder / "p.ztp"
        policy.write_text("ztp 1\npackage p\nentity User { }\nentity Thing { }\n"
                          "action read on Thing by User\n")
        bundle = self.folder / "p.ztpb"
        ZTP.ok("build", policy, "-o", bundle, "--sign", self.key("a"), "--sign", self.key("b"), "--file-version", 5)
        keys = ["--keys", self.key("a.pub"), "--keys", self.key("b.pub"), "--keys", self.key("c.pub")]
        out = ZTP.ok("signed", bundle, *keys, "--threshold", 2)
        self.assertIn("version  5", out)
        ZTP.refused("threshold", "signed", bundle, *keys, "--threshold", 3)
        ZTP.ok("sign", bundle, "--add", "-k", self.key("c"))
        ZTP.ok("signed", bundle, *keys, "--threshold", 3)
        code, _, err = ZTP.run("sign", bundle, "--add", "-k", self.key("c"))
        self.assertEqual(code, 1, err)

    def test_a_file_never_goes_back(self):
        file, state = self.folder / "facts.ztpf", self.folder / "state.json"
        trusted = ["--keys", self.key("a.pub"), "--state", state]
        file.write_text("two")
        ZTP.ok("sign", file, "-k", self.key("a"), "--file-version", 2, "--valid-for", "30d")
        old = file.read_bytes(), Path(f"{file}.sig").read_bytes()
        ZTP.ok("signed", file, *trusted)
        ZTP.ok("signed", file, *trusted)
        file.write_text("three")
        ZTP.refused("content", "signed", file, *trusted)
        ZTP.ok("sign", file, "-k", self.key("a"), "--file-version", 3, "--valid-for", "1h")
        ZTP.ok("signed", file, *trusted)
        self.assertEqual(json.loads(state.read_text())["version"], 3)
        ZTP.refused("expired", "signed", file, *trusted, "--now", "2999-01-01T00:00:00Z")
        ZTP.refused("subject", "signed", file, "--keys", self.key("a.pub"), "--name", "other")
        ZTP.refused("signature", "signed", file, "--keys", self.key("b.pub"))
        file.write_bytes(old[0])
        Path(f"{file}.sig").write_bytes(old[1])
        ZTP.refused("version", "signed", file, *trusted)
        # A state that was spoiled is no state that is not there.
        state.write_text("{}")
        code, _, err = ZTP.run("signed", file, *trusted)
        self.assertEqual(code, 1, err)

    def test_a_model_is_its_files(self):
        model = make_model(self.folder / "model")
        signature = model / "model.sig"
        ZTP.ok("sign", "model", model, "-k", self.key("c"), "-o", signature)
        verify = ["signed", "model", model, "-s", signature, "--keys", self.key("c.pub")]
        self.assertIn("5 files", ZTP.ok(*verify))
        ZTP.ok(*verify[:-1], self.key("c.pub"), "--threads", 1)
        ZTP.refused("signature", *verify[:-1], self.key("a.pub"))
        ZTP.refused("key", "signed", "model", model, "-s", signature)
        (model / "extra").write_text("x")
        ZTP.refused("content", *verify)
        ZTP.ok(*verify, "--ignore", "extra")
        (model / "extra").unlink()
        (model / "z.bin").write_text("4")
        self.assertIn("'z.bin'", ZTP.refused("content", *verify))
        (model / "z.bin").unlink()
        ZTP.refused("content", *verify)
        os.symlink(self.folder / "a", model / "z.bin")
        ZTP.refused("content", *verify)
        bundle = json.loads(signature.read_text())
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(b"{}").decode()
        signature.write_text(json.dumps(bundle))
        ZTP.refused("signature", *verify)

    def test_lineage_is_claimed_unless_somebody_trusted_signed_it(self):
        graph = self.folder / "lineage.json"
        bom = self.folder / "bom.json"
        bom.write_text(json.dumps({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "components": [{"type": "machine-learning-model", "name": "face", "version": "2",
                            "pedigree": {"ancestors": [{"type": "machine-learning-model", "name": "face", "version": "1"}]},
                            "modelCard": {"modelParameters": {"datasets": [{"type": "dataset", "name": "faces"}]}}}]}))
        card = self.folder / "README.md"
        card.write_text("---\nbase_model: acme/base\n---\n")
        out = ZTP.ok("lineage", "add", "-g", graph, bom)
        self.assertIn("2 edges, 0 of them proven", out)
        ZTP.ok("lineage", "add", "-g", graph, card, "--model", "face@1")
        why = ZTP.ok("lineage", "why", "face@2", "pkg:huggingface/acme/base", "-g", graph)
        self.assertEqual(why.count("claimed"), 2)
        code, out, _ = ZTP.run("lineage", "why", "face@1", "faces", "-g", graph)
        self.assertEqual(code, 1, out)
        self.assertIn("<svg", ZTP.ok("lineage", "show", "-g", graph, "--format", "svg"))
        self.assertIn("digraph", ZTP.ok("lineage", "show", "face@2", "-g", graph, "--format", "dot"))
        # Making an old one from a new one would be a circle.
        card.write_text("---\nbase_model: x\n---\n")
        bom.write_text(bom.read_text().replace('"2"', '"3"').replace('"1"', '"2"').replace('"3"', '"1"'))
        before = graph.read_text()
        ZTP.refused("content", "lineage", "add", "-g", graph, bom)
        self.assertEqual(graph.read_text(), before)


if __name__ == "__main__":
    ZTP = Ztp(sys.argv.pop(1))
    unittest.main()
