"""What `ztp decide --trust` and `ztp verify` make of evidence: the example policies/examples/tool-server, by its requests.

Usage: evidence_test.py ZTP
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ZTP = str(pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/bin/ztp").resolve())
EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "policies/examples/tool-server"
NOW = "2030-01-01T00:00:00Z"
NONCE = "bm9uY2Utb2YtdGhlLWV4YW1wbGU"

# What each request of the example comes to: the decision, and the check that each piece of evidence did not pass.
EXPECTED = [
    ("the agent's own certificate and a token for this server", True, {}),
    ("another agent's certificate", False, {"peer": "subject"}),
    ("a token for another server", False, {"token": "audience"}),
    ("a token that a stranger signed", False, {"token": "signature"}),
    ("a token with one bit changed", False, {"token": "signature"}),
    ("a tool that cannot be undone", False, {}),
    ("the same with the user's word", True, {}),
    ("that word once more", False, {"approval": "replay"}),
    ("a word that nobody asked for", False, {"approval": "nonce"}),
]


def run(*args, **kwargs):
    return subprocess.run([ZTP, *map(str, args)], capture_output=True, text=True, **kwargs)


def requests():
    return [json.loads(line) for line in (EXAMPLE / "requests.jsonl").read_text().splitlines()]


def decide(request_list, now=NOW, *args, trust=EXAMPLE / "trust.json"):
    """The answers, and the exit code."""
    lines = "".join(json.dumps(r) + "\n" for r in request_list)
    result = run("decide", "-p", EXAMPLE, "-f", EXAMPLE / "facts.json", "--now", now, "--trust", trust,
                 "--nonce", NONCE, *args, input=lines)
    return [json.loads(line) for line in result.stdout.splitlines()], result


def checks(answer):
    return {e["input"]: e["check"] for e in answer["context"]["evidence"] if not e["bound"]}


class Decide(unittest.TestCase):
    def test_the_examples_requests(self):
        answers, result = decide(requests())
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(len(answers), len(EXPECTED))
        for answer, (what, allow, refused) in zip(answers, EXPECTED):
            with self.subTest(what):
                self.assertEqual(answer["decision"], allow)
                self.assertEqual(checks(answer), refused)
                for evidence in answer["context"]["evidence"]:
                    self.assertRegex(evidence["digest"], "^sha256:[0-9a-f]{64}$")

    def test_a_lease_ends_with_the_evidence(self):
        (answer,), _ = decide(requests()[:1])
        self.assertEqual(answer["context"]["valid_until"], "2030-01-01T00:09:05Z")  # the token's end and its leeway
        (answer,), _ = decide(requests()[:1], "2030-01-01T00:09:04Z")
        self.assertTrue(answer["decision"])
        (answer,), _ = decide(requests()[:1], "2030-01-01T00:09:05Z")
        self.assertFalse(answer["decision"])
        self.assertEqual(checks(answer), {"token": "expired"})
        self.assertIn("token", answer["context"]["unknown"])

    def test_evidence_before_its_time(self):
        (answer,), _ = decide(requests()[:1], "2029-12-30T00:00:00Z")
        self.assertEqual(checks(answer), {"peer": "not yet valid", "token": "issued in the future"})

    def test_the_explanation_stands_beside_the_checks(self):
        (answer,), _ = decide(requests()[2:3], NOW, "--explain")
        self.assertIn("explanation", answer["context"])
        self.assertEqual(checks(answer), {"token": "audience"})

    def test_every_bit_of_a_token_counts(self):
        request = requests()[0]
        token = request["evidence"][1]["value"]
        changed = []
        for at in range(0, len(token), 7):
            other = "A" if token[at] != "A" else "B"
            request["evidence"][1]["value"] = token[:at] + other + token[at + 1:]
            changed.append(json.loads(json.dumps(request)))
        answers, _ = decide(changed)
        self.assertEqual([a["decision"] for a in answers], [False] * len(changed))

    def test_without_a_configuration_evidence_is_an_error(self):
        result = run("decide", "-p", EXAMPLE, "-f", EXAMPLE / "facts.json", "-r", EXAMPLE / "requests.jsonl", "--now", NOW)
        self.assertEqual(result.returncode, 1)
        self.assertIn("ZTP3034", result.stderr)
        self.assertNotIn('"decision":true', result.stdout)

    def test_plain_json_proves_nothing(self):
        request = requests()[0]
        request["context"] = {"token": {"scopes": ["tickets.read"]}}
        answers, result = decide([request])
        self.assertEqual(result.returncode, 1)
        self.assertEqual(answers[0]["context"]["errors"][0]["code"], "ZTP3024")

    def test_malformed_evidence(self):
        request = requests()[0]
        for evidence, path in [([{"input": "peer"}], "$.evidence[0]"), (["x"], "$.evidence[0]"),
                               ([{"input": "peer", "kind": "x509-svid", "value": 7}], "$.evidence[0].value"),
                               (request["evidence"][:1] * 2, "$.evidence[1]"), ({}, "$.evidence")]:
            with self.subTest(path):
                (answer,), result = decide([{**request, "evidence": evidence}])
                self.assertEqual(result.returncode, 1)
                self.assertEqual(answer["context"]["errors"][0]["path"], path)


class Configuration(unittest.TestCase):
    def changed(self, change):
        """What `ztp decide` says to the example's configuration after `change(sources)`."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
            path = pathlib.Path(folder) / "trust.json"
            document = json.loads(path.read_text())
            change(document["sources"])
            path.write_text(json.dumps(document))
            return decide(requests()[:1], trust=path)[1]

    def test_mistakes_are_named(self):
        for change, says in [
            (lambda s: s["tokens"].pop("audiences"), "$.sources.tokens"),
            (lambda s: s["tokens"].update(audience="x"), "did you mean `audiences`?"),
            (lambda s: s["mesh"].update(bundle={"file": "nowhere.pem"}), "nowhere.pem"),
            (lambda s: s["mesh"].update(proves="token"), "source 'mesh' (x509-svid) cannot prove input 'token'"),
            (lambda s: s["mesh"].update(proves="per"), "did you mean `peer`?"),
            (lambda s: s["tokens"].update(algorithms=["HS256"]), "'HS256' is no algorithm that is ever accepted"),
        ]:
            with self.subTest(says):
                result = self.changed(change)
                self.assertEqual(result.returncode, 1)
                self.assertIn(says, result.stderr)
                self.assertEqual(result.stdout, "")

    def test_only_what_the_configuration_says_counts(self):
        for change, input_name, check in [
            (lambda s: s["tokens"].update(issuers="https://login.acme.com"), "token", "issuer"),
            (lambda s: s["tokens"].update(max_age="30s"), "token", "age"),
            (lambda s: s["tokens"].update(algorithms="RS256"), "token", "algorithm"),
            (lambda s: s["mesh"].update(trust_domain="acme.com"), "peer", "issuer"),
            (lambda s: s["mesh"].update(revocation="required"), "peer", "revoked"),
            (lambda s: s.pop("mesh"), "peer", "source"),
        ]:
            with self.subTest(check):
                result = self.changed(change)
                answer = json.loads(result.stdout)
                self.assertFalse(answer["decision"], result.stderr)
                self.assertEqual(checks(answer), {input_name: check})


