#!/usr/bin/env python3
"""ztp keygen, sign and signed: what was signed is taken, and everything else refused for its reason.

Usage: signing_test.py ZTP
"""

import base64
import json
import os
import shutil
import subprocess
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

    def test_a_key_in_a_device_signs_and_never_leaves_it(self):
        modules = [path for path in map(Path, ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"]) if path.exists()]
        if not modules or not shutil.which("softhsm2-util"):
            self.skipTest("SoftHSM is not installed")
        tokens = self.folder / "tokens"
        tokens.mkdir()
        (self.folder / "softhsm.conf").write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
        env = {"SOFTHSM2_CONF": str(self.folder / "softhsm.conf")}

        def softhsm(*arguments):
            subprocess.run(["softhsm2-util", *map(str, arguments)], env={**os.environ, **env}, capture_output=True, check=True)

        softhsm("--init-token", "--free", "--label", "ztp", "--so-pin", "12345678", "--pin", "4711")
        for number, name in enumerate("abc", 1):
            softhsm("--import", self.key(name), "--token", "ztp", "--label", name, "--id", f"0{number}", "--pin", "4711")

        def address(query="", **path):
            parts = {"token": "ztp", **path}
            return ("pkcs11:" + ";".join(f"{name}={value}" for name, value in parts.items()) +
                    f"?module-path={modules[0]}{query}")

        file = self.folder / "f.ztpb"
        file.write_text("x")
        pin = {**env, "ZTP_KEY_PASSWORD": "4711"}
        for name in "abc":  # Ed25519, P-256, P-384
            ZTP.ok("sign", file, "-k", address(object=name), env=pin)
            ZTP.ok("signed", file, "--keys", self.key(f"{name}.pub"))
        ZTP.ok("sign", file, "-k", address(id="%02"), env=pin)
        ZTP.ok("signed", file, "--keys", self.key("b.pub"))
        model = make_model(self.folder / "model")
        ZTP.ok("sign", "model", model, "-k", address(object="c"), "-o", self.folder / "m.sig", env=pin)
        ZTP.ok("signed", "model", model, "-s", self.folder / "m.sig", "--keys", self.key("c.pub"))
        secret = self.folder / "pin"
        secret.write_text("4711\n")
        ZTP.ok("sign", file, "-k", address(f"&pin-source=file:{secret}", object="a"), env=env)

        for expected, where, environment in (
                ("several private keys", address(), pin),
                ("no such private key", address(object="z"), pin),
                ("no token", address(token="other", object="a"), pin),
                ("wants a PIN", address(object="a"), env),
                ("refuses", address(object="a"), {**env, "ZTP_KEY_PASSWORD": "0000"}),
                ("seen by everybody", address("&pin-value=4711", object="a"), pin),
                ("it has a part that is not known", address(object="a", colour="red"), pin),
                ("no address of a key", "pkcs11:token=%zz", pin),
                ("ztp-none.so", "pkcs11:object=a?module-path=/ztp-none.so", pin)):
            code, _, err = ZTP.run("sign", file, "-k", where, env=environment)
            self.assertNotEqual(code, 0)
            self.assertIn(expected, err)
        # A token that tells no public key cannot say whose signature it makes.
        softhsm("--import", self.key("a"), "--token", "ztp", "--label", "alone", "--id", "09", "--no-public-key", "--pin", "4711")
        code, _, err = ZTP.run("sign", file, "-k", address(object="alone"), env=pin)
        self.assertEqual(code, 1, err)
        self.assertIn("no public key", err)

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
        self.assertEqual(json.loads(state.read_text())["files"]["facts.ztpf"]["version"], 3)
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

    def test_a_decision_by_signed_files_alone(self):
        policy, bundle, facts, state = (self.folder / name for name in ("p.ztp", "p.ztpb", "f.json", "state.json"))
        policy.write_text("ztp 1\npackage p\nentity User { ok: Bool }\nentity Thing\naction read on Thing by User\n"
                          "permit p { principal u: User action read resource any when u.ok }\n")
        request = self.folder / "r.json"
        request.write_text('{"subject": {"type": "User", "id": "a"}, "action": {"name": "read"}, '
                           '"resource": {"type": "Thing", "id": "t"}}')

        def publish(ok, version):
            facts.write_text(json.dumps({"uid": 'User::"a"', "attrs": {"ok": ok}}))
            ZTP.ok("sign", facts, "-k", self.key("a"), "-k", self.key("b"), "--file-version", version)

        ZTP.ok("build", policy, "-o", bundle, "--sign", self.key("a"), "--sign", self.key("b"))
        publish(True, 1)
        decide = ["decide", "-p", bundle, "-f", facts, "-r", request, "--signed-by", self.key("a.pub"),
                  "--signed-by", self.key("b.pub"), "--threshold", 2, "--state", state]
        self.assertIn('"decision":true', ZTP.ok(*decide))
        old = facts.read_bytes(), Path(f"{facts}.sig").read_bytes()
        publish(False, 2)
        code, out, err = ZTP.run(*decide)
        self.assertEqual(code, 2, err)
        facts.write_bytes(old[0])  # the facts of before, with their good signatures
        Path(f"{facts}.sig").write_bytes(old[1])
        ZTP.refused("version", *decide)
        publish(False, 3)
        facts.write_bytes(old[0])
        ZTP.refused("content", *decide)
        ZTP.ok("sign", facts, "-k", self.key("a"), "--file-version", 4)
        ZTP.refused("threshold", *decide)
        publish(False, 5)
        code, _, err = ZTP.run(*decide, "-f", request)  # which nobody has signed
        self.assertEqual(code, 4, err)
        self.assertIn("r.json.sig", err)
        Path(f"{bundle}.sig").write_text("{}")
        ZTP.refused("form", *decide)
        code, _, err = ZTP.run("decide", "-p", policy, *decide[3:])  # sources
        self.assertEqual(code, 3, err)

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

    def bom(self, version, ancestor):
        """A bill of materials of face, which was tuned from an older one and trained on faces."""
        return json.dumps({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "components": [{"type": "machine-learning-model", "name": "face", "version": version,
                            "pedigree": {"ancestors": [{"type": "machine-learning-model", "name": "face", "version": ancestor}]},
                            "modelCard": {"modelParameters": {"datasets": [{"type": "dataset", "name": "faces"}]}}}]})

    def signed(self, predicate, key):
        """A Sigstore bundle of a statement about a model, signed by a key on P-256."""
        statement = json.dumps({
            "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://cyclonedx.org/bom",
            "subject": [{"name": "face", "digest": {"sha256": "ab" * 32}}], "predicate": json.loads(predicate)}).encode()
        kind = b"application/vnd.in-toto+json"
        encoding = self.folder / "pae"
        encoding.write_bytes(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(statement), statement))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key, encoding], capture_output=True, check=True).stdout
        return json.dumps({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"publicKey": {"hint": ""}},
            "dsseEnvelope": {"payload": base64.b64encode(statement).decode(), "payloadType": kind.decode(),
                             "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}]}})

    def test_lineage_is_claimed_unless_somebody_trusted_signed_it(self):
        graph = self.folder / "lineage.jsonl"
        bom = self.folder / "bom.json"
        bom.write_text(self.bom("2", "1"))
        card = self.folder / "README.md"
        card.write_text("---\nbase_model: acme/base\n---\n")
        new, old, base = 'Model::"face@2"', 'Model::"face@1"', 'Model::"acme/base"'
        self.assertIn("claimed, 3 artefacts, 2 new edges", ZTP.ok("lineage", "add", graph, bom))
        ZTP.ok("lineage", "add", graph, card, "--about", "face@1", "--vouched", "--by", "ann")
        self.assertIn(f"so it is claimed that {new} came from {base}", ZTP.ok("lineage", "why", graph, new, base))
        code, out, _ = ZTP.run("lineage", "why", graph, old, 'Dataset::"faces"')
        self.assertEqual(code, 1, out)
        self.assertIn("<svg", ZTP.ok("lineage", "show", graph, "--format", "svg"))
        self.assertIn("digraph", ZTP.ok("lineage", "show", graph, "--of", new, "--format", "dot"))

        signed = self.folder / "bom.sigstore.json"
        signed.write_text(self.signed(self.bom("2", "1"), self.key("b")))
        ZTP.refused("key", "lineage", "add", graph, signed)
        ZTP.refused("signature", "lineage", "add", graph, signed, "--keys", self.key("c.pub"))
        self.assertIn("proven, 3 artefacts, 2 new edges",
                      ZTP.ok("lineage", "add", graph, signed, "--keys", self.key("b.pub")))
        self.assertIn("so it is vouched", ZTP.ok("lineage", "why", graph, new, base))
        self.assertIn("so it is proven", ZTP.ok("lineage", "why", graph, new, old))
        proven = ZTP.ok("lineage", "show", graph, "--format", "facts", "--least", "proven")
        self.assertNotIn("acme/base", proven)

        # Making an old one from a new one would be a circle.
        bom.write_text(self.bom("1", "2"))
        before = graph.read_text()
        ZTP.refused("content", "lineage", "add", graph, bom)
        self.assertEqual(graph.read_text(), before)


if __name__ == "__main__":
    ZTP = Ztp(sys.argv.pop(1))
    unittest.main()
