"""Makes the evidence of this example anew: attestation results (EAT, EAR), and a model's signature (OMS), with keys that
are thrown away.

Usage: make_evidence.py PATH-OF-ZTP    (writes verifier.jwks.json, release.pub, facts.json, nonces.txt, evidence/ and
requests.jsonl beside itself)

Everything is valid around 2030-01-01T00:00:00Z, the time at which README.md decides. Needs the openssl command.
"""
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from evidence_kit import NOW, Key, base64url, write_lines  # noqa: E402

NONCES = [f"nonce-{i}-of-the-example" for i in (1, 2, 3)]  # what we gave out


def result(verifier, node, nonce, gpu="affirming"):
    """What a verifier says about a node: draft-ietf-rats-ear-04."""
    return verifier.token({
        "eat_profile": "tag:ietf.org,2026:rats/ear#04", "iat": NOW - 20, "exp": NOW + 900, "eat_nonce": nonce,
        "ear_verifier_id": {"developer": "Acme Attestation", "build": "2029.12"},
        "submods": {
            "cpu": {"ear_status": "affirming", "ear_trustworthiness_vector": {"hardware": 2, "executables": 2},
                    "ear_veraison_key_attestation": {"akpub": base64url(node.public)}},
            "gpu": {"ear_status": gpu, "ear_trustworthiness_vector": {"hardware": 2}}}})


def release(ztp, folder):
    """A model's files, signed by our release key: the bundle, the digest that it is about, the key."""
    model = folder / "vision-7b"
    model.mkdir()
    (model / "config.json").write_text('{"architecture": "vision", "layers": 2}\n')
    (model / "model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}")
    key, bundle = folder / "release", folder / "model.sig"
    subprocess.run([ztp, "keygen", "-o", key], check=True, capture_output=True)
    signed = subprocess.run([ztp, "sign", "model", model, "-k", key, "-o", bundle],
                            check=True, capture_output=True, text=True)
    return bundle.read_text(), re.search("sha256:[0-9a-f]{64}", signed.stdout)[0], (folder / "release.pub").read_text()


def main(ztp):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        verifier, stranger, node, other = (Key(folder, n) for n in ("verifier", "stranger", "node", "other"))
        good = result(verifier, node, NONCES[0])
        forged = result(stranger, node, NONCES[1])
        doubtful = result(verifier, node, NONCES[1], gpu="warning")
        another = result(verifier, other, NONCES[1])
        late = result(verifier, node, "a-nonce-of-nobody")
        again = result(verifier, node, NONCES[2])
        signature, model_digest, release_key = release(ztp, folder)
        keys = {"keys": [verifier.jwk()]}
        digest = "sha256:" + hashlib.sha256(node.public).hexdigest()
    (HERE / "verifier.jwks.json").write_text(json.dumps(keys, indent=2) + "\n")
    (HERE / "evidence/node.ear.jwt").write_text(good + "\n")
    (HERE / "release.pub").write_text(release_key)
    (HERE / "evidence/vision-7b.oms.json").write_text(signature)
    (HERE / "nonces.txt").write_text("".join(nonce + "\n" for nonce in NONCES))
    draft_digest = "sha256:" + hashlib.sha256(b"a draft").hexdigest()
    facts = [{"uid": {"type": "Node", "id": "fra-1"}, "attrs": {"key": digest, "region": "eu"}},
             {"uid": {"type": "Model", "id": "vision-7b"},
              "attrs": {"digest": model_digest, "regions": ["eu", "uk"], "sensitivity": "restricted"},
              "evidence": [{"attr": "signature", "kind": "oms", "value": signature}]},
             {"uid": {"type": "Model", "id": "vision-8b-draft"},
              "attrs": {"digest": draft_digest, "regions": ["eu"], "sensitivity": "internal"}}]
    (HERE / "facts.json").write_text("[\n" + ",\n".join("  " + json.dumps(f) for f in facts) + "\n]\n")

    def request(ear, model="vision-7b"):
        return {"subject": {"type": "Node", "id": "fra-1"}, "action": {"name": "unwrap"},
                "resource": {"type": "Model", "id": model},
                "evidence": [{"input": "device", "kind": "ear", "value": ear}]}

    # Allowed; the same once more; a stranger's; a doubtful GPU; a nonce that nobody gave out; another node's; a model that
    # nobody released.
    requests = [request(ear) for ear in (good, good, forged, doubtful, late, another)]
    requests.append(request(again, "vision-8b-draft"))
    write_lines(HERE / "requests.jsonl", requests)


if __name__ == "__main__":
    (HERE / "evidence").mkdir(exist_ok=True)
    main(pathlib.Path(sys.argv[1]).resolve())
