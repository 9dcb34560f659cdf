"""What `ztp ci` makes of artefacts and their evidence: the example policies/examples/registry-gate, and changes to it.

Usage: ci_test.py ZTP
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ZTP = str(pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/bin/ztp").resolve())
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "policies/examples"
EXAMPLE = EXAMPLES / "registry-gate"
NOW = "2030-01-01T00:00:00Z"
sys.path.append(str(EXAMPLES))
from evidence_kit import Key, sha256  # noqa: E402

# Each artefact of the example: is it allowed, by which rule (or which denies it first), and which check each piece of
# evidence did not pass ("" for one that it did).
EXPECTED = {
    "data/labels.csv": (False, "acme.gate.small_data", {}),
    "models/changed": (False, "acme.gate.public_needs_a_signature", {
        "models/changed/model.sig": "content", "models/changed.cdx.json": "content", "models/changed.intoto.jsonl": "subject"}),
    "models/forged": (False, "acme.gate.public_needs_a_signature", {
        "models/forged/model.sig": "signature", "models/forged.cdx.json": "", "models/forged.intoto.jsonl": ""}),
    "models/pickled": (False, "acme.gate.pickles", {
        "models/pickled/model.sig": "", "models/pickled.cdx.json": "", "models/pickled.intoto.jsonl": ""}),
    "models/vision-7b": (True, "acme.gate.signed_and_built_model", {
        "models/vision-7b/model.sig": "", "models/vision-7b.cdx.json": "", "models/vision-7b.intoto.jsonl": ""}),
    "notes.txt": (False, "ztp.ci.not_planned", {}),
    "packages/bare-1.0.whl": (False, "acme.gate.built_package", {}),
    "packages/plugin-2.1.whl": (True, "acme.gate.reviewed", {"packages/plugin-2.1.whl.vsa.intoto.json": ""}),
    "packages/tools-0.9.whl": (False, "acme.gate.built_package", {"packages/tools-0.9.whl.intoto.jsonl": ""}),
    "packages/tools-1.0.whl": (True, "acme.gate.built_package", {"packages/tools-1.0.whl.intoto.jsonl": ""}),
}


def run(*args):
    return subprocess.run([ZTP, *map(str, args)], capture_output=True, text=True, timeout=60)


class Ci(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name) / "gate"
        shutil.copytree(EXAMPLE, self.folder)
        self.incoming = self.folder / "incoming"

    def ci(self, *args, now=NOW, plan="ci.json"):
        chosen = ["--plan", self.folder / plan] if plan else []
        return run("ci", self.incoming, "-p", self.folder / "gate.ztp", "-f", self.folder / "facts.json",
                   "--trust", self.folder / "trust.json", "--now", now, *chosen, *args)

    def results(self, *args, **kwargs):
        """Artefacts by path, and the exit code."""
        done = self.ci("--format", "json", *args, **kwargs)
        self.assertIn(done.returncode, (0, 2), done.stderr)
        return {r["artifact"]: r for r in map(json.loads, done.stdout.splitlines())}, done.returncode

    def change(self, name, change):
        """Rewrites a JSON file of the example."""
        path = self.folder / name
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))

    def only(self, *keep):
        """Leaves these files and folders of incoming/ only."""
        for path in sorted(self.incoming.rglob("*"), reverse=True):
            name = str(path.relative_to(self.incoming))
            if any(name == k or name.startswith(k + "/") or k.startswith(name + "/") for k in keep):
                continue
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()

    def key(self, name):
        self.assertEqual(run("keygen", "-o", self.folder / name, "-t", "p256").returncode, 0)
        return self.folder / name

    # ------------------------------------------------------------------------------------------- the example

    def test_each_artefact_of_the_example(self):
        results, code = self.results()
        self.assertEqual(code, 2)
        self.assertEqual(list(results), list(EXPECTED))
        for path, (allow, rule, evidence) in EXPECTED.items():
            with self.subTest(path):
                result = results[path]
                self.assertEqual(result["allow"], allow)
                decided = result["answer"]["context"]["rules"] if allow else [result["reasons"][0]["rule"]]
                self.assertEqual(decided, [rule])
                self.assertEqual({e["file"]: e["outcome"].get("check", "") for e in result["evidence"]}, evidence)
                if not rule.startswith("ztp."):
                    self.assertEqual(result["answer"]["decision"], allow)

    def test_the_report_says_what_is_missing(self):
        text = self.ci().stdout
        self.assertIn("permit acme.gate.built_package cannot be decided at `build.level >= 2`, which needs build", text)
        self.assertIn("`build` is not proven by anything that lies here; it takes evidence of the kind slsa for the source "
                      "'builders'", text)
        self.assertEqual(text.count("`signature` is not proven by anything that lies here"), 2)  # of changed, and of forged
        self.assertIn("models/changed/model.sig: refused: content: the file 'weights.safetensors' is another than the one that "
                      "was signed", text)
        self.assertTrue(text.endswith("10 artefacts: 3 allowed, 7 denied; 4 of the evidence refused\n"), text[-200:])
        help_text = run("ci", "--help").stdout
        for word in ("ztp_ci", "model_digest", "upload-sarif", "NAME.intoto.jsonl", "Exit codes"):
            self.assertIn(word, help_text)

    def test_what_code_hosts_get(self):
        self.ci("--sarif", self.folder / "out.sarif")
        log = json.loads((self.folder / "out.sarif").read_text())
        self.assertEqual(log["version"], "2.1.0")
        (found,) = log["runs"]
        rules = found["tool"]["driver"]["rules"]
        paths = []
        for result in found["results"]:
            (location,) = result["locations"]
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            path = uri.split("/incoming/")[1]
            paths.append(path)
            self.assertEqual(result["level"], "error")
            self.assertEqual(result["ruleId"], EXPECTED[path][1])
            self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
            self.assertEqual(result["partialFingerprints"]["ztp/v1"], f"{result['ruleId']}:{path}")
            for related in result.get("relatedLocations", []):
                place = related["physicalLocation"]
                self.assertTrue(place["artifactLocation"]["uri"].endswith("/gate.ztp"))
                line = (self.folder / "gate.ztp").read_text().splitlines()[place["region"]["startLine"] - 1]
                self.assertIn(line[place["region"]["startColumn"] - 1:].strip(), related["message"]["text"])
        self.assertEqual(paths, [path for path, (allow, _, _) in EXPECTED.items() if not allow])
        self.assertIn("refused: content", found["results"][1]["message"]["text"])

    # ------------------------------------------------------------------------------- summaries, and the next stage

    def test_the_next_stage_takes_what_this_one_signed(self):
        key = self.key("own.key")
        out = self.folder / "out"
        self.ci("--sign", key, "--summaries", out, "--verifier", "https://acme.example/first",
                "--resource-uri", "https://registry.acme.example/")
        summaries = sorted(str(p.relative_to(out)) for p in out.rglob("*.json"))
        self.assertEqual(summaries, sorted(f"{path}.vsa.intoto.json" for path in EXPECTED))
        envelope = json.loads((out / "models/vision-7b.vsa.intoto.json").read_text())
        statement = json.loads(base64.b64decode(envelope["payload"]))
        results, _ = self.results()
        self.assertEqual("sha256:" + statement["subject"][0]["digest"]["sha256"], results["models/vision-7b"]["digest"])
        predicate = statement["predicate"]
        self.assertEqual(statement["predicateType"], "https://slsa.dev/verification_summary/v1")
        self.assertEqual(predicate["verifier"]["id"], "https://acme.example/first")
        self.assertEqual(predicate["resourceUri"], "https://registry.acme.example/models/vision-7b")
        self.assertEqual((predicate["timeVerified"], predicate["verificationResult"], predicate["verifiedLevels"]),
                         (NOW, "PASSED", ["SLSA_BUILD_LEVEL_3"]))
        self.assertEqual("sha256:" + predicate["policy"]["digest"]["sha256"],
                         results["models/vision-7b"]["answer"]["context"]["policy"])
        self.assertEqual([a["uri"] for a in predicate["inputAttestations"]],
                         ["models/vision-7b/model.sig", "models/vision-7b.intoto.jsonl"])

        # The next stage has the artefacts and the summaries, and no other evidence: `reviewed` is all that it can go by.
        for path in self.incoming.rglob("*"):
            if path.name.endswith((".intoto.jsonl", ".vsa.intoto.json", ".cdx.json", ".sig")):
                path.unlink()
        shutil.copytree(out, self.incoming, dirs_exist_ok=True)
        (self.folder / "gate.pub").write_text((self.folder / "own.key.pub").read_text())
        self.change("trust.json", lambda t: t["sources"]["gate"].update(verifiers="https://acme.example/first"))
        self.change("ci.json", lambda plan: plan["artifacts"][0].pop("parameters"))
        results, _ = self.results()
        for path, (allow, _, _) in EXPECTED.items():
            with self.subTest(path):
                result = results[path]
                self.assertEqual(result["allow"], allow)
                if path != "notes.txt":
                    (evidence,) = result["evidence"]
                    self.assertEqual(evidence["outcome"].get("check", ""), "" if allow else "status")
                if allow:
                    self.assertEqual(result["answer"]["context"]["rules"], ["acme.gate.reviewed"])
        # It is of another resource, another verifier's, or of other bytes: nobody's word.
        self.change("trust.json", lambda t: t["sources"]["gate"].update(resources="https://registry.acme.example/packages/*"))
        results, _ = self.results()
        self.assertEqual([results[n]["evidence"][0]["outcome"].get("check") for n in ("models/vision-7b", "packages/tools-1.0.whl")],
                         ["subject", None])
        self.change("trust.json", lambda t: t["sources"]["gate"].pop("resources"))
        (self.incoming / "packages/tools-1.0.whl").write_text("other bytes\n")
        result = self.results()[0]["packages/tools-1.0.whl"]
        self.assertEqual((result["allow"], result["evidence"][0]["outcome"]["check"]), (False, "subject"))
        self.change("trust.json", lambda t: t["sources"]["gate"].update(verifiers="https://acme.example/second"))
        result = self.results()[0]["models/vision-7b"]
        self.assertEqual((result["allow"], result["evidence"][0]["outcome"]["check"]), (False, "issuer"))

    # ---------------------------------------------------------------------------------------- bills of materials

    def test_a_bill_of_materials_proves_something_where_it_was_signed(self):
        self.only("packages/tools-1.0.whl")
        wheel = self.incoming / "packages/tools-1.0.whl"
        (self.folder / "gate.ztp").write_text("""ztp 1
