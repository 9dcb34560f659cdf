"""gateway-N: N rules in front of an AI gateway, each for a role, an action and a resource group, with 3 to 5 attribute
tests, plus ten guardrails that forbid, for everybody.

The order of the random draws is part of the workload: figures stay comparable as long as it stays.
"""

import random

from model import Entity, Request, Rule, Test, Workload

ACTION_GROUPS = {
    "read": ["model_infer", "model_embed", "dataset_read", "lineage_view", "rag_query", "log_read"],
    "write": ["model_finetune", "dataset_write", "prompt_edit"],
    "admin": ["model_deploy", "model_export", "key_rotate"],
}
ACTIONS = [action for group in ACTION_GROUPS.values() for action in group]
REGIONS = ["eu-west-1", "eu-central-1", "us-east-1", "us-west-2", "ap-south-1", "ap-northeast-1", "sa-east-1",
           "ca-central-1"]
LINEAGES = ["internal", "vendor", "open-weights", "derived", "unknown"]
REQUESTS = 1000

DECLARATIONS = """\
entity Role
entity ResourceGroup
entity User in Role { clearance: Int, mfa: Bool, dept: String }
entity Resource in ResourceGroup {
  sensitivity: Int
  lineage: String
  provenance_verified: Bool
  residency: String
  quarantined: Bool
}

input device: { managed: Bool, encrypted: Bool, patched: Bool, jailbroken: Bool, risk: Int }
input region: String
input break_glass: Bool
input tokens: Int
"""


def guardrails():
    def rule(*tests):
        return [Test(*test) for test in tests]
    return [
        rule(("ge", "resource.sensitivity", 4), ("false", "context.device.managed"), ("false", "context.break_glass")),
        rule(("true", "context.device.jailbroken")),
        rule(("ge", "context.device.risk", 95)),
        rule(("eq", "resource.lineage", "unknown"), ("ge", "resource.sensitivity", 3)),
        rule(("eq", "resource.lineage", "derived"), ("false", "resource.provenance_verified"),
             ("ge", "resource.sensitivity", 4)),
        rule(("lt", "principal.clearance", 1), ("ge", "resource.sensitivity", 3), ("false", "context.break_glass")),
        rule(("eq", "resource.residency", "eu"),
             ("one_of", "context.region", ("ap-northeast-1", "ap-south-1", "sa-east-1", "us-west-2")),
             ("ge", "resource.sensitivity", 4)),
        rule(("false", "principal.mfa"), ("ge", "resource.sensitivity", 4), ("false", "context.device.patched")),
        rule(("true", "resource.quarantined")),
        rule(("ge", "context.tokens", 200000), ("lt", "principal.clearance", 4)),
    ]


def some_regions(rnd):
    return tuple(sorted(rnd.sample(REGIONS, rnd.randint(3, 6))))


def permit_tests(rnd):
    pool = [
        Test("ge", "principal.clearance", rnd.randint(1, 3)),
        Test("true", "context.device.managed"),
        Test("true", "context.device.encrypted"),
        Test("true", "context.device.patched"),
        Test("lt", "context.device.risk", rnd.choice([40, 60, 80, 90])),
        Test("le", "resource.sensitivity", rnd.randint(2, 5)),
        Test("one_of", "context.region", some_regions(rnd)),
        Test("ne", "resource.lineage", rnd.choice(LINEAGES)),
        Test("true", "principal.mfa"),
    ]
    return rnd.sample(pool, rnd.randint(3, 5))


def forbid_tests(rnd):
    # The permits' pool is drawn first and thrown away: see the head of this file.
    pool = [
        Test("lt", "principal.clearance", rnd.randint(2, 4)),
        Test("false", "context.device.managed"),
        Test("false", "context.device.encrypted"),
        Test("false", "context.device.patched"),
        Test("ge", "context.device.risk", rnd.choice([20, 40, 60])),
        Test("ge", "resource.sensitivity", rnd.randint(1, 3)),
        Test("one_of", "context.region", some_regions(rnd)),
        Test("eq", "resource.lineage", rnd.choice(LINEAGES)),
        Test("false", "principal.mfa"),
    ]
    return rnd.sample(pool, rnd.randint(3, 5))


def rule_tests(rnd, forbid):
    if not forbid:
        return permit_tests(rnd)
    rnd.randint(1, 3), rnd.choice([40, 60, 80, 90]), rnd.randint(2, 5), some_regions(rnd), rnd.choice(LINEAGES)
    return forbid_tests(rnd)


