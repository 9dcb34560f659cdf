"""Makes the evidence of this example anew: X.509-SVIDs and a GPU's attestation tokens, with keys that are thrown away.

Usage: make_evidence.py    (writes globex.bundle.pem, nras.jwks.json, evidence/, nonces.txt and requests.jsonl beside itself)

Everything is valid around 2030-01-01T00:00:00Z, the time at which README.md decides. Needs the openssl command.
"""
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from evidence_kit import NOW, Domain, Key, compact, sha256, write_lines  # noqa: E402

NONCES = ["nonce-1-of-the-example", "nonce-2-of-the-example"]  # what the gateway gave out to its GPUs' hosts

HOLDS = ["arch-check", "attestation-report-parsed", "attestation-report-nonce-match",
         "attestation-report-signature-verified", "attestation-report-cert-chain-fwid-match", "driver-rim-fetched",
         "driver-rim-schema-validated", "driver-rim-signature-verified", "driver-rim-measurements-available",
         "driver-rim-version-match", "vbios-rim-fetched", "vbios-rim-schema-validated", "vbios-rim-signature-verified",
         "vbios-rim-measurements-available", "vbios-rim-version-match", "vbios-index-no-conflict"]


def gpu_token(service, ueid, nonce, debug="disabled"):
    """A detached bundle as NVIDIA's attestation service writes it: claims of version 3 about one GPU."""
    dated = {"iss": "https://nras.globex.example", "eat_nonce": nonce.encode().hex(),
             "iat": NOW - 20, "nbf": NOW - 20, "exp": NOW + 3600}
    gpu = {**dated, "hwmodel": "GH100 A01 GSP BROM", "ueid": ueid, "secboot": True, "dbgstat": debug, "measres": "success",
           "x-nvidia-attestation-warning": None, "x-nvidia-gpu-driver-version": "550.90.07",
           "x-nvidia-gpu-vbios-version": "96.00.9F.00.01",
           **{f"x-nvidia-gpu-{name}": True for name in HOLDS},
           **{f"x-nvidia-gpu-{name}-cert-chain": {"x-nvidia-cert-status": "valid", "x-nvidia-cert-ocsp-status": "good"}
              for name in ("attestation-report", "driver-rim", "vbios-rim")}}
    token = service.token(gpu)
    overall = service.token({**dated, "sub": "NVIDIA-PLATFORM-ATTESTATION", "x-nvidia-ver": "3.0",
                             "x-nvidia-overall-att-result": debug == "disabled",
                             "submods": {"GPU-0": ["DIGEST", ["SHA-256", sha256(token.encode())]]}})
    return compact([["JWT", overall], {"GPU-0": token}])


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        mesh, service = Domain(folder, "globex"), Key(folder, "nras")
        bot, chat = mesh.svid("/support-bot"), mesh.svid("/chat")
        (folder / "elsewhere").mkdir()
        stranger = Domain(folder / "elsewhere", "globex").svid("/support-bot")
        good = gpu_token(service, "4781", NONCES[0])
        other = gpu_token(service, "4782", NONCES[1])
        debugged = gpu_token(service, "4781", NONCES[1], debug="enabled")
        keys, root = {"keys": [service.jwk()]}, mesh.root
    (HERE / "globex.bundle.pem").write_text(root)
    (HERE / "nras.jwks.json").write_text(json.dumps(keys, indent=2) + "\n")
    (HERE / "nonces.txt").write_text("\n".join(NONCES) + "\n")
    (HERE / "evidence").mkdir(exist_ok=True)
    (HERE / "evidence/support-bot.svid.pem").write_text(bot)
    (HERE / "evidence/gpu-4781.nvidia.json").write_text(good + "\n")

    def prompt(level="internal", tags=(), regions=("eu", "us"), tokens=800, score="0.02"):
        return {"label": {"level": level, "tags": list(tags), "regions": list(regions)}, "tokens": tokens,
                "injection_score": score}

    confidential = prompt("confidential", ["pii"], ["eu"], 10, "0.0")
    everything = object()

    def request(subject="support-bot", action="chat.completions", properties=None, svid=bot, device=None, ask=everything,
                source_ip="10.4.7.1", usage=True, **context):
        person = isinstance(subject, dict)
        evidence = [{"input": "front_end" if person else "peer", "kind": "x509-svid", "value": svid}]
        if device:
            evidence.append({"input": "device", "kind": "nvidia-token", "value": device})
        context = {"source_ip": source_ip, "prompt": prompt() if ask is everything else ask, **context}
        if usage:
            context["usage"] = {"tokens_this_minute": 20000}
        return {"subject": subject if person else {"type": "App", "id": subject},
                "action": {"name": action, "properties": properties or {"max_tokens": 1024, "user": "u-17"}},
                "resource": {"type": "Deployment", "id": "gpt-eu"}, "context": context, "evidence": evidence}

    def person(name, age):
        return {"type": "Person", "id": name, "properties": {
            "tenant": {"type": "Tenant", "id": "globex"}, "age": age, "roles": ["member"]}}

    write_lines(HERE / "requests.jsonl", [
        request(),                                                   # allowed
        request(svid=chat),                                          # the front end's certificate, not the application's
        request(svid=stranger),                                      # by another authority of the same name
        request(ask=confidential, device=good),                      # allowed: personal data, and an attested GPU
        request(ask=confidential),                                   # the same without a word about the GPU
        request(ask=confidential, device=good),                      # the same word once more
        request(ask=confidential, device=other),                     # a good GPU, and not the deployment's
        request(ask=confidential, device=debugged),                  # the deployment's GPU, open to debugging
        request(ask=prompt("public", regions=["eu"], tokens=10, score="0.93")),  # an injection
        request(ask=prompt("public", regions=["us"], tokens=10)),    # may not be processed here
        request(source_ip="203.0.113.9"),                            # from outside
        request(person("ann", 34), properties={"max_tokens": 500, "user": "ann"}, svid=chat),  # allowed
        request(person("kid", 12), properties={"max_tokens": 500, "user": "kid"}, svid=chat),
        request(person("ann", 34), properties={"max_tokens": 500, "user": "ann"}, svid=bot),  # speaks for nobody
        request(action="chat.completions.tools", properties={"tools": ["search.web", "calendar.read"]},
                guard_model={"verdict": "affirming", "version": "3.1", "at": "2029-12-31T23:50:00Z"}),  # allowed
        request(usage=False),                                        # how much was used, nobody says
    ])


if __name__ == "__main__":
    main()
