"""Makes the evidence of this example anew: an X.509-SVID, access tokens and sign-ins, with keys that are thrown away.

Usage: make_evidence.py    (writes acme.org.bundle.pem, login.jwks.json, evidence/ and requests.jsonl beside itself)

Everything is valid around 2030-01-01T00:00:00Z, the time at which README.md decides. Needs the openssl command.
"""
import base64
import json
import pathlib
import re
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NOW = 1893456000  # 2030-01-01T00:00:00Z
NONCE = "bm9uY2Utb2YtdGhlLWV4YW1wbGU"  # what the server gave out before it asked Ann


def openssl(*args, stdin=None):
    return subprocess.run(["openssl", *args], input=stdin, check=True, capture_output=True).stdout


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    """A P-256 key that signs tokens."""

    def __init__(self, folder, name):
        self.path = folder / name
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(self.path))

    def jwk(self, kid):
        der = openssl("pkey", "-in", str(self.path), "-pubout", "-outform", "DER")
        return {"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256",
                "x": base64url(der[-64:-32]), "y": base64url(der[-32:])}

    def token(self, header, claims):
        text = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode())
                        for part in ({"alg": "ES256", "kid": "login-1", **header}, claims))
        der = openssl("dgst", "-sha256", "-sign", str(self.path), stdin=text.encode())
        listing = openssl("asn1parse", "-inform", "DER", stdin=der).decode()
        r, s = (bytes.fromhex(n.zfill(64)) for n in re.findall(r"INTEGER\s+:([0-9A-F]+)", listing))
        return f"{text}.{base64url(r + s)}"


def certificate(folder, name, subject, extensions, issuer=None):
    """A certificate for two days around NOW, signed by `issuer` or by itself; its PEM text."""
    key, request, pem = folder / f"{name}.key", folder / f"{name}.csr", folder / f"{name}.pem"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(key))
    openssl("req", "-new", "-key", str(key), "-subj", subject, "-out", str(request))
    config = folder / f"{name}.cnf"
    config.write_text("[ca]\ndefault_ca = own\n[own]\n"
                      f"database = {folder}/{name}.db\nnew_certs_dir = {folder}\nserial = {folder}/{name}.serial\n"
                      "default_md = sha256\npolicy = any\ncopy_extensions = none\nunique_subject = no\n"
                      "[any]\ncommonName = optional\norganizationName = optional\n"
                      "[extensions]\n" + "\n".join(extensions) + "\n")
    (folder / f"{name}.db").write_text("")
    (folder / f"{name}.serial").write_text("1001\n")
    signer = ["-selfsign", "-keyfile", str(key)] if issuer is None else [
        "-cert", str(folder / f"{issuer}.pem"), "-keyfile", str(folder / f"{issuer}.key")]
    openssl("ca", "-batch", "-notext", "-config", str(config), "-extensions", "extensions", "-in", str(request),
            "-out", str(pem), "-startdate", "20291231000000Z", "-enddate", "20300102000000Z", *signer)
    return pem.read_text()


def access_token(signer, **changes):
    claims = {"iss": "https://login.acme.org", "sub": "u-ann", "aud": "https://tools.acme.org", "client_id": "helper",
              "scope": "tickets.read tickets.purge", "iat": NOW - 60, "exp": NOW + 540, "jti": "t-1", **changes}
    return signer.token({"typ": "at+jwt"}, claims)


def sign_in(signer, **changes):
    claims = {"iss": "https://login.acme.org", "sub": "u-ann", "aud": "tool-server", "amr": ["hwk", "mfa"],
              "auth_time": NOW - 30, "iat": NOW - 30, "exp": NOW + 600, "nonce": NONCE, **changes}
    return signer.token({"typ": "JWT"}, claims)


def signed_out(signer):
    """A security event (RFC 8417, OpenID CAEP): Ann's sessions are over."""
    return signer.token({"typ": "secevent+jwt"}, {
        "iss": "https://login.acme.org", "aud": "https://tools.acme.org", "jti": "e-1", "iat": NOW + 60,
        "sub_id": {"format": "iss_sub", "iss": "https://login.acme.org", "sub": "u-ann"},
        "events": {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {"event_timestamp": NOW + 60}}})


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        login, stranger = Signer(folder, "login.key"), Signer(folder, "stranger.key")
        root = certificate(folder, "root", "/O=acme", ["basicConstraints = critical,CA:TRUE",
                                                       "keyUsage = critical,keyCertSign,cRLSign",
                                                       "subjectKeyIdentifier = hash",
                                                       "subjectAltName = URI:spiffe://acme.org"])
        svid = certificate(folder, "helper", "/O=acme", ["basicConstraints = critical,CA:FALSE",
                                                         "keyUsage = critical,digitalSignature",
                                                         "extendedKeyUsage = serverAuth,clientAuth",
                                                         "authorityKeyIdentifier = keyid",
                                                         "subjectAltName = URI:spiffe://acme.org/agents/helper"],
                           issuer="root")
        token = access_token(login)
        elsewhere = access_token(login, aud="https://files.acme.org")
        forged = access_token(stranger)
        approval = sign_in(login)
        other = sign_in(login, nonce="guessed")
        event = signed_out(login)
        keys = {"keys": [login.jwk("login-1")]}
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
    (HERE / "requests.jsonl").write_text("".join(json.dumps(r, separators=(",", ":")) + "\n" for r in requests))


if __name__ == "__main__":
    main()