def make_rules(rnd, n, roles, groups):
    rules = []
    for i in range(n):
        forbid = rnd.random() < 0.2
        action = ("eq", rnd.choice(ACTIONS)) if rnd.random() < 0.6 else ("in", rnd.choice(list(ACTION_GROUPS)))
        role = ("Role", f"role_{rnd.randrange(roles)}")
        rules.append(Rule(f"p{i}", "forbid" if forbid else "permit", role, action, ("ResourceGroup", f"rg_{i % groups}"),
                          rule_tests(rnd, forbid)))
    for i, tests in enumerate(guardrails()):
        rules.append(Rule(f"guard{i}", "forbid", None, None, None, tests))
    return rules


def make_users(rnd, count, roles):
    users = []
    for i in range(count):
        member_of = [("Role", f"role_{x}") for x in sorted(rnd.sample(range(roles), rnd.randint(1, min(4, roles))))]
        attrs = {"clearance": rnd.choice([0, 1, 2, 3, 3, 4, 4, 5]), "mfa": rnd.random() < 0.85,
                 "dept": f"dept_{rnd.randrange(20)}"}
        users.append(Entity("User", f"user_{i:06}", attrs, member_of))
    return users


def make_resources(rnd, count, groups):
    resources = []
    for i in range(count):
        member_of = [("ResourceGroup", f"rg_{x}") for x in sorted(rnd.sample(range(groups), rnd.randint(1, 2)))]
        attrs = {"sensitivity": rnd.choice([0, 1, 1, 2, 2, 3, 4, 5]),
                 "lineage": rnd.choice(LINEAGES[:4] * 3 + LINEAGES),
                 "provenance_verified": rnd.random() < 0.9,
                 "residency": rnd.choice(["eu", "us", "any", "any"]),
                 "quarantined": rnd.random() < 0.02}
        resources.append(Entity("Resource", f"res_{i:06}", attrs, member_of))
    return resources


def members(entities):
    of = {}
    for entity in entities:
        for group in entity.parents:
            of.setdefault(group, []).append(entity)
    return of


def make_request(rnd, rules, users, resources, of_role, of_group):
    """Three of four requests aim at a rule: most of its tests are made to hold."""
    targeted = rnd.random() < 0.75
    user, resource, action = rnd.choice(users), rnd.choice(resources), rnd.choice(ACTIONS)
    region = rnd.choice(REGIONS)
    device = {"managed": rnd.random() < 0.8, "encrypted": rnd.random() < 0.9, "patched": rnd.random() < 0.85,
              "jailbroken": rnd.random() < 0.02, "risk": rnd.choice([5, 10, 20, 30, 30, 50, 70, 85, 97])}
    if targeted:
        rule = rnd.choice(rules)
        if rule.principal_in in of_role:
            user = rnd.choice(of_role[rule.principal_in])
        if rule.resource_in in of_group:
            resource = rnd.choice(of_group[rule.resource_in])
        how, name = rule.action
        action = name if how == "eq" else rnd.choice(ACTION_GROUPS[name])
        for test in rule.tests:
            if rnd.random() < 0.85:
                if test.kind == "one_of":
                    region = rnd.choice(test.value)
                elif test.path.startswith("context.device.") and test.kind == "true":
                    device[test.path.rsplit(".", 1)[1]] = True
                elif test.path.startswith("context.device.") and test.kind == "lt":
                    device["risk"] = rnd.choice([5, 10, 20, 30])
    context = {"device": device, "region": region, "break_glass": rnd.random() < 0.03,
               "tokens": rnd.choice([500, 1000, 4000, 8000, 32000, 128000, 256000])}
    return Request(user.uid, action, resource.uid, context)


def make(n):
    rnd = random.Random(4242 + n)
    roles, groups = max(5, min(200, n // 10)), max(5, n // 5)
    rules = make_rules(rnd, n, roles, groups)
    users = make_users(rnd, max(200, min(2000, n // 5)), roles)
    resources = make_resources(rnd, max(200, min(4000, n // 2)), groups)
    of_role, of_group = members(users), members(resources)
    requests = [make_request(rnd, rules[:n], users, resources, of_role, of_group) for _ in range(REQUESTS)]
    entities = [Entity("Role", f"role_{i}") for i in range(roles)]
    entities += [Entity("ResourceGroup", f"rg_{i}") for i in range(groups)]
    return Workload(f"gateway-{n}", "bench.gateway", DECLARATIONS, "User", "Resource", ACTION_GROUPS, rules,
                    entities + users + resources, requests)