class Verify(unittest.TestCase):
    def verify(self, source, name, *args):
        return run("verify", "--trust", EXAMPLE / "trust.json", "--source", source, "--now", NOW,
                   EXAMPLE / "evidence" / name, *args)

    def test_shows_what_is_proven(self):
        result = self.verify("mesh", "helper.svid.pem")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn('id                "spiffe://acme.org/agents/helper"\n', result.stdout)
        fact = json.loads(self.verify("tokens", "ann.access-token.jwt", "--format", "json").stdout)
        self.assertEqual(fact["fact"]["scopes"], ["tickets.purge", "tickets.read"])
        self.assertEqual(fact["expires_at"], "2030-01-01T00:09:05Z")

    def test_or_which_check_it_does_not_pass(self):
        result = self.verify("tokens", "ann.elsewhere.jwt")
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stdout.splitlines()[0], "refused: audience")
        refused = json.loads(self.verify("mesh", "ann.access-token.jwt", "--format", "json").stdout)
        self.assertEqual((refused["source"], refused["check"]), ("mesh", "form"))

    def test_exit_codes(self):
        self.assertEqual(self.verify("nowhere", "helper.svid.pem").returncode, 1)
        self.assertEqual(self.verify("mesh", "nothing.pem").returncode, 4)
        self.assertEqual(run("verify", "--trust", "x").returncode, 3)


# Manifests as NVIDIA's, by a signer whose key nobody has any more.
RIM = pathlib.Path(__file__).resolve().parent / "rim"


