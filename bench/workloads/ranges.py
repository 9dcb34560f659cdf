"""ranges-N: N rules that nothing but attributes tells apart: no roles, no groups, no actions.

Each rule has its own bounds, its own sets of countries and its own patterns, drawn from wide domains, and flags. It is
made around a user, a resource and a context, so that at least these fit it; three of four requests ask about them. Ten
guardrails forbid, for everybody, as in gateway-N.
"""

import random

from model import Entity, Request, Rule, Test, Workload

ACTION_GROUPS = {"use": ["run", "read", "export"]}
COUNTRIES = ("ar at au be bg br ca ch cl cn co cy cz de dk ee eg es fi fr gb gr hk hr hu id ie il in is it jp ke kr lt lu lv "
             "ma mt mx my ng nl no nz pe ph pl pt ro rs sa se sg si sk th tn tr tw ua us vn za").split()
ORGS = ("acme apex atlas aurora beacon boreal cascade cobalt comet delta ember falcon fjord garnet harbor helios indigo "
        "juniper kestrel lumen meridian nimbus onyx orchid pinnacle quartz raven summit tundra umbra vertex willow").split()
SYLLABLES = "ba be bi bo da de di do fa fe fi ka ke ki ko la le li lo ma me mi mo na ne ni no ra re ri ro ta te ti to".split()
EXTENSIONS = ["onnx", "gguf", "safetensors"]
SERVICES = ["chat", "embed", "rank", "tune", "eval", "files", "batch", "speech"]
OPERATIONS = ["create", "list", "get", "cancel", "stream", "delete", "update", "stats"]
TENANTS = 5000
REQUESTS = 1000

# Where numbers stand, and below what they are.
USER_NUMBERS = {"principal.seniority": 10_000, "principal.quota": 1_000_000}
RESOURCE_NUMBERS = {"resource.size_mb": 1_000_000, "resource.age_days": 4_000}
CONTEXT_NUMBERS = {"context.tokens": 1_000_000, "context.device.risk": 1_000}
NUMBERS = USER_NUMBERS | RESOURCE_NUMBERS | CONTEXT_NUMBERS
SETS = ["principal.country", "context.country"]
PATTERNS = ["resource.path", "context.endpoint"]
FLAGS = ["principal.mfa", "resource.signed", "context.device.managed", "context.device.encrypted", "context.device.patched"]

DECLARATIONS = """\
entity User { seniority: Int, quota: Int, country: String, mfa: Bool }
entity Resource { path: String, size_mb: Int, age_days: Int, signed: Bool }

input device: { managed: Bool, encrypted: Bool, patched: Bool, risk: Int }
input country: String
input endpoint: String
input tokens: Int
"""


def value_of(sample, path):
    for step in path.split("."):
        sample = sample[step]
    return sample


