#!/usr/bin/env python3
"""PyPI's model-signing verifies what ztp signs, and ztp what it signs: with keys, and with certificates.

Usage: pypi_test.py ZTP FOLDER

The environment with model-signing is made once, below FOLDER. Exits with 77, which ctest reports as skipped, where PyPI
is out of reach and ZTP_REQUIRE_PYPI is not set.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from command import Ztp, make_model  # noqa: E402
from environment import make_environment, without_pypi  # noqa: E402

# model-signing imports pyOpenSSL and does not say so.
NEEDED = "model-signing==1.1.1\npyopenssl\n"

CERTIFICATES = """
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

folder = sys.argv[1]
pem = serialization.Encoding.PEM

def make(name, issuer, issuer_key, authority):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = dict(digital_signature=not authority, content_commitment=False, key_encipherment=False,
                 data_encipherment=False, key_agreement=False, key_cert_sign=authority, crl_sign=authority,
                 encipher_only=False, decipher_only=False)
    signer = issuer_key or key
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(minutes=5)).not_valid_after(now + datetime.timedelta(hours=1))
               .add_extension(x509.BasicConstraints(authority, None), True)
               .add_extension(x509.KeyUsage(**usage), True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False))
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CODE_SIGNING]), False)
    certificate = builder.sign(signer, hashes.SHA256())
    with open(f"{folder}/{name}.crt", "wb") as out:
        out.write(certificate.public_bytes(pem))
    with open(f"{folder}/{name}.key", "wb") as out:
        out.write(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return subject, key

root, root_key = make("root", None, None, True)
inter, inter_key = make("inter", root, root_key, True)
make("leaf", inter, inter_key, False)
"""


def main():
    ztp = Ztp(sys.argv[1])
    python = make_environment(Path(sys.argv[2]).resolve(), NEEDED)
    if python is None:
        without_pypi("model-signing")

    def theirs(*arguments):
        done = subprocess.run([python.parent / "model_signing", *map(str, arguments)], capture_output=True, text=True)
        return done.returncode == 0, done.stdout + done.stderr

    def digest_of(out):
        return next(line.split()[1].rstrip(",") for line in out.splitlines() if line.split()[0] in ("signed", "model"))

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model = make_model(folder / "model")
        for kind in "p256", "p384", "p521":
            key = folder / kind
            ztp.ok("keygen", "-o", key, "-t", kind)
            ours, other = folder / f"{kind}.sig", folder / f"{kind}.other.sig"

            signed = ztp.ok("sign", "model", model, "-k", key, "-o", ours)
            ok, out = theirs("verify", "key", model, "--signature", ours, "--public_key", f"{key}.pub")
            assert ok, out

            ok, out = theirs("sign", "key", model, "--signature", other, "--private_key", key)
            assert ok, out
            verified = ztp.ok("signed", "model", model, "-s", other, "--keys", f"{key}.pub")
            # One model has one digest, whoever signs it.
            assert digest_of(signed) == digest_of(verified), (signed, verified)

            # And neither takes a model that was changed.
            (model / "z.bin").write_text("changed")
            ok, out = theirs("verify", "key", model, "--signature", ours, "--public_key", f"{key}.pub")
            assert not ok, out
            ztp.refused("content", "signed", "model", model, "-s", other, "--keys", f"{key}.pub")
            (model / "z.bin").write_text("3")

        subprocess.run([python, "-c", CERTIFICATES, folder], check=True)
        signature = folder / "certificate.sig"
        ok, out = theirs("sign", "certificate", model, "--signature", signature, "--private_key", folder / "leaf.key",
                         "--signing_certificate", folder / "leaf.crt", "--certificate_chain", folder / "inter.crt")
        assert ok, out
        out = ztp.ok("signed", "model", model, "-s", signature, "--roots", folder / "root.crt")
        assert "CN=leaf" in out, out
        ztp.refused("chain", "signed", "model", model, "-s", signature, "--roots", folder / "leaf.crt")
    print("model-signing and ztp take each other's signatures")


if __name__ == "__main__":
    main()
