"""What the make_evidence.py of examples share: keys that are thrown away, certificates, tokens, signed statements.

Everything is made by the openssl command, and none of it by ztp: what these examples show is taken from others.
Dates are around NOW, 2030-01-01T00:00:00Z, the time at which the READMEs decide.
"""
import base64
import hashlib
import json
import re
import subprocess

NOW = 1893456000
TIME = "2030-01-01T00:00:00Z"


def openssl(*args, stdin=None):
    return subprocess.run(["openssl", *map(str, args)], input=stdin, check=True, capture_output=True).stdout


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Key:
    """A key on P-256."""

    def __init__(self, folder, name):
        self.path = folder / f"{name}.key"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.path)
        self.public = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        self.pem = openssl("pkey", "-in", self.path, "-pubout").decode()

    def jwk(self):
        return {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
                "x": base64url(self.public[-64:-32]), "y": base64url(self.public[-32:])}

    def sign(self, data):
        """ECDSA with SHA-256, in DER."""
        return openssl("dgst", "-sha256", "-sign", self.path, stdin=data)

    def token(self, claims, **header):
        """A compact JWS."""
        text = ".".join(base64url(compact(part).encode()) for part in ({"alg": "ES256", "typ": "JWT", **header}, claims))
        listing = openssl("asn1parse", "-inform", "DER", stdin=self.sign(text.encode())).decode()
        r, s = (bytes.fromhex(n.zfill(64)) for n in re.findall(r"INTEGER\s+:([0-9A-F]+)", listing))
        return f"{text}.{base64url(r + s)}"

    def envelope(self, statement):
        """A DSSE envelope around an in-toto statement."""
        kind, payload = "application/vnd.in-toto+json", compact(statement).encode()
        encoding = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
        return {"payload": base64.b64encode(payload).decode(), "payloadType": kind,
                "signatures": [{"sig": base64.b64encode(self.sign(encoding)).decode()}]}

    def bundle(self, statement):
        """The same as a Sigstore bundle."""
        return {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial": {"publicKey": {"hint": ""}, "tlogEntries": []},
                "dsseEnvelope": self.envelope(statement)}


class Domain:
    """A SPIFFE trust domain: a root certificate, and SVIDs by it."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.root = self._certificate(name, f"spiffe://{name}", [
            "basicConstraints = critical,CA:TRUE", "keyUsage = critical,keyCertSign,cRLSign",
            "subjectKeyIdentifier = hash"])

    def svid(self, path):
        return self._certificate(f"{self.name}{path}".replace("/", "-"), f"spiffe://{self.name}{path}", [
            "basicConstraints = critical,CA:FALSE", "keyUsage = critical,digitalSignature",
            "extendedKeyUsage = serverAuth,clientAuth", "authorityKeyIdentifier = keyid"], issuer=self.name)

    def _certificate(self, file, uri, extensions, issuer=None):
        """A certificate for two days around NOW, signed by `issuer` or by itself; its PEM text."""
        folder = self.folder
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", folder / f"{file}.pem.key")
        openssl("req", "-new", "-key", folder / f"{file}.pem.key", "-subj", f"/O={self.name}", "-out", folder / f"{file}.csr")
        config = folder / f"{file}.cnf"
        config.write_text("[ca]\ndefault_ca = own\n[own]\n"
                          f"database = {folder}/{file}.db\nnew_certs_dir = {folder}\nserial = {folder}/{file}.serial\n"
                          "default_md = sha256\npolicy = any\ncopy_extensions = none\nunique_subject = no\n"
                          "[any]\norganizationName = optional\n[extensions]\n"
                          + "\n".join([*extensions, f"subjectAltName = URI:{uri}"]) + "\n")
        (folder / f"{file}.db").write_text("")
        (folder / f"{file}.serial").write_text("1001\n")
        signer = ["-selfsign", "-keyfile", folder / f"{file}.pem.key"] if issuer is None else [
            "-cert", folder / f"{issuer}.pem", "-keyfile", folder / f"{issuer}.pem.key"]
        openssl("ca", "-batch", "-notext", "-config", config, "-extensions", "extensions", "-in", folder / f"{file}.csr",
                "-out", folder / f"{file}.pem", "-startdate", "20291231000000Z", "-enddate", "20300102000000Z", *signer)
        return (folder / f"{file}.pem").read_text()


def write_lines(path, values):
    path.write_text("".join(compact(value) + "\n" for value in values))


def write_array(path, values):
    path.write_text("[\n" + ",\n".join("  " + json.dumps(value) for value in values) + "\n]\n")


def model_digest(files):
    """The digest of a model's files, {path: bytes}, as OpenSSF Model Signing has it."""
    names = sorted(files, key=lambda name: name.split("/"))
    return sha256(b"".join(hashlib.sha256(files[name]).digest() for name in names))


def model_statement(name, files):
    """OpenSSF Model Signing 1.0: which files a model has."""
    names = sorted(files, key=lambda path: path.split("/"))
    return {"_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": name, "digest": {"sha256": model_digest(files)}}],
            "predicateType": "https://model_signing/signature/v1.0",
            "predicate": {
                "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": []},
                "resources": [{"name": n, "algorithm": "sha256", "digest": sha256(files[n])} for n in names]}}


def provenance(name, digest, builder, source, commit):
    """SLSA provenance v1: where and from what an artefact was built."""
    return {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": name, "digest": {"sha256": digest}}],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {"buildType": "https://actions.github.io/buildtypes/workflow/v1", "externalParameters": {},
                                    "resolvedDependencies": [{"uri": source, "digest": {"gitCommit": commit}}]},
                "runDetails": {"builder": {"id": builder}, "metadata": {"finishedOn": "2029-12-31T23:00:00Z"}}}}
