"""The policy, facts and data that the tests of guards share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import ztp

POLICY = """ztp 1
package lab
lattice Sensitivity { public < internal < confidential < restricted }
lattice Tags of { pii, phi }
lattice Label { level: Sensitivity, tags: Tags }

entity Team
entity User { clearance: Label }
entity Dataset { label: Label, open: Bool = true, since?: Time, until?: Time, hold: Bool = false }
entity Archive { open: Bool = true }
entity Model derives Model, Dataset { digest: Digest, label: Label inherited, hold: Bool = false }
entity Shard carried vouched { open: Bool }

action read on Dataset, Archive by User with { purpose?: String vouched }
action open on Shard by User
action train on Team by User with { until?: Time vouched, well: Bool vouched }
action save on Model by User
action load on Model by User with { sha256: Digest vouched }
action deploy on Model by User
action audited on Team by User
obligation audit(level: String)

permit read_open {
  principal u: User
  action    read
  resource  d: Dataset
  when      d.open and d.label flows to u.clearance
  when      if d has since then now >= d.since else true
  when      if d has until then now < d.until else true
  when      (action.purpose ?? "research") == "research"
}
permit read_archives {
  principal User
  action    read
  resource  a: Archive
  when      a.open
}
permit open_shards {
  principal User
  action    open
  resource  s: Shard
  when      s.open
}
permit train_well {
  principal User
  action    train
  resource  Team
  when      action.well
  when      if action has until then now < action.until else true
}
permit keep {
  principal u: User
  action    save
  resource  m: Model
  when      m.label flows to u.clearance
}
permit load {
  principal u: User
  action    load
  resource  m: Model
  when      m.label flows to u.clearance and m.digest == action.sha256
}
permit deploy {
  principal User
  action    deploy
  resource  m: Model
  when      m.label.level <= Sensitivity.internal
}
permit audited {
  principal User
  action    audited
  resource  Team
  oblige    audit("full")
}
forbid held {
  action    save, load, deploy
  resource  m: Model
  when      m.hold or any(a in m.ancestors(Dataset): a.hold)
  because   "under legal hold"
}
"""

ME = ztp.Entity("User", "me")
TEAM = ztp.Entity("Team", "vision")
MODEL = ztp.Entity("Model", "net")


def dataset(
    name: str,
    *,
    level: str = "internal",
    open: bool = True,
    since: datetime | None = None,
    until: datetime | None = None,
    **more: Any,
) -> dict[str, Any]:
    attrs: dict[str, Any] = {"label": {"level": level, "tags": []}, "open": open, **more}
    for name_, time in (("since", since), ("until", until)):
        if time is not None:
            attrs[name_] = time.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    return {"uid": {"type": "Dataset", "id": name}, "attrs": attrs}


def soon(seconds: float) -> datetime:
    return datetime.now(timezone.utc) + timedelta(seconds=seconds)


FACTS: list[dict[str, Any]] = [
    {"uid": {"type": "User", "id": "me"}, "attrs": {"clearance": {"level": "confidential", "tags": ["pii"]}}},
    dataset("a"),
    dataset("b"),
    dataset("secret", level="restricted"),
    dataset("closed", open=False),
    {"uid": {"type": "Archive", "id": "old"}, "attrs": {}},
    {"uid": {"type": "Archive", "id": "sealed"}, "attrs": {"open": False}},
]


def files(folder: Path) -> tuple[Path, Path]:
    """The policy's bundle and the facts, as files: what an engine that is sent to another process is loaded from."""
    import json

    bundle, facts = folder / "lab.ztpb", folder / "facts.json"
    if not bundle.exists():  # a bundle is mapped: one that is in use is never written to
        bundle.write_bytes(ztp.compile_text(POLICY, name="lab.ztp"))
        facts.write_text(json.dumps(FACTS))
    return bundle, facts


class Recorder:
    """A map-style data set that says what was read of it."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.reads: list[int] = []

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, row: int) -> int:
        self.reads.append(row)
        return row


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ztp.Engine]:
    bundle, facts = files(tmp_path)
    yield ztp.Engine.load(bundle, facts)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[ztp.Epoch]:
    with ztp.Epoch.create(tmp_path / "epoch") as page:
        yield page


@pytest.fixture
def paged(tmp_path: Path, page: ztp.Epoch) -> Iterator[ztp.Engine]:
    """An engine with an epoch page."""
    bundle, facts = files(tmp_path)
    yield ztp.Engine.load(bundle, facts, epoch=page)