class Manifests(unittest.TestCase):
    def rim(self, *files, roots=RIM / "root.pem", now=NOW):
        return run("rim", "--roots", roots, "--now", now, *files)

    def test_reference_values_for_a_trust_configuration(self):
        result = self.rim(RIM / "vbios.swidtag", RIM / "driver.swidtag")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout), {
            "drivers": [{"version": "535.86.09", "measurements": {"7": "sha384:" + "4d" * 48}}],
            "vbioses": [{"version": "96.00.5E.00.01",
                         "measurements": {"0": "sha384:" + "1a" * 48, "12": ["sha384:" + d * 48 for d in ("2b", "3c")]}}]})

    def test_what_is_refused_writes_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            changed, out = pathlib.Path(folder) / "changed.swidtag", pathlib.Path(folder) / "out.json"
            changed.write_text((RIM / "vbios.swidtag").read_text().replace("1a1a", "1b1a", 1))
            result = self.rim("-o", out, RIM / "driver.swidtag", changed)
            self.assertEqual(result.returncode, 1)
            self.assertIn("changed.swidtag: refused: signature: ", result.stderr)
            self.assertFalse(out.exists())
            self.assertEqual(self.rim("-o", out, RIM / "driver.swidtag").returncode, 0)
            self.assertEqual(list(json.loads(out.read_text())), ["drivers"])
        for roots, now, check in [(EXAMPLE / "acme.org.bundle.pem", NOW, "chain"), (RIM / "root.pem", "2032-01-01T00:00:00Z", "expired")]:
            result = self.rim(RIM / "driver.swidtag", roots=roots, now=now)
            self.assertIn(f"driver.swidtag: refused: {check}: ", result.stderr)
        self.assertEqual(self.rim(RIM / "none.swidtag").returncode, 4)
        self.assertEqual(run("rim", RIM / "driver.swidtag").returncode, 3)


WEIGHTS = EXAMPLE.parent / "weights-release"


