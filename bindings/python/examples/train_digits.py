"""Trains a small network on scikit-learn's digits under a policy, while the attestation expires in the middle.

    python train_digits.py [--workers 2] [--keep FOLDER]

The 1,797 images come from four sites. The policy (policies/examples/training-loop) lets this trainer read two of them:
one subject's consent is withdrawn, one site is above the clearance. The GPU's attestation is good for a second. It is
renewed once; the second renewal finds the host being debugged, and the loop stops before its next step. What is left is
a checkpoint whose lineage names what was really read, and whose label is the join of that.

Needs PyTorch and scikit-learn. The attestation is made up here (`assume_proven`): until the engine verifies evidence
itself, that is for tests and examples only.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import torch
from sklearn.datasets import load_digits  # type: ignore[import-untyped,import-not-found,unused-ignore]

import ztp
import ztp.guard
import ztp.torch

POLICY = Path(__file__).resolve().parents[3] / "policies" / "examples" / "training-loop"
TRAINER = ztp.Entity("Trainer", "trainer-7")
MODEL = ztp.Entity("Model", "digits-v1")
SITES = ("north", "south", "east", "west")


class Digits(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """The images; it counts what is read, to show that nothing else is."""

    def __init__(self) -> None:
        digits = load_digits()
        self.images = torch.tensor(digits.data / 16.0, dtype=torch.float32)
        self.labels = torch.tensor(digits.target)
        self.site = [SITES[row % 4] for row in range(len(self.labels))]
        self.reads = torch.zeros(len(self.labels), dtype=torch.int64).share_memory_()  # by workers too

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, torch.Tensor]:
        self.reads[row] += 1
        return self.images[row], self.labels[row]


def attestations(seconds: float) -> Iterator[dict[str, object]]:
    """What a verifier says of this machine, each good for so long: twice that it is sound, then that it is not."""
    for debug in (False, False, True):
        now = datetime.now(timezone.utc)
        yield {
            "gpu": {
                "model": "GH100", "driver": "550.90.07", "vbios": "96.00.9F.00.01", "confidential": True,
                "secure_boot": True, "debug": False, "measurements": "affirming", "nonce_matched": True,
            },
            "host": {"tee": "sev_snp", "secure_boot": True, "debug": debug, "tcb": "up_to_date"},
            "issued_at": now,
            "expires_at": now + timedelta(seconds=seconds),
        }  # fmt: skip


def train(folder: Path, workers: int = 0, seconds: float = 1.0) -> ztp.Denied | None:
    engine = ztp.Engine.load(POLICY, POLICY / "facts.json", assume_proven=True)
    data = Digits()

    # Which rows may be read: each belongs to its site's data set.
    rows = ztp.guard.Rows(
        engine, "read", data.site, resource_type="Dataset", principal=TRAINER, values={"purpose": "research"}
    )
    loader = ztp.torch.guard_loader(
        ztp.torch.GuardedDataset(data, rows), batch_size=32, shuffle=True, num_workers=workers
    )
    print(f"{len(rows)} of {rows.count} rows may be read")

    # May it train, and until when: asked again with new evidence whenever the lease has ended.
    evidence = attestations(seconds)

    def may_train() -> ztp.Decision:
        decision = engine.decide(TRAINER, "train", MODEL, device=next(evidence))
        print("asked:", decision)
        return decision

    # What is kept, and with which lineage.
    net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    checkpoint = ztp.torch.guard_checkpoint(
        folder / "digits.pt", engine, MODEL, principal=TRAINER, save="save", load="load",
        load_digest="sha256", attributes={"owner": ztp.Entity("Team", "imaging")}, lineage=[loader],
    )  # fmt: skip

    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    loss_of = torch.nn.CrossEntropyLoss()
    taken = 0
    guard = ztp.guard.Guard(may_train, oblige={"audit": lambda level: print(f"audit: {level}")})
    stopped: ztp.Denied | None = None
    epoch = 0
    while stopped is None:
        epoch += 1
        steps = ztp.guard.steps(loader, guard, on_stop="end", checkpoint=lambda: checkpoint.save(net.state_dict()))
        for images, labels in steps:
            optimizer.zero_grad()
            loss = loss_of(net(images), labels)
            loss.backward()
            optimizer.step()
            taken += 1
        stopped = steps.stopped
    print(f"stopped in epoch {epoch}, after {taken} steps, loss {loss.item():.2f}: {stopped}")

    # What is left is whole: it loads, and says what it was made from.
    record = json.loads((folder / "digits.pt.facts.json").read_text())
    print("trained on", [origin["id"] for origin in record[0]["derives"]])
    net.load_state_dict(checkpoint.load())
    with torch.no_grad():
        right = (net(data.images).argmax(1) == data.labels).float()
    print(f"accuracy on the rows it never saw: {right[data.reads == 0].mean():.0%}")
    forbidden = [row for row, site in enumerate(data.site) if site in ("east", "west")]
    print("reads of denied rows:", int(data.reads[forbidden].sum()))
    print("may it be deployed?", engine.decide(TRAINER, "deploy", MODEL))
    return stopped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workers", type=int, default=0, help="of the data loader")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long an attestation is good for")
    parser.add_argument("--keep", type=Path, help="where the checkpoint stays")
    options = parser.parse_args()
    began = time.monotonic()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        train(options.keep, options.workers, options.seconds)
    else:
        with tempfile.TemporaryDirectory() as folder:
            train(Path(folder), options.workers, options.seconds)
    print(f"{time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
