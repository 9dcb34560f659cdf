"""labels-N: N rules about what data and models may reveal, what they were made from, and how fresh a device's proof is.

Labels are a product of a chain, a power set and a dual one, inherited over lineage; ancestors are asked for what they are
like; the device is proven, and valid for a while only. Two of three rules are for a team, most for an action or a group
of them. A rule is made around a workload and a model that fit it; three of four requests ask about them. Ten guardrails
forbid, for everybody.
"""

import random

import evaluate
from model import Entity, Label, Request, Rule, Test, Workload

ACTION_GROUPS = {"serve": ["infer", "embed", "rank"], "change": ["tune", "merge", "quantise"], "publish": ["deploy", "export"]}
ACTIONS = [action for group in ACTION_GROUPS.values() for action in group]
TAGS = ["biometric", "copyrighted", "export_controlled", "minors", "pci", "phi", "pii", "synthetic"]
REGIONS = ["au", "br", "ca", "ch", "eu", "jp", "kr", "sg", "uk", "us"]
LICENCES = ["Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "ODC-By-1.0", "LicenseRef-vendor",
            "LicenseRef-scraped", "LicenseRef-internal"]
SOURCES = 400
REQUESTS = 1000
MINUTE = 60_000_000
NOON = 1_893_499_200_000_000                      # 2030-01-01T12:00:00Z

DECLARATIONS = f"""\
lattice Level {{ public < internal < confidential < restricted }}
lattice Tags of {{ {", ".join(TAGS)} }}
lattice Regions dual of {{ {", ".join(REGIONS)} }}
lattice Label {{ level: Level, tags: Tags, regions: Regions }}

entity Team
entity Workload in Team {{ clearance: Label }}
entity Dataset derives Dataset {{ label: Label inherited, source: String, licence: String, reviewed: Int, hold: Bool }}
entity Model derives Model, Dataset {{ label: Label inherited, score: Int }}

input device: {{ firmware: Int, confidential: Bool }} proven
"""


def own_label(rnd):
    """Of one data set: mostly harmless, so that what is joined from many is not the top at once."""
    return Label(rnd.choice([0, 0, 0, 1, 1, 2]), frozenset(rnd.sample(TAGS, rnd.choice([0, 0, 1, 1, 2]))),
                 frozenset(rnd.sample(REGIONS, rnd.randint(7, 10))))


def above(rnd, label):
    """A label that this one flows to, with room for a little more."""
    more = rnd.sample(TAGS, rnd.randint(0, 2))
    fewer = rnd.sample(sorted(label.regions), min(len(label.regions), rnd.randint(1, 3)))
    return Label(min(3, label.level + rnd.choice([0, 0, 1])), label.tags | frozenset(more), frozenset(fewer))


def beside(rnd, label):
    """A label that this one does not flow to."""
    if label.tags and rnd.random() < 0.7:
        return Label(3, frozenset(TAGS) - {rnd.choice(sorted(label.tags))}, frozenset(rnd.sample(sorted(label.regions), min(
            1, len(label.regions)))))
    missing = [region for region in REGIONS if region not in label.regions]
    region = rnd.choice(missing or REGIONS)
    return Label(3 if missing else max(0, label.level - 1), frozenset(TAGS), frozenset({region}))


