#!/usr/bin/env python3
"""ztp takes the tokens that PyJWT makes, and of those that PyJWT makes wrong none.

Usage: pyjwt_test.py ZTP FOLDER

The environment with PyJWT is made once, below FOLDER. Exits with 77, which ctest reports as skipped, where PyPI is out of
reach and ZTP_REQUIRE_PYPI is not set.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from environment import make_environment, without_pypi  # noqa: E402

NEEDED = "pyjwt==2.10.1\ncryptography==44.0.3\n"
NOW = "2030-01-01T00:00:00Z"
NOW_SECONDS = 1893456000

# Writes keys.json (public keys by algorithm), bundle.json, and TOKEN.txt for each case that cases.json then lists.
MAKE = """
import base64, hashlib, json, sys
import jwt
from jwt import algorithms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

folder, now = sys.argv[1], int(sys.argv[2])
rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS = {
    "ES256": ec.generate_private_key(ec.SECP256R1()), "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()), "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    "RS256": rsa_key, "RS512": rsa_key, "PS256": rsa_key, "PS384": rsa_key,
}
CLAIMS = {"iss": "https://login.acme.org", "sub": "ann", "aud": ["https://tools.acme.org"], "iat": now - 60, "nbf": now - 60,
          "exp": now + 600, "jti": "t-1", "client_id": "helper", "scope": "tickets.read", "auth_time": now - 90, "amr": ["mfa"]}

def public(algorithm, **more):
    kind = {"E": algorithms.ECAlgorithm, "R": algorithms.RSAAlgorithm, "P": algorithms.RSAAlgorithm}[algorithm[0]]
    if algorithm == "EdDSA":
        kind = algorithms.OKPAlgorithm
    return {**json.loads(kind.to_jwk(KEYS[algorithm].public_key())), **more}

def token(algorithm, key=None, header=None, **changes):
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return jwt.encode(claims, KEYS[algorithm] if key is None else key, algorithm, {"typ": "at+jwt", **(header or {})})

def digest(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()

cases = []
def case(name, source, text, check):
    cases.append((name, source, check))
    with open(f"{folder}/{name}.txt", "w") as out:
        out.write(text)

for algorithm in KEYS:
    case(algorithm, algorithm, token(algorithm), "")
    case(f"{algorithm}-by-another-source", "ES384" if algorithm != "ES384" else "ES256", token(algorithm), "algorithm")
    changed = token(algorithm).split(".")
    other = token(algorithm, sub="eve").split(".")
    case(f"{algorithm}-changed", algorithm, ".".join([changed[0], other[1], changed[2]]), "signature")
    if algorithm[0] == "E" and algorithm != "EdDSA":
        stranger = ec.generate_private_key(KEYS[algorithm].curve)
        case(f"{algorithm}-of-a-stranger", algorithm, token(algorithm, key=stranger), "signature")

case("HS256", "ES256", jwt.encode(CLAIMS, "s" * 32, "HS256", {"typ": "at+jwt"}), "algorithm")
case("none", "ES256", jwt.encode(CLAIMS, None, "none", {"typ": "at+jwt"}), "algorithm")
case("no-type", "ES256", jwt.encode(CLAIMS, KEYS["ES256"], "ES256"), "form")
case("for-somebody-else", "EdDSA", token("EdDSA", aud="https://other.acme.org"), "audience")
case("for-nobody", "EdDSA", token("EdDSA", aud=None), "audience")
case("of-another-issuer", "EdDSA", token("EdDSA", iss="https://login.evil.org"), "issuer")
case("expired", "EdDSA", token("EdDSA", exp=now - 1), "expired")
case("of-tomorrow", "EdDSA", token("EdDSA", nbf=now + 86400), "not yet valid")
case("critical", "EdDSA", token("EdDSA", header={"crit": ["x"], "x": 1}), "form")
case("without-a-client", "EdDSA", token("EdDSA", client_id=None), "claim")

# A workload identity token and its proof (WIMSE), as SPIFFE has them.
wit = jwt.encode({"sub": "spiffe://acme.org/helper", "exp": now + 600, "cnf": {"jwk": public("ES384", alg="ES384")}},
                 KEYS["ES256"], "ES256", {"typ": "wit+jwt", "kid": "w"})
def proof(key="ES384", **changes):
    claims = {"aud": "https://tools.acme.org", "exp": now + 60, "jti": "p-1", "wth": digest(wit), **changes}
    return json.dumps({"wit": wit, "wpt": jwt.encode(claims, KEYS[key], key, {"typ": "wpt+jwt"})})
case("wit", "workloads", proof(), "")
case("wit-alone", "workloads", wit, "binding")
case("wit-of-another", "workloads", proof(wth=digest("another")), "binding")
case("wit-proof-by-another-key", "workloads", proof(key="ES256"), "algorithm")

def trust(algorithm):
    return {"kind": "access-token", "issuers": "https://login.acme.org", "audiences": "https://tools.acme.org", "proves": "x",
            "algorithms": [algorithm], "keys": {"keys": [public(algorithm)]}}
sources = {algorithm: trust(algorithm) for algorithm in KEYS}
sources["workloads"] = {"kind": "wit-svid", "trust_domain": "acme.org", "audiences": "https://tools.acme.org", "proves": "x",
                        "bundle": {"keys": [public("ES256", use="wit-svid", kid="w")]}}
with open(f"{folder}/trust.json", "w") as out:
    json.dump({"ztp_trust": 1, "sources": sources}, out)
with open(f"{folder}/cases.json", "w") as out:
    json.dump(cases, out)
"""


def main():
    ztp = str(Path(sys.argv[1]).resolve())
    python = make_environment(Path(sys.argv[2]).resolve(), NEEDED)
    if python is None:
        without_pypi("PyJWT")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        subprocess.run([python, "-c", MAKE, folder, str(NOW_SECONDS)], check=True)
        cases = json.loads((folder / "cases.json").read_text())
        for name, source, check in cases:
            command = [ztp, "verify", "--trust", folder / "trust.json", "--source", source, "--now", NOW, "--format", "json",
                       folder / f"{name}.txt"]
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)
            says = json.loads(done.stdout) if done.stdout else done.stderr
            assert done.returncode in (0, 2), (name, done.returncode, says)
            assert says.get("check", "") == check, (name, check, says)
            if name in ("ES256", "EdDSA", "RS256", "PS256"):
                fact = says["fact"]
                assert (fact["subject"], fact["client"], fact["scopes"], fact["mfa"]) == ("ann", "helper", ["tickets.read"], True), fact
                assert says["expires_at"] == "2030-01-01T00:10:00Z", says
            if name == "wit":
                assert says["fact"] == {"id": "spiffe://acme.org/helper", "kind": "wit"}, says
                assert says["expires_at"] == "2030-01-01T00:01:00Z", says
    print(f"{len(cases)} tokens of PyJWT were taken or refused as they should be")


if __name__ == "__main__":
    main()