package acme.bills
import std.ai
entity Pipeline { sources: Set<Glob>, publishes_data: Bool = false }
entity Package carried vouched { digest: Digest, bom?: Digest }
input bill?: Bom proven for resource.digest
input signature?: Oms proven for resource.digest
action publish on Package by Pipeline
permit proven { principal Pipeline action publish resource Package when has bill and bill.format == "cyclonedx" }
""")
        makers, stranger = Key(self.folder, "makers"), Key(self.folder, "stranger")
        (self.folder / "makers.pub").write_text(makers.pem)
        self.change("trust.json", lambda t: t.update(sources={
            "bills": {"kind": "bom", "signers": {"file": "makers.pub"}, "proves": "bill"}}))
        self.change("ci.json", lambda p: p.update(artifacts=[{"match": "packages/*", "type": "Package", "action": "publish"}]))
        digest = sha256(wheel.read_bytes())
        bill = {"bomFormat": "CycloneDX", "specVersion": "1.6",
                "components": [{"type": "machine-learning-model", "name": "t", "hashes": [{"alg": "SHA-256", "content": digest}]}]}

        def statement(*subjects):
            return {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://cyclonedx.org/bom", "predicate": bill,
                    "subject": [{"name": "t", "digest": {"sha256": d}} for d in subjects]}

        about, others = statement(digest), statement("ab" * 32, "cd" * 32)
        for document, name, allow, says in [
            (makers.envelope(about), "cdx.json", True, "proves bill by bills"),
            (makers.bundle(about), "sigstore.json", True, "proves bill by bills"),
            (stranger.envelope(about), "cdx.json", False, "refused: signature"),
            (makers.envelope(others), "cdx.json", False, "refused: content"),  # what it lists is not what it is about
            (bill, "cdx.json", False, "a bill of materials of it; what it says is claimed"),
        ]:
            with self.subTest(f"{name} {says}"):
                path = wheel.with_name(f"{wheel.name}.{name}")
                path.write_text(json.dumps(document))
                result = self.results()[0]["packages/tools-1.0.whl"]
                self.assertEqual(result["allow"], allow)
                self.assertIn(f"evidence packages/{path.name}: {says}", self.ci().stdout)
                path.unlink()
        # Where nobody's bills count, a signed one is what one is that nobody signed.
        self.change("trust.json", lambda t: t.update(sources={
            "models": {"kind": "oms", "signers": {"file": "makers.pub"}, "proves": "signature"}}))
        wheel.with_name("tools-1.0.whl.cdx.json").write_text(json.dumps(makers.envelope(about)))
        done = self.ci()
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("what it says is claimed", done.stdout)

    # --------------------------------------------------------------------------------- folders as pipelines have them

    def test_all_allowed_and_nothing_to_say(self):
        self.only("packages/tools-1.0.whl", "packages/tools-1.0.whl.intoto.jsonl")
        done = self.ci("--sarif", self.folder / "out.sarif")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(json.loads((self.folder / "out.sarif").read_text())["runs"][0]["results"], [])

    def test_evidence_for_several_and_about_nothing(self):
        packages = self.incoming / "packages"
        self.only("packages/tools-1.0.whl", "packages/tools-0.9.whl", "packages/plugin-2.1.whl")
        lines = [(EXAMPLE / f"incoming/packages/{name}.intoto.jsonl").read_text() for name in ("tools-1.0.whl", "tools-0.9.whl")]
        other = (EXAMPLE / "incoming/models/forged.intoto.jsonl").read_text()
        (packages / "attestations.intoto.jsonl").write_text(lines[0] + "\n" + other + lines[1] + "{}\n")
        done = self.ci("--sarif", self.folder / "out.sarif")
        self.assertIn("evidence packages/attestations.intoto.jsonl:1: proves build by builders", done.stdout)
        self.assertIn("evidence packages/attestations.intoto.jsonl:4: proves build by builders", done.stdout)
        for line in (3, 5):
            self.assertIn(f"evidence packages/attestations.intoto.jsonl:{line}: about nothing that is here", done.stdout)
        self.assertIn("3 artefacts: 1 allowed, 2 denied\n", done.stdout)
        results = json.loads((self.folder / "out.sarif").read_text())["runs"][0]["results"]
        self.assertEqual([r["ruleId"] for r in results].count("ztp.ci.about_nothing"), 2)

    def test_evidence_that_is_not_needed_is_a_warning(self):
        self.only("packages/tools-1.0.whl", "packages/tools-1.0.whl.intoto.jsonl")
        shutil.copy(EXAMPLE / "incoming/packages/tools-0.9.whl.intoto.jsonl", self.incoming / "packages/tools-1.0.whl.old.intoto.json")
        done = self.ci("--sarif", self.folder / "out.sarif")
        self.assertEqual(done.returncode, 0, done.stdout)
        (result,) = json.loads((self.folder / "out.sarif").read_text())["runs"][0]["results"]
        self.assertEqual((result["ruleId"], result["level"]), ("ztp.ci.refused_evidence", "warning"))

    def test_what_a_digest_leaves_out_must_prove_something(self):
        self.only("models/vision-7b", "models/vision-7b.intoto.jsonl", "models/vision-7b.cdx.json")
        for name, content in (("payload.sig", "MZ\x90"), ("empty.intoto.jsonl", "\n"),
                              ("other.sig", (EXAMPLE / "incoming/models/forged/model.sig").read_text())):
            with self.subTest(name):
                path = self.incoming / "models/vision-7b" / name
                path.write_text(content)
                result = self.results()[0]["models/vision-7b"]
                self.assertEqual((result["allow"], result["answer"]["decision"]), (False, True))
                self.assertEqual([r["rule"] for r in result["reasons"]], ["ztp.ci.unverified_content"])
                path.unlink()
        extra = self.incoming / "models/vision-7b/extra.bin"
        extra.write_text("x")
        result = self.results()[0]["models/vision-7b"]
        self.assertIn("the file 'extra.bin' is not signed", result["evidence"][0]["outcome"]["message"])
        extra.unlink()
        (self.incoming / "models/x\nALLOW  y").write_text("x")
        done = self.ci()
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("models/x\\x0aALLOW", done.stderr)
        (self.incoming / "models/x\nALLOW  y").unlink()
        os.symlink("config.json", extra)
        done = self.ci()
        self.assertEqual(done.returncode, 1)
        self.assertIn("symbolic link", done.stderr)

    def test_a_stored_type_is_held_to_the_bytes(self):
        """With types whose attributes the facts have, and flags instead of a plan; evidence of the pipeline's own run."""
        self.only("packages/tools-1.0.whl", "packages/tools-1.0.whl.intoto.jsonl")
        for path in (self.incoming / "packages").iterdir():
            path.rename(self.incoming / path.name)
        (self.incoming / "packages").rmdir()
        (self.folder / "gate.ztp").write_text("""ztp 1
package acme.stored
import std.ai
entity Agent { spiffe: SpiffeId }
entity Package { digest: Digest }
input build: Slsa proven for resource.digest
input peer?: Svid proven for principal.spiffe
action publish on Package by Agent
permit built { principal Agent action publish resource Package when build.level >= 3 }
permit known { principal Agent action publish resource Package when has peer }
""")
        shutil.copy(EXAMPLES / "tool-server/acme.org.bundle.pem", self.folder)
        shutil.copy(EXAMPLES / "tool-server/evidence/helper.svid.pem", self.folder)
        self.change("trust.json", lambda t: (t["sources"].pop("makers"), t["sources"].pop("gate"), t["sources"].update(
            mesh={"kind": "x509-svid", "trust_domain": "acme.org", "bundle": {"file": "acme.org.bundle.pem"},
                  "host_checks_binding": True, "proves": "peer"})))
        agent = {"uid": {"type": "Agent", "id": "helper"}, "attrs": {"spiffe": "spiffe://acme.org/agents/helper"}}
        flags = ["--principal", 'Agent::"helper"', "--action", "publish", "--type", "Package"]

        def decide(*facts):
            (self.folder / "facts.json").write_text(json.dumps([agent, *facts]))
            return self.results(*flags, plan=None)[0]["tools-1.0.whl"]

        def package(digest):
            return {"uid": {"type": "Package", "id": "tools-1.0.whl"}, "attrs": {"digest": digest}}

        measured = decide(package("sha256:" + "ab" * 32))["digest"]
        self.assertEqual(decide(package("sha256:" + "ab" * 32))["reasons"][0]["rule"], "ztp.ci.other_bytes")
        self.assertEqual(decide()["reasons"][0]["rule"], "ztp.ci.not_in_facts")
        self.assertTrue(decide(package(measured))["allow"])

        (self.incoming / "tools-1.0.whl.intoto.jsonl").unlink()
        self.assertFalse(decide(package(measured))["allow"])
        (self.folder / "shared.json").write_text(json.dumps({
            "ztp_ci": 1, "principal": 'Agent::"helper"', "artifacts": [{"match": "*", "type": "Package", "action": "publish"}],
            "evidence": [{"input": "peer", "kind": "x509-svid", "file": "helper.svid.pem"}]}))
        result = self.results(plan="shared.json")[0]["tools-1.0.whl"]
        self.assertEqual((result["allow"], result["answer"]["context"]["rules"]), (True, ["acme.stored.known"]))
        late = self.ci(plan="shared.json", now="2031-01-01T00:00:00Z")
        self.assertEqual(late.returncode, 2)
        self.assertIn("evidence peer: refused: expired", late.stdout)

    # --------------------------------------------------------------------------------------------------- mistakes

    def test_mistakes_of_a_plan_are_named(self):
        for change, says in [
            (lambda p: p.update(ztp_ci=2), "$.ztp_ci"),
            (lambda p: p.pop("principal"), "`principal` is missing"),
            (lambda p: p.update(principal="release"), "$.principal"),
            (lambda p: p.update(artefacts=[]), "did you mean `artifacts`?"),
            (lambda p: p.update(artifacts=[]), "$.artifacts"),
            (lambda p: p["artifacts"][0].pop("action"), "`action` is missing"),
            (lambda p: p["artifacts"][0].update(match="a\\"), "$.artifacts[0].match"),
            (lambda p: p["artifacts"][3].update(type="Model"), "$.artifacts[3]"),
            (lambda p: p["artifacts"][0].update(parameters=[]), "$.artifacts[0].parameters"),
            (lambda p: p.update(evidence=[{"input": "build", "file": "x"}]), "`kind` or `source` is missing"),
            # What the policy has to say to it.
            (lambda p: p["artifacts"][0].update(type="Modell"), "ZTP3014"),
            (lambda p: p["artifacts"][0].update(action="promote"), "ZTP3030"),
            (lambda p: p["artifacts"][0].update(parameters={"channel": 7}), "ZTP3010"),
            (lambda p: p["artifacts"][0].update(properties={"digest": "sha256:" + "ab" * 32}), "ZTP3006"),
            (lambda p: p["artifacts"][0].update(type="Pipeline"), "the request about models/changed"),
            (lambda p: p.update(context={"now": NOW}), "ZTP3033"),
            (lambda p: p.update(context={"build": {"level": 3, "builder": "me"}}), "ZTP3024"),
        ]:
            with self.subTest(says):
                shutil.copy(EXAMPLE / "ci.json", self.folder)
                self.change("ci.json", change)
                done = self.ci()
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn(says, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_exit_codes(self):
        self.only("build.log")
        self.assertEqual(self.ci().returncode, 1)  # no artefact is no success
        self.assertEqual(run("ci", self.incoming).returncode, 3)
        self.assertEqual(self.ci("--type", "Model").returncode, 3)
        self.assertEqual(self.ci("--sign", self.folder / "x").returncode, 3)
        self.assertEqual(self.ci("--principal", "release", "--action", "publish", "--type", "Package", plan=None).returncode, 3)
        self.assertEqual(self.ci(plan="none.json").returncode, 4)
        self.incoming = self.folder / "nowhere"
        self.assertEqual(self.ci().returncode, 4)
        self.incoming = self.folder / "gate.ztp"
        self.assertEqual(self.ci().returncode, 1)
        shutil.copytree(EXAMPLE / "incoming/packages", self.folder / "p/packages")
        self.incoming = self.folder / "p"
        sign = ["--sign", self.key("own.key"), "--summaries", self.folder / "s", "--resource-uri", "https://r.example"]
        self.assertEqual(self.ci(*sign, "--verifier", "me").returncode, 1)
        self.assertEqual(self.ci(*sign).returncode, 3)


if __name__ == "__main__":
    unittest.main()