def make_datasets(rnd, count):
    """Raw ones, cleaned ones made from those, and mixtures of cleaned ones."""
    datasets = []
    for i in range(count):
        if i < count * 2 // 5:
            made_from = []
        elif i < count * 3 // 4:
            made_from = rnd.sample(datasets[:count * 2 // 5], rnd.randint(1, 2))
        else:
            made_from = rnd.sample(datasets[count * 2 // 5:count * 3 // 4], rnd.randint(1, 3))
        attrs = {"label": own_label(rnd), "source": f"source-{rnd.randrange(SOURCES):03}", "licence": rnd.choice(LICENCES),
                 "reviewed": rnd.randrange(1_000), "hold": rnd.random() < 0.003}
        datasets.append(Entity("Dataset", f"data_{i:06}", attrs, derives=[parent.uid for parent in made_from]))
    return datasets


def make_models(rnd, count, datasets):
    """Base models, made from data sets, and tuned ones, made from a base model and a data set."""
    late = datasets[len(datasets) * 2 // 5:]
    models = []
    for i in range(count):
        made_from = rnd.sample(late, rnd.randint(1, 3)) if i < count // 2 else [rnd.choice(models[:count // 2]), rnd.choice(late)]
        models.append(Entity("Model", f"model_{i:06}", {"label": own_label(rnd), "score": rnd.randrange(1_000)},
                             derives=[parent.uid for parent in made_from]))
    return models


class World:
    """The entities, and what is worked out about models once."""

    def __init__(self, rnd, n):
        self.teams = max(5, min(100, n // 10))
        self.workloads = []
        for i in range(max(200, min(2000, n // 5))):
            teams = [("Team", f"team_{x}") for x in sorted(rnd.sample(range(self.teams), rnd.randint(1, 3)))]
            clearance = Label(rnd.randint(1, 3), frozenset(rnd.sample(TAGS, rnd.randint(4, 8))),
                              frozenset(rnd.sample(REGIONS, rnd.randint(0, 2))))
            self.workloads.append(Entity("Workload", f"work_{i:06}", {"clearance": clearance}, teams))
        datasets = make_datasets(rnd, max(200, min(4000, n // 2)))
        self.models = make_models(rnd, max(200, min(4000, n // 2)), datasets)
        self.entities = [Entity("Team", f"team_{i}") for i in range(self.teams)] + self.workloads + datasets + self.models
        self.by_uid = {entity.uid: entity for entity in self.entities}

    def label(self, model):
        return evaluate.effective_label(self, model.uid)

    def ancestors(self, model):
        uids = sorted(uid for uid in evaluate.ancestors(self, model.uid) if uid[0] == "Dataset")
        return [self.by_uid[uid] for uid in uids]


def ancestor_test(rnd, dataset):
    """Something that holds for that data set and few others."""
    reviewed = dataset.attrs["reviewed"]
    match rnd.randrange(5):
        case 0 | 1: return Test("eq", "ancestor.source", dataset.attrs["source"])
        case 2 | 3: return Test("between", "ancestor.reviewed", (reviewed - rnd.randint(0, 5), reviewed + rnd.randint(1, 5)))
        case _: return Test("one_of", "ancestor.licence", tuple(sorted({dataset.attrs["licence"], rnd.choice(LICENCES)})))


def permit_tests(rnd, world, work, model):
    label = world.label(model)
    tests = [Test("flows_to", "resource.label", above(rnd, label))]
    if label.flows_to(work.attrs["clearance"]):
        tests.append(Test("flows_to", "resource.label", "principal.clearance"))
    never = Test("eq", "ancestor.source", f"source-{rnd.randrange(SOURCES):03}")
    low = min(dataset.attrs["reviewed"] for dataset in world.ancestors(model))
    more = [Test("no_ancestor", "", never), Test("no_ancestor", "", Test("lt", "ancestor.reviewed", rnd.randint(0, low))),
            Test("ge", "resource.score", max(0, model.attrs["score"] - rnd.randint(0, 400)))]
    device = [Test("fresh", "context.device", rnd.randint(5, 240))]
    device += rnd.sample([Test("ge", "context.device.firmware", rnd.randint(0, 700)), Test("true", "context.device.confidential")],
                         rnd.randint(0, 2))
    rnd.shuffle(more)
    tests += device + more
    return tests[:max(3, rnd.randint(len(device) + 1, 5))]


def forbid_tests(rnd, world, model):
    tests = [Test("exceeds", "resource.label", beside(rnd, world.label(model))),
             Test("stale", "context.device", rnd.randint(30, 300)),
             Test("lt", "resource.score", model.attrs["score"] + rnd.randint(1, 100)),
             Test("ancestor", "", ancestor_test(rnd, rnd.choice(world.ancestors(model))))]
    return [Test("ancestor", "", ancestor_test(rnd, rnd.choice(world.ancestors(model))))] + rnd.sample(tests, rnd.randint(2, 4))


def guardrails():
    everywhere, everything = frozenset(), frozenset(TAGS)
    def without(*tags): return everything - frozenset(tags)
    rows = [
        [Test("ancestor", "", Test("true", "ancestor.hold"))],
        [Test("stale", "context.device", 720)],
        [Test("exceeds", "resource.label", Label(2, everything, everywhere)), Test("stale", "context.device", 240)],
        [Test("exceeds", "resource.label", Label(3, without("export_controlled"), everywhere)), Test("stale", "context.device", 400)],
        [Test("exceeds", "resource.label", Label(3, without("minors", "biometric"), everywhere)),
         Test("ancestor", "", Test("eq", "ancestor.licence", "LicenseRef-scraped")), Test("stale", "context.device", 240)],
        [Test("ancestor", "", Test("lt", "ancestor.reviewed", 3))],
        [Test("ancestor", "", Test("eq", "ancestor.source", "source-007")), Test("lt", "resource.score", 300)],
        [Test("exceeds", "resource.label", "principal.clearance"), Test("stale", "context.device", 500)],
        [Test("lt", "resource.score", 10)],
        [Test("exceeds", "resource.label", Label(3, everything, frozenset({"eu"}))),
         Test("ancestor", "", Test("eq", "ancestor.licence", "CC-BY-NC-4.0")), Test("stale", "context.device", 300)],
    ]
    return [Rule(f"guard{i}", "forbid", None, None, None, tests) for i, tests in enumerate(rows)]


def make_request(rnd, world, rule, work, model):
    """`rule`, or None for a request about anything."""
    action = rnd.choice(ACTIONS)
    firmware, age = rnd.randrange(1_000), rnd.randrange(60) if rnd.random() < 0.8 else rnd.randrange(600)
    if rule is not None:
        if rule.action:
            how, name = rule.action
            action = name if how == "eq" else rnd.choice(ACTION_GROUPS[name])
        if rnd.random() < 0.8:
            firmware, age = rnd.randint(700, 999), rnd.randrange(10)
    else:
        work, model = rnd.choice(world.workloads), rnd.choice(world.models)
    now = NOON + rnd.randrange(86_400) * 1_000_000
    issued_at = now - age * MINUTE - rnd.randrange(MINUTE)
    expires_at = now - MINUTE if rnd.random() < 0.02 else now + rnd.randint(1, 600) * MINUTE
    device = {"firmware": firmware, "confidential": rnd.random() < 0.9, "issued_at": issued_at,
              "expires_at": max(expires_at, issued_at + MINUTE)}
    return Request(work.uid, action, model.uid, {"device": device}, now)


def make(n):
    rnd = random.Random(9100 + n)
    world = World(rnd, n)
    rules, samples = [], []
    for i in range(n):
        work, model = rnd.choice(world.workloads), rnd.choice(world.models)
        forbid = rnd.random() < 0.2
        team = rnd.choice(work.parents) if forbid or rnd.random() < 0.6 else None
        action = None
        if rnd.random() < 0.85:
            action = ("eq", rnd.choice(ACTIONS)) if rnd.random() < 0.6 else ("in", rnd.choice(list(ACTION_GROUPS)))
        tests = forbid_tests(rnd, world, model) if forbid else permit_tests(rnd, world, work, model)
        rules.append(Rule(f"p{i}", "forbid" if forbid else "permit", team, action, None, tests))
        samples.append((work, model))
    requests = []
    for _ in range(REQUESTS):
        i = rnd.randrange(n) if rnd.random() < 0.75 else None
        work, model = samples[i] if i is not None else (None, None)
        requests.append(make_request(rnd, world, rules[i] if i is not None else None, work, model))
    return Workload(f"labels-{n}", "bench.labels", DECLARATIONS, "Workload", "Model", ACTION_GROUPS, rules + guardrails(),
                    world.entities, requests)
