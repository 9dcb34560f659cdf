"""Makes the evidence of this example anew: SVIDs, attestation results, a model's signature, with keys that are thrown away.

Usage: make_evidence.py    (writes the bundles and keys that trust.json names, evidence/, nonces.txt and requests.jsonl beside
itself, and the machines' keys and the models' digests into facts.json)

Everything is valid around 2030-01-01T00:00:00Z, the time at which README.md decides. Needs the openssl command.
"""
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from evidence_kit import (NOW, Domain, Key, base64url, compact, model_digest, model_statement, sha256,  # noqa: E402
                          write_array, write_lines)

NONCES = [f"nonce-{i}-of-the-example" for i in range(1, 8)]  # what the coordinator gave out

MODELS = {name: {"config.json": b'{"round": %d}' % number, "weights.safetensors": b"weights of round %d" % number}
          for name, number in (("mammo-r6", 6), ("mammo-r7", 7))}


def result(verifier, machine, nonce, gpu="affirming"):
    """What a verifier says about a machine: draft-ietf-rats-ear-04, as a JSON Web Token."""
    return verifier.token({
        "eat_profile": "tag:ietf.org,2026:rats/ear#04", "iat": NOW - 120, "exp": NOW + 1800, "eat_nonce": nonce,
        "ear_verifier_id": {"developer": "Consortium Attestation", "build": "2029.12"},
        "submods": {
            "tdx": {"ear_status": "affirming", "ear_trustworthiness_vector": {"hardware": 2, "executables": 2},
                    "ear_veraison_key_attestation": {"akpub": base64url(machine.public)}},
            "gpu": {"ear_status": gpu, "ear_trustworthiness_vector": {"hardware": 2}}}})


def reference(kind, name):
    return {"type": kind, "id": name}


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        domains = {d: Domain(folder, f"{d}.example") for d in ("charite", "mgh", "consortium")}
        svids = {"charite": domains["charite"].svid("/trainer"), "mgh": domains["mgh"].svid("/trainer"),
                 "hub": domains["consortium"].svid("/hub")}
        machines = {m: Key(folder, m) for m in ("charite", "mgh", "hub-eu")}
        verifier, stranger, aggregator = Key(folder, "verifier"), Key(folder, "stranger"), Key(folder, "aggregator")
        nonces = iter(NONCES)
        good = result(verifier, machines["charite"], next(nonces))
        forged = result(stranger, machines["charite"], NONCES[1])
        doubtful = result(verifier, machines["charite"], next(nonces), gpu="warning")
        others = result(verifier, machines["mgh"], next(nonces))
        mghs = result(verifier, machines["mgh"], next(nonces))
        hubs = result(verifier, machines["hub-eu"], next(nonces))
        unsigned = result(verifier, machines["charite"], next(nonces))
        again = result(verifier, machines["charite"], next(nonces))
        signatures = {m: compact(aggregator.bundle(model_statement(m, files))) for m, files in MODELS.items()}
        strangers = compact(stranger.bundle(model_statement("mammo-r6", MODELS["mammo-r6"])))
        keys, public = {"keys": [verifier.jwk()]}, aggregator.pem
        roots = {f"{d}.example": domain.root for d, domain in domains.items()}
        digests = {m: f"sha256:{sha256(key.public)}" for m, key in machines.items()}
    for domain, root in roots.items():
        (HERE / f"{domain}.bundle.pem").write_text(root)
    (HERE / "verifier.jwks.json").write_text(json.dumps(keys, indent=2) + "\n")
    (HERE / "aggregator.pub").write_text(public)
    (HERE / "nonces.txt").write_text("\n".join(NONCES) + "\n")
    (HERE / "evidence").mkdir(exist_ok=True)
    (HERE / "evidence/charite.svid.pem").write_text(svids["charite"])
    (HERE / "evidence/charite.ear.jwt").write_text(good + "\n")
    (HERE / "evidence/mammo-r6.sig").write_text(signatures["mammo-r6"] + "\n")
    facts = json.loads((HERE / "facts.json").read_text())
    for fact in facts:
        entity = fact["uid"]["id"]
        if entity in digests:
            fact["attrs"]["machine"] = digests[entity]
        if entity in MODELS:
            fact["attrs"]["digest"] = "sha256:" + model_digest(MODELS[entity])
    write_array(HERE / "facts.json", facts)

    def evidence(peer, device=None, signature=None):
        pieces = [("peer", "x509-svid", svids[peer]), ("device", "ear", device), ("signature", "oms", signature)]
        return [{"input": i, "kind": kind, "value": value} for i, kind, value in pieces if value]

    round_7 = {"number": 7, "opens": "2029-12-31T23:00:00Z", "closes": "2030-01-01T05:00:00Z", "quorum": 2,
               "joined": [reference("Site", "charite"), reference("Site", "mgh")]}

    def request(subject, action, resource, pieces, properties=None, **context):
        made = {"subject": subject, "action": {"name": action}, "resource": resource}
        if properties:
            made["action"]["properties"] = properties
        return {**made, "context": context, "evidence": pieces}

    def join(site, dataset, pieces):
        return request(reference("Site", site), "join_round", reference("Model", "mammo-r6"), pieces,
                       {"dataset": reference("Dataset", dataset)}, round=round_7)

    def submit(update):
        return request(reference("Site", "charite"), "submit", reference("Update", update), evidence("charite"),
                       round=round_7, secure_aggregation=True)

    hub = reference("Aggregator", "hub-eu")
    r6 = signatures["mammo-r6"]
    write_lines(HERE / "requests.jsonl", [
        join("charite", "scans-be", evidence("charite", good, r6)),                  # allowed
        join("charite", "scans-be", evidence("charite", None, r6)),                  # not attested
        join("charite", "scans-be", evidence("charite", forged, r6)),                # by a stranger
        join("charite", "scans-be", evidence("charite", doubtful, r6)),              # with a warning
        join("charite", "scans-be", evidence("charite", others, r6)),                # another hospital's machine
        join("charite", "scans-be", evidence("mgh", again, r6)),                     # another hospital's certificate
        join("charite", "scans-be", evidence("charite", unsigned, strangers)),       # a model that a stranger signed
        join("mgh", "scans-bo", evidence("mgh", mghs, r6)),                          # its budget is spent
        submit("u-7-be"),                                                            # allowed
        submit("u-7-be-old"),                                                        # consent was withdrawn
        request(hub, "aggregate", reference("Model", "mammo-r6"), evidence("hub", hubs),
                {"updates": [reference("Update", "u-7-be"), reference("Update", "u-7-bo")]}, round=round_7),  # allowed
        request(hub, "publish", reference("Model", "mammo-r7"), evidence("hub", signature=signatures["mammo-r7"]),
                {"to": "uk"}),                                                       # allowed
        request(hub, "publish", reference("Model", "mammo-r7"), evidence("hub", signature=signatures["mammo-r7"]),
                {"to": "us"}),                                                       # not all data may be there
        request(hub, "publish", reference("Model", "mammo-r7"), evidence("hub", signature=r6), {"to": "uk"}),  # another model's
    ])


if __name__ == "__main__":
    main()