def between(rnd, path, sample):
    """An interval of 4 to 24 percent of the domain that the sample's value lies in."""
    size = NUMBERS[path]
    width = rnd.randint(size // 25, size * 6 // 25)
    low = max(0, value_of(sample, path) - rnd.randrange(width))
    return Test("between", path, (low, low + width))


def one_of(rnd, path, sample):
    chosen = rnd.sample(COUNTRIES, rnd.randint(4, 16))
    return Test("one_of", path, tuple(sorted(set(chosen) | {value_of(sample, path)})))


def like(rnd, path, sample):
    """A pattern that the sample's value matches: models/ORG/NAME/VERSION, or /v1/SERVICE/TENANT/OPERATION."""
    text = value_of(sample, path)
    before, kind, name, last = text.rsplit("/", 3)
    # What tells names apart stands at a model's beginning, and behind "tenant-".
    start = name.find("tenant-") + 8 if name.startswith("tenant-") else 2
    begin = name[:start + rnd.randint(0, 2)]
    match rnd.randrange(4):
        case 0:
            pattern = f"{before}/{kind}/{begin}**"
        case 1:
            pattern = f"**{name[-rnd.randint(2, 5):]}/{last}"
        case 2:
            at = rnd.randrange(start - 2, start)
            pattern = f"**{name[at:at + 4]}**"
        case _:
            pattern = f"{before}/*/{begin}*/{last[:2]}*"
    return Test("like", path, pattern)


def flag(path, sample):
    return Test("true" if value_of(sample, path) else "false", path)


def rule_tests(rnd, forbid, sample):
    """Three or, in a forbid, four tests that tell rules apart, and up to two more."""
    numbers = rnd.sample(list(NUMBERS), 3)
    tests = [between(rnd, path, sample) for path in (numbers if forbid else numbers[:2])]
    text = [lambda: one_of(rnd, rnd.choice(SETS), sample), lambda: like(rnd, rnd.choice(PATTERNS), sample)]
    rnd.shuffle(text)
    tests.append(text[0]())
    more = [lambda path=path: flag(path, sample) for path in rnd.sample(FLAGS, 2)]
    more.append(text[1])
    if not forbid:
        more.append(lambda: between(rnd, numbers[2], sample))
    rnd.shuffle(more)
    tests += [make() for make in more[:rnd.randint(0, 1 if forbid else 2)]]
    rnd.shuffle(tests)
    return tests


def guardrails():
    rows = [
        [("between", "resource.size_mb", (900_000, 1_000_000)), ("false", "context.device.managed"), ("false", "principal.mfa")],
        [("ge", "context.device.risk", 985)],
        [("false", "resource.signed"), ("false", "context.device.patched")],
        [("like", "resource.path", "**/v0.gguf"), ("ge", "context.device.risk", 800)],
        [("lt", "principal.seniority", 500), ("ge", "resource.size_mb", 800_000)],
        [("one_of", "context.country", ("cn", "sa")), ("false", "context.device.encrypted")],
        [("ge", "resource.age_days", 3_900)],
        [("like", "context.endpoint", "/v1/files/**"), ("false", "context.device.managed"), ("false", "context.device.encrypted")],
        [("ge", "context.tokens", 990_000)],
        [("lt", "principal.quota", 5_000), ("ge", "context.tokens", 500_000)],
    ]
    return [[Test(*test) for test in row] for row in rows]


def make_users(rnd, count):
    return [Entity("User", f"user_{i:06}",
                   {"seniority": rnd.randrange(10_000), "quota": rnd.randrange(1_000_000), "country": rnd.choice(COUNTRIES),
                    "mfa": rnd.random() < 0.85})
            for i in range(count)]


def make_resources(rnd, count):
    resources = []
    for i in range(count):
        name = "".join(rnd.choice(SYLLABLES) for _ in range(4)) + f"-{rnd.randrange(100):02}"
        path = f"models/{rnd.choice(ORGS)}/{name}/v{rnd.randrange(30)}.{rnd.choice(EXTENSIONS)}"
        resources.append(Entity("Resource", f"res_{i:06}",
                                {"path": path, "size_mb": rnd.randrange(1_000_000), "age_days": rnd.randrange(4_000),
                                 "signed": rnd.random() < 0.9}))
    return resources


def make_context(rnd):
    device = {"managed": rnd.random() < 0.8, "encrypted": rnd.random() < 0.9, "patched": rnd.random() < 0.85,
              "risk": rnd.randrange(1_000)}
    endpoint = f"/v1/{rnd.choice(SERVICES)}/tenant-{rnd.randrange(TENANTS):04}/{rnd.choice(OPERATIONS)}"
    return {"device": device, "country": rnd.choice(COUNTRIES), "endpoint": endpoint, "tokens": rnd.randrange(1_000_000)}


def make(n):
    rnd = random.Random(7700 + n)
    users = make_users(rnd, max(200, min(2000, n // 5)))
    resources = make_resources(rnd, max(200, min(4000, n // 2)))
    rules, samples = [], []
    for i in range(n):
        user, resource, context = rnd.choice(users), rnd.choice(resources), make_context(rnd)
        forbid = rnd.random() < 0.2
        tests = rule_tests(rnd, forbid, {"principal": user.attrs, "resource": resource.attrs, "context": context})
        rules.append(Rule(f"p{i}", "forbid" if forbid else "permit", None, None, None, tests))
        samples.append((user, resource, context))
    rules += [Rule(f"guard{i}", "forbid", None, None, None, tests) for i, tests in enumerate(guardrails())]
    requests = []
    for _ in range(REQUESTS):
        user, resource, context = rnd.choice(users), rnd.choice(resources), make_context(rnd)
        if rnd.random() < 0.75:
            user, resource, aimed = samples[rnd.randrange(n)]
            # One part of the context differs in one of three.
            context = aimed | ({name: context[name] for name in [rnd.choice(list(context))]} if rnd.random() < 0.33 else {})
        requests.append(Request(user.uid, rnd.choice(ACTION_GROUPS["use"]), resource.uid, context))
    return Workload(f"ranges-{n}", "bench.ranges", DECLARATIONS, "User", "Resource", ACTION_GROUPS, rules,
                    users + resources, requests)
