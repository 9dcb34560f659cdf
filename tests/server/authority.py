"""Certificates of a test's own, made by openssl."""

import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key, self.root = folder / f"{name}.key", folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out",
                self.root, "-subj", f"/CN={name}", "-days", "30")

    def issue(self, name, names="DNS:localhost"):
        """(certificate, key)"""
        key, request, made = (self.folder / f"{self.name}-{name}.{end}" for end in ("key", "csr", "pem"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request, "-subj",
                f"/CN={name}", "-addext", f"subjectAltName={names}")
        openssl("x509", "-req", "-in", request, "-CA", self.root, "-CAkey", self.key, "-out", made, "-days", "30", "-copy_extensions",
                "copy")
        return made, key
