"""Makes this example's artefacts and their evidence anew, with keys that are thrown away.

Usage: make_evidence.py    (writes incoming/ and the public keys that trust.json names beside itself)

Everything is valid around 2030-01-01T00:00:00Z, the time at which README.md decides. Needs the openssl command.
"""
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from evidence_kit import TIME, Key, compact, model_digest, model_statement, provenance, sha256  # noqa: E402

HOSTED = "https://github.com/actions/runner/github-hosted"
LAPTOP = "https://ci.acme.example/laptop"
VISION = ("git+https://github.com/acme/vision@refs/heads/main", "1b27a02c0de0f0e1d2c3b4a5968778695a4b3c2d")


def summary(name, digest):
    """What the stage before says of an artefact: a SLSA verification summary, as `ztp ci --sign` writes it."""
    return {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": name, "digest": {"sha256": digest}}],
            "predicateType": "https://slsa.dev/verification_summary/v1",
            "predicate": {"verifier": {"id": "https://acme.example/gate"}, "timeVerified": TIME,
                          "resourceUri": f"https://registry.acme.example/{name}",
                          "policy": {"uri": "urn:ztp:policy:acme.gate", "digest": {"sha256": sha256(b"the policy of then")}},
                          "verificationResult": "PASSED", "verifiedLevels": ["SLSA_BUILD_LEVEL_3"]}}


def bom(name, digest):
    """A bill of materials of a model: what it was trained on."""
    return {"bomFormat": "CycloneDX", "specVersion": "1.6",
            "components": [{"type": "machine-learning-model", "name": name, "hashes": [{"alg": "SHA-256", "content": digest}],
                            "modelCard": {"modelParameters": {"datasets": [{"type": "dataset", "name": "street-scenes"}]}}}]}


def main():
    incoming = HERE / "incoming"
    shutil.rmtree(incoming, ignore_errors=True)
    for folder in ("models", "packages", "data"):
        (incoming / folder).mkdir(parents=True)

    def model(name, files, signer, changed=()):
        """A model's folder with its signature in it, provenance and bill of materials beside it."""
        path = incoming / "models" / name
        for file, content in {**files, **dict(changed)}.items():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_bytes(content)
        (path / "model.sig").write_text(compact(signer.bundle(model_statement(name, files))) + "\n")
        digest = model_digest(files)
        beside(f"models/{name}", builders.envelope(provenance(name, digest, HOSTED, *VISION)), "intoto.jsonl")
        beside(f"models/{name}", bom(name, digest), "cdx.json")

    def package(name, content, *documents):
        (incoming / "packages" / name).write_bytes(content)
        for document, suffix in documents:
            beside(f"packages/{name}", document, suffix)

    def beside(path, document, suffix):
        (incoming / f"{path}.{suffix}").write_text(compact(document) + "\n")

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        makers, builders, gate, stranger = (Key(folder, n) for n in ("makers", "builders", "gate", "stranger"))
        for key, file in ((makers, "makers.pub"), (builders, "builders.pub"), (gate, "gate.pub")):
            (HERE / file).write_text(key.pem)

        weights = {"config.json": b'{"layers": 32}\n', "weights.safetensors": b"weights of vision 7b\n"}
        model("vision-7b", weights, makers)                                           # allowed
        model("changed", weights, makers, {"weights.safetensors": b"other weights\n"}.items())  # after it was signed
        model("forged", {**weights, "config.json": b'{"layers": 33}\n'}, stranger)    # by somebody else
        model("pickled", {**weights, "old/weights.pt": b"cos\nsystem\n"}, makers)     # signed, and not safe to load

        def built(name, content, builder):
            return builders.envelope(provenance(name, sha256(content), builder, *VISION)), "intoto.jsonl"

        tools, lapped, early, bare = (f"wheel {n}\n".encode() for n in range(4))
        package("tools-1.0.whl", tools, built("tools-1.0.whl", tools, HOSTED))        # allowed
        package("tools-0.9.whl", lapped, built("tools-0.9.whl", lapped, LAPTOP))      # built on somebody's own machine
        package("plugin-2.1.whl", early,
                (gate.envelope(summary("plugin-2.1.whl", sha256(early))), "vsa.intoto.json"))  # allowed: the stage before did
        package("bare-1.0.whl", bare)                                                 # nobody says anything of it
    (incoming / "data/labels.csv").write_text("image,label\n1.png,car\n")             # not by this pipeline
    (incoming / "build.log").write_text("built\n")                                    # no artefact
    (incoming / "notes.txt").write_text("what is this?\n")                            # nor planned


if __name__ == "__main__":
    main()
