"""Trains a scikit-learn classifier chunk by chunk under a policy, until its data is put under legal hold.

    python fit_digits.py [FOLDER]

The same policy and data as train_digits.py, without PyTorch: rows are decided before they are read, every chunk is a
step under a lease, and the pickled model is saved and loaded where the policy allows it. In the second epoch one of
the data sets is put under legal hold, as an administrator would: the next chunk that has a row of it is not read,
training stops, and the model, which has seen it, can be neither loaded nor deployed from then on.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sklearn.datasets import load_digits  # type: ignore[import-untyped,import-not-found,unused-ignore]
from sklearn.linear_model import SGDClassifier  # type: ignore[import-untyped,import-not-found,unused-ignore]

import ztp
import ztp.guard
import ztp.sklearn

POLICY = Path(__file__).resolve().parents[3] / "policies" / "examples" / "training-loop"
TRAINER = ztp.Entity("Trainer", "trainer-7")
MODEL = ztp.Entity("Model", "digits-v2")
TEAM = {"type": "Team", "id": "imaging"}
NORTH_HELD = {
    "uid": {"type": "Dataset", "id": "north"},
    "attrs": {
        "owner": TEAM,
        "label": {"level": "internal", "tags": [], "regions": ["eu", "us"]},
        "consent": {"purposes": ["research"], "granted_at": "2026-01-01T00:00:00Z"},
        "hold": True,
    },
}
SITES = ("north", "south", "east", "west")


def attestation() -> dict[str, Any]:
    """What a verifier says of this machine."""
    now = datetime.now(timezone.utc)
    return {
        "gpu": {
            "model": "GH100", "driver": "550.90.07", "vbios": "96.00.9F.00.01", "confidential": True,
            "secure_boot": True, "debug": False, "measurements": "affirming", "nonce_matched": True,
        },
        "host": {"tee": "sev_snp", "secure_boot": True, "debug": False, "tcb": "up_to_date"},
        "issued_at": now,
        "expires_at": now + timedelta(minutes=5),
    }  # fmt: skip


def train(folder: Path) -> SGDClassifier:
    engine = ztp.Engine.load(POLICY, POLICY / "facts.json", assume_proven=True)
    digits = load_digits()
    sites = [SITES[row % 4] for row in range(len(digits.data))]
    rows = ztp.guard.Rows(
        engine, "read", sites, resource_type="Dataset", principal=TRAINER, values={"purpose": "research"}
    )
    chunks = ztp.sklearn.chunks(rows, digits.data, digits.target, size=64, shuffle=True, seed=0)
    checkpoint = ztp.sklearn.guard_checkpoint(
        folder / "digits.pkl", engine, MODEL, principal=TRAINER, save="save", load="load", load_digest="sha256",
        attributes={"owner": TEAM}, lineage=[chunks],
    )  # fmt: skip
    guard = ztp.guard.Guard(
        engine.bind("train", principal=TRAINER, resource=MODEL, device=attestation()),
        oblige={"audit": lambda level: print(f"audit: {level}")},
    )
    model = SGDClassifier(random_state=0)
    steps = ztp.guard.steps(chunks, guard, checkpoint=lambda: checkpoint.save(model))
    try:
        for epoch in range(1, 9):
            for step, (images, labels) in enumerate(steps):
                model.partial_fit(images, labels, classes=range(10))
                if (epoch, step) == (2, 7):
                    print("north is put under legal hold")
                    engine.facts.upsert(NORTH_HELD)
            checkpoint.save(model)
            print(f"saved after epoch {epoch}")
    except ztp.Denied as denied:
        print("stopped:", denied)
    unread = [row for row, site in enumerate(sites) if site in ("east", "west")]
    print(f"accuracy on rows it may not read: {model.score(digits.data[unread], digits.target[unread]):.0%}")
    try:
        checkpoint.load()
    except ztp.Denied as denied:
        print("not loaded:", denied)
    return model


if __name__ == "__main__":
    if len(sys.argv) > 1:
        train(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            train(Path(temporary))
