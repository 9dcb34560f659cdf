"""What a generated workload is made of, before any engine's syntax: rules, entities, requests.

Boundary: plain data. The families (gateway.py, ranges.py, labels.py) make it, evaluate.py says what it decides, and
one write_ENGINE.py an engine turns it into that engine's own files, or raises CannotExpress.
"""

from dataclasses import dataclass, field


class CannotExpress(Exception):
    """An engine's language has no words for what a workload asks; the text says what."""


@dataclass(frozen=True)
class Test:
    """One test of a rule. `path` is where the value stands: "principal.clearance", "context.device.risk".

    kind        value                        holds if
    true false  None                         the flag is so
    ge le lt gt eq ne   an int or a string   the comparison holds
    between     (low, high)                  low <= x < high
    one_of      tuple of strings             x is one of them
    like        a glob (glob.py)             the whole string matches
    flows_to exceeds    Label, or the path of one    the label at `path` is (not) at most that one
    ancestor no_ancestor    Test on an ancestor's path    some (no) dataset that the resource was made from passes
    fresh stale minutes                      evidence at `path` is (not) valid and younger than that

    Evidence that is not valid leaves what reads it unknown, which a permit takes for false and a forbid for true. So a permit
    reads evidence only beside `fresh`, and a forbid only through `stale`.
    """
    kind: str
    path: str
    value: object = None


# What a test costs an engine that takes them in order, roughly.
COSTS = {"like": 1, "flows_to": 2, "exceeds": 2, "ancestor": 3, "no_ancestor": 3}


def cheap_first(tests):
    """As a careful author writes them for an engine that takes them in order. ztp's policy keeps the drawn order: its
    compiler has to find a good one by itself."""
    return sorted(tests, key=lambda test: COSTS.get(test.kind, 0))


@dataclass(frozen=True)
class Label:
    """A product label: `level` is a rank, `regions` are those that are still allowed."""
    level: int
    tags: frozenset
    regions: frozenset

    def flows_to(self, other):
        return self.level <= other.level and self.tags <= other.tags and self.regions >= other.regions

    def join(self, other):
        return Label(max(self.level, other.level), self.tags | other.tags, self.regions & other.regions)


@dataclass
class Rule:
    """`principal_in` and `resource_in` are (type, id) of a group, `action` ("eq", action) or ("in", group); None: any."""
    name: str
    effect: str                                   # permit or forbid
    principal_in: tuple | None
    action: tuple | None
    resource_in: tuple | None
    tests: list


@dataclass
class Entity:
    type: str
    id: str
    attrs: dict = field(default_factory=dict)
    parents: list = field(default_factory=list)   # (type, id)
    derives: list = field(default_factory=list)   # (type, id)

    @property
    def uid(self):
        return (self.type, self.id)


@dataclass
class Request:
    principal: tuple
    action: str
    resource: tuple
    context: dict
    now: int | None = None                        # microseconds since 1970; None: nothing depends on it


@dataclass
class Workload:
    name: str
    package: str                                  # of the ztp policy, and of the Rego module
    declarations: str                             # the ztp policy's declarations
    principal_type: str
    resource_type: str
    action_groups: dict                           # group -> actions; every action is in one
    rules: list
    entities: list
    requests: list

    def __post_init__(self):
        self.by_uid = {entity.uid: entity for entity in self.entities}

    @property
    def actions(self):
        return [action for group in self.action_groups.values() for action in group]