class Devices(unittest.TestCase):
    """policies/examples/weights-release: a verifier's word about a node, and which of its keys it attests."""

    def decide(self, now=NOW, facts=WEIGHTS / "facts.json"):
        nonces = [a for i in (1, 2, 3) for a in ("--nonce", f"nonce-{i}-of-the-example")]
        result = run("decide", "-p", WEIGHTS, "-f", facts, "-r", WEIGHTS / "requests.jsonl",
                     "--now", now, "--trust", WEIGHTS / "trust.json", *nonces)
        return [json.loads(line) for line in result.stdout.splitlines()], result

    def test_the_examples_requests(self):
        answers, result = self.decide()
        self.assertEqual([checks(a) for a in answers],
                         [{}, *({"device": c} for c in ("replay", "signature", "status", "nonce", "subject")), {}],
                         result.stderr)
        self.assertEqual([a["decision"] for a in answers], [True] + [False] * 6)
        self.assertEqual(answers[0]["context"]["valid_until"], "2030-01-01T00:04:35Z")  # issued 20 s ago, 5 s of leeway

    def test_too_old(self):
        answers, _ = self.decide("2030-01-01T00:10:00Z")
        self.assertEqual(checks(answers[0]), {"device": "age"})

    def test_a_models_signature_is_proven_or_nothing_is_loaded(self):
        node, model, draft = json.loads((WEIGHTS / "facts.json").read_text())
        signature = model["evidence"][0]["value"]
        payload = json.loads(signature)["dsseEnvelope"]["payload"]
        cases = [
            ({"value": signature.replace(payload, payload[:-4] + "AAAA")}, {}, "refused (signature)"),
            ({}, {"digest": draft["attrs"]["digest"]}, "refused (subject)"),
            ({"kind": "slsa"}, {}, "refused (source)"),
            ({"value": "{}"}, {}, "refused (form)"),
            ({"attr": "digest"}, {}, "is not proven"),
        ]
        for evidence, attrs, says in cases:
            with self.subTest(says), tempfile.TemporaryDirectory() as folder:
                changed = {**model, "attrs": {**model["attrs"], **attrs}, "evidence": [{**model["evidence"][0], **evidence}]}
                facts = pathlib.Path(folder) / "facts.jsonl"
                facts.write_text("".join(json.dumps(f) + "\n" for f in (node, changed, draft)))
                answers, result = self.decide(facts=facts)
                self.assertEqual((result.returncode, answers), (1, []))
                self.assertIn(says, result.stderr)
                self.assertIn("facts.jsonl:2:", result.stderr)

    def test_without_a_configuration_facts_bring_no_evidence(self):
        result = run("decide", "-p", WEIGHTS, "-f", WEIGHTS / "facts.json", input="{}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("ZTP3034", result.stderr)

    def build(self, folder, *args):
        built = pathlib.Path(folder) / "facts.ztpf"
        result = run("facts", "build", "-p", WEIGHTS, WEIGHTS / "facts.json", "--now", NOW, "-o", built, *args)
        self.assertEqual(result.returncode, 0, result.stderr)
        return built, result.stdout

    def test_a_facts_file_brings_its_evidence_along(self):
        with tempfile.TemporaryDirectory() as folder:
            built, says = self.build(folder, "--trust", WEIGHTS / "trust.json")
            self.assertIn("3 entities", says)
            self.assertIn("evidence for 1 of their attributes", says)
            self.assertRegex(run("facts", "info", built).stdout, "evidence    [1-9][0-9]+ bytes")
            answers, result = self.decide(facts=built)
            self.assertEqual([a["decision"] for a in answers], [True] + [False] * 6, result.stderr)
            self.assertEqual(answers, self.decide()[0])
            result = run("decide", "-p", WEIGHTS, "-f", built, input="{}")
            self.assertEqual(result.returncode, 1)
            self.assertIn("has evidence, which nobody here verifies", result.stderr)

    def test_evidence_in_a_facts_file_is_verified_anew(self):
        with tempfile.TemporaryDirectory() as folder:
            built, _ = self.build(folder, "--trust", WEIGHTS / "trust.json")
            other = pathlib.Path(folder) / "other"
            shutil.copytree(WEIGHTS, other)
            run("keygen", "-o", other / "key")
            shutil.copy(other / "key.pub", other / "release.pub")  # another key releases models
            result = run("decide", "-p", WEIGHTS, "-f", built, "--trust", other / "trust.json", input="{}")
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertIn('attribute `signature` of Model::"vision-7b" was refused (signature)', result.stderr)
            self.assertIn("facts.ztpf:1:", result.stderr)
            damaged = built.read_bytes().replace(b'vision-7b"},"evidence', b'vision-7c"},"evidence')
            (other / "damaged.ztpf").write_bytes(damaged)
            result = run("decide", "-p", WEIGHTS, "-f", other / "damaged.ztpf", "--trust", WEIGHTS / "trust.json",
                         input="{}")
            self.assertIn("its checksum is another", result.stderr)

    def test_a_facts_file_with_proven_values_proves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            plain = json.loads((WEIGHTS / "facts.json").read_text())
            del plain[1]["evidence"]
            plain[1]["attrs"]["signature"] = {"signer": "me"}
            facts = pathlib.Path(folder) / "plain.json"
            facts.write_text(json.dumps(plain))
            built = pathlib.Path(folder) / "facts.ztpf"
            run("facts", "build", "-p", WEIGHTS, facts, "--assume-proven", "-o", built)
            answers, result = self.decide(facts=built)
            self.assertEqual((result.returncode, answers), (1, []))
            self.assertIn("it counts only from evidence", result.stderr)


class OtherExamples(unittest.TestCase):
    """What each request of an example with evidence comes to: allowed or not, and the checks that were not passed."""

    def compare(self, name, expected):
        folder = EXAMPLE.parent / name
        nonces = [a for nonce in (folder / "nonces.txt").read_text().split() for a in ("--nonce", nonce)]
        result = run("decide", "-p", folder, "-f", folder / "facts.json", "-r", folder / "requests.jsonl",
                     "--now", NOW, "--trust", folder / "trust.json", *nonces)
        answers = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([(a["decision"], checks(a)) for a in answers], expected, result.stderr)

    def test_inference_gateway(self):
        deny = (False, {})
        self.compare("inference-gateway", [
            (True, {}), (False, {"peer": "subject"}), (False, {"peer": "chain"}), (True, {}), deny,
            *((False, {"device": check}) for check in ("replay", "subject", "measurement")),
            deny, deny, deny, (True, {}), deny, deny, (True, {}), deny])

    def test_federated_training(self):
        deny = (False, {})
        self.compare("federated-training", [
            (True, {}), deny, (False, {"device": "signature"}), deny, (False, {"device": "subject"}),
            (False, {"peer": "subject"}), (False, {"signature": "signature"}), deny, (True, {}), deny, (True, {}), (True, {}),
            deny, (False, {"signature": "subject"})])


if __name__ == "__main__":
    unittest.main()
