"""Makes the evidence of this example anew: an X.509-SVID, access tokens and sign-ins, with keys that are thrown away.

Usage: make_evidence.py    (writes acme.org.bundle.pem, login.jwks.json, evidence/ and requests.jsonl beside itself)

Everything is valid around 2030-01-01T00:00:00Z, the time at which README.md decides. Needs the openssl command.
"""
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from evidence_kit import NOW, Domain, Key, write_lines  # noqa: E402

KID = "login-1"
NONCE = "bm9uY2Utb2YtdGhlLWV4YW1wbGU"  # what the server gave out before it asked Ann


def access_token(signer, **changes):
    claims = {"iss": "https://login.acme.org", "sub": "u-ann", "aud": "https://tools.acme.org", "client_id": "helper",
              "scope": "tickets.read tickets.purge", "iat": NOW - 60, "exp": NOW + 540, "jti": "t-1", **changes}
    return signer.token(claims, kid=KID, typ="at+jwt")


def sign_in(signer, **changes):
    claims = {"iss": "https://login.acme.org", "sub": "u-ann", "aud": "tool-server", "amr": ["hwk", "mfa"],
              "auth_time": NOW - 30, "iat": NOW - 30, "exp": NOW + 600, "nonce": NONCE, **changes}
    return signer.token(claims, kid=KID)


def signed_out(signer):
    """A security event (RFC 8417, OpenID CAEP): Ann's sessions are over."""
    return signer.token({
        "iss": "https://login.acme.org", "aud": "https://tools.acme.org", "jti": "e-1", "iat": NOW + 60,
        "sub_id": {"format": "iss_sub", "iss": "https://login.acme.org", "sub": "u-ann"},
        "events": {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {"event_timestamp": NOW + 60}}},
        kid=KID, typ="secevent+jwt")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        login, stranger = Key(folder, "login"), Key(folder, "stranger")
        domain = Domain(folder, "acme.org")
        root, svid = domain.root, domain.svid("/agents/helper")
        token = access_token(login)
        elsewhere = access_token(login, aud="https://files.acme.org")
        forged = access_token(stranger)
        approval = sign_in(login)
        other = sign_in(login, nonce="guessed")
        event = signed_out(login)
        keys = {"keys": [{**login.jwk(), "kid": KID}]}
    (HERE / "acme.org.bundle.pem").write_text(root)
    (HERE / "login.jwks.json").write_text(json.dumps(keys, indent=2) + "\n")
    (HERE / "evidence").mkdir(exist_ok=True)
    (HERE / "evidence/helper.svid.pem").write_text(svid)
    (HERE / "evidence/ann.access-token.jwt").write_text(token + "\n")
    (HERE / "evidence/ann.elsewhere.jwt").write_text(elsewhere + "\n")
    (HERE / "evidence/ann.approval.jwt").write_text(approval + "\n")
    (HERE / "evidence/ann.signed-out.jwt").write_text(event + "\n")

    def request(agent, tool, jwt, word=None):
        evidence = [{"input": "peer", "kind": "x509-svid", "value": svid},
                    {"input": "token", "kind": "access-token", "value": jwt}]
        if word:
            evidence.append({"input": "approval", "kind": "sign-in", "value": word})
        return {"subject": {"type": "Agent", "id": agent}, "action": {"name": "call"},
                "resource": {"type": "Tool", "id": tool}, "evidence": evidence}

    requests = [
        request("helper", "search", token),                # allowed
        request("crawler", "search", token),               # another agent's certificate
        request("helper", "search", elsewhere),            # a token for another server
        request("helper", "search", forged),               # signed by a stranger
        request("helper", "search", token[:-2] + ("Aw" if token[-2:] != "Aw" else "Qw")),  # a bit is another
        request("helper", "purge", token),                 # nobody agreed
        request("helper", "purge", token, approval),       # allowed
        request("helper", "purge", token, approval),       # the same word again
        request("helper", "purge", token, other),          # a word that nobody asked for
    ]
    write_lines(HERE / "requests.jsonl", requests)


if __name__ == "__main__":
    main()
