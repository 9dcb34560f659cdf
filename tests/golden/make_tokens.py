"""Puts the tokens into the golden files that show evidence: the same ones each time, so that anybody can make them anew.

Usage: make_tokens.py [--check]     (--check: writes nothing, and says whether a file would be another)

What is signed with are test keys: each is made of its name, so that everybody has it. Believe none of them anywhere else.
A file's keys are found by their `kid`, the tokens of HTTP requests by the requests' titles, those of other requests by
their order. `ztp test --update` writes what they come to. Needs the openssl command.
"""
import hashlib
import hmac
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "policies/examples"))

from evidence_kit import NOW, base64url, compact, openssl  # noqa: E402


class TestKey:
    """A key on Ed25519, whose signatures are the same each time."""

    def __init__(self, name):
        seed = hashlib.sha256(f"ztp test key: {name}".encode()).digest()
        self.private = bytes.fromhex("302e020100300506032b657004220420") + seed  # RFC 8410, 7
        self.public = openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER", stdin=self.private)[-32:]

    def sign(self, data):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "key").write_bytes(self.private)
            (folder / "data").write_bytes(data)
            return openssl("pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", folder / "key", "-in", folder / "data")

    def token(self, claims, **header):
        text = signed_text(claims, alg="EdDSA", **header)
        return f"{text}.{base64url(self.sign(text.encode()))}"


def signed_text(claims, **header):
    return ".".join(base64url(compact(part).encode()) for part in (header, claims))


LOGIN, STRANGER = TestKey("login"), TestKey("stranger")
KIDS = {"test-login": LOGIN}


def sign_in_claims(audience, **changes):
    return {"iss": "https://login.acme.org", "sub": "u-ann", "aud": audience, "auth_time": NOW - 60, "iat": NOW - 60,
            "exp": NOW + 540, **changes}


def sign_in(audience, key=LOGIN, kid="test-login", typ="JWT", **changes):
    return key.token(sign_in_claims(audience, **changes), kid=kid, typ=typ)


def spoilt(audience):
    """What clients, and attackers, send instead of a good token, by what it shows."""
    header, claims, signature = sign_in(audience).split(".")
    others_claims = sign_in(audience, sub="u-bob").split(".")[1]
    unsigned = signed_text(sign_in_claims(audience), alg="none", typ="JWT")
    with_mac = signed_text(sign_in_claims(audience), alg="HS256", kid="test-login", typ="JWT")
    mac = hmac.new(LOGIN.public, with_mac.encode(), hashlib.sha256).digest()
    return {
        "a token that a stranger signed": sign_in(audience, key=STRANGER),
        "a token by a key that nobody knows": sign_in(audience, key=STRANGER, kid="stranger"),
        "a token for another audience": sign_in("https://files.acme.org"),
        "a token of another issuer": sign_in(audience, iss="https://login.evil.org"),
        "a token that is past its end": sign_in(audience, auth_time=NOW - 3600, iat=NOW - 3600, exp=NOW),
        "a token before its time": sign_in(audience, nbf=NOW + 60),
        "a token of the algorithm none": f"{unsigned}.",
        "a token with the public key as a password": f"{with_mac}.{base64url(mac)}",
        "a token with another's claims below the signature": f"{header}.{others_claims}.{signature}",
        "a token without its signature": f"{header}.{claims}.",
        "an access token": sign_in(audience, typ="at+jwt"),
    }


def bearer_tokens():
    good = sign_in("gate")
    word = sign_in("gate-words", nonce="given-out-by-the-gate")
    return {
        "authorization": {
            "a good token": good, "the scheme in small letters": good, "somebody who may not": sign_in("gate", sub="u-bob"),
            **spoilt("gate"), "the header twice": good, "another scheme": good, "what cannot be undone, with a word": good,
            "the same word once more": good, "a word that nobody asked for": good, "no word": good},
        "x-word": {
            "what cannot be undone, with a word": word, "the same word once more": word,
            "a word that nobody asked for": sign_in("gate-words", nonce="guessed")}}


def evidence_of_requests():
    token, word = sign_in("gate"), sign_in("gate-words", nonce="given-out-by-the-gate")
    return [token, token, sign_in("gate", key=STRANGER), token, word, token, word]


def named_once():
    word, another = (sign_in("gate-words", nonce=nonce) for nonce in ("given-out-by-the-gate", "another"))
    return {"x-word": {
        "a word that names who gives it": word, "the same word once more": word,
        "a word for what no rule asks a word for": another, "and once more": another,
        "a word that nobody asked for": sign_in("gate-words", nonce="guessed")}}


def gateway():
    good = sign_in("inference")
    return {"authorization": {
        "a chat of somebody who signed in": good, "more tokens than the model has": good, "a model of another team": good,
        "the models": good, "a workload of another trust domain, with a token": good, "the header twice": good,
        "somebody nobody knows": sign_in("inference", sub="u-eve"),
        "a name that would be a workload's": sign_in("inference", sub="workload:ml/train"),
        **spoilt("inference")}}


FILES = {
    "tests/golden/decisions/bearer-tokens.golden": bearer_tokens,
    "tests/golden/decisions/evidence-of-requests.golden": evidence_of_requests,
    "tests/golden/decisions/named-by-what-counts-once.golden": named_once,
    "policies/examples/gateway-openai/bearer.golden": gateway,
}


def section(text, kind):
    """Where the section's content begins and ends."""
    begin = re.search(rf"^== {kind} ==\n", text, re.MULTILINE).end()
    end = re.compile(r"^== ", re.MULTILINE).search(text, begin)
    return begin, end.start() if end else len(text)


def put_keys(text):
    begin, end = section(text, "trust")
    keys = text[begin:end]
    for kid, key in KIDS.items():
        keys, count = re.subn(rf'("kid": "{kid}", "x": ")[^"]*', rf"\g<1>{base64url(key.public)}", keys)
        assert count > 0, f"no key {kid}"
    return text[:begin] + keys + text[end:]


def put_headers(text, headers):
    begin, end = section(text, "http")
    requests = re.split(r"^(?=### )", text[begin:end], flags=re.MULTILINE)
    for header, tokens in headers.items():
        seen = set()
        for i, request in enumerate(requests):
            title = request[4:request.find("\n")]
            if title in tokens:
                line = re.compile(rf"^({header}: (?:\w+ )?).*", re.MULTILINE)
                requests[i], count = line.subn(rf"\g<1>{tokens[title]}", request)
                assert count > 0, f"{title}: no header {header}"
                seen.add(title)
        assert seen == set(tokens), f"no requests {sorted(set(tokens) - seen)}"
    return text[:begin] + "".join(requests) + text[end:]


def put_evidence(text, tokens):
    begin, end = section(text, "requests")
    left = list(tokens)
    requests = re.sub(r'("value": ")[^"]*', lambda m: m[1] + left.pop(0), text[begin:end])
    assert not left, f"{len(left)} tokens too many"
    return text[:begin] + requests + text[end:]


def main():
    stale = []
    for name, tokens in FILES.items():
        path = ROOT / name
        before = path.read_text()
        made = tokens()
        after = put_keys(before)
        after = put_evidence(after, made) if isinstance(made, list) else put_headers(after, made)
        if after != before:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(after)
    if "--check" in sys.argv and stale:
        sys.exit("other tokens than make_tokens.py makes: " + ", ".join(stale))


if __name__ == "__main__":
    main()
