"""The world that tests share: who may read which document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import ztp

POLICY = """ztp 1
package lab
lattice Level { public < internal < secret }

entity Team
entity User in Team { clearance: Level }
entity Doc { level: Level, owner: User, tags: Set<String>, size: Int = 0, open: Bool = true }
entity Model derives Model, Doc { level: Level inherited }
entity Session carried vouched { mfa: Bool }

input device: { driver: Version, price?: Decimal }
input at?: Time
input wait?: Duration

action read on Doc by User with { purpose: String vouched, big?: Int vouched }
action open on Session by User
action load on Model by User
action pay on Doc by User with { amount: Decimal vouched }
action compare on Doc by User with { tags: Set<String> vouched, owner: User vouched }
obligation audit(level: String, after: Duration, by: User, at: Time, price: Decimal)

permit read_cleared {
  principal u: User
  action    read
  resource  d: Doc
  when      d.level flows to u.clearance
  when      action.purpose == "research"
  when      d.size < (action.big ?? 1000)
  because   "cleared for it"
}
forbid closed {
  action    read
  resource  d: Doc
  when      not d.open
  because   "the document is <b>closed</b>"
}
permit open_with_mfa {
  principal User
  action    open
  resource  s: Session
  when      s.mfa
}
permit load_cleared {
  principal u: User
  action    load
  resource  m: Model
  when      m.level flows to u.clearance
}
permit pay_little {
  principal u: User
  action    pay
  resource  Doc
  when      action.amount <= 9.95
  when      device.driver >= "550.90"
  when      if has at then now < at else true
  when      if has wait then wait < 1h else true
  oblige    audit("full", 90s, u, "2030-01-01T00:00:00Z", 1.5)
}
permit compare_own {
  principal u: User
  action    compare
  resource  d: Doc
  when      d.tags.containsAll(action.tags) and action.owner == d.owner
}
"""


def doc(name: str, level: str = "internal", **attrs: Any) -> dict[str, Any]:
    owner = {"type": "User", "id": "ann"}
    return {
        "uid": {"type": "Doc", "id": name},
        "attrs": {"level": level, "owner": owner, "tags": ["a", "b"], **attrs},
    }


FACTS: list[dict[str, Any]] = [
    {"uid": {"type": "Team", "id": "lab"}},
    {"uid": {"type": "User", "id": "ann"}, "attrs": {"clearance": "secret"}, "parents": [{"type": "Team", "id": "lab"}]},
    {"uid": {"type": "User", "id": "bob"}, "attrs": {"clearance": "public"}},
    doc("plan"),
    doc("news", "public", size=2000),
    doc("diary", "secret", open=False),
    {"uid": {"type": "Model", "id": "m"}, "attrs": {}, "derives": [{"type": "Doc", "id": "plan"}]},
]

ANN = ztp.Entity("User", "ann")
BOB = ztp.Entity("User", "bob")
PLAN = ztp.Entity("Doc", "plan")
NEWS = ztp.Entity("Doc", "news")
DIARY = ztp.Entity("Doc", "diary")


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the policy as source and as bundle, and the facts."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "source").mkdir()
    (folder / "source" / "lab.ztp").write_text(POLICY)
    (folder / "lab.ztpb").write_bytes(ztp.compile_text(POLICY, "lab.ztp"))
    (folder / "facts.json").write_text(json.dumps(FACTS))
    return folder


@pytest.fixture
def engine(files: Path) -> ztp.Engine:
    return ztp.Engine.load(files / "lab.ztpb", files / "facts.json")
