"""A workload as Casbin: casbin/model.conf and casbin/policy.json (rows for AddPolicies). It reads the inputs of Rego."""

import json

import glob_pattern
from model import CannotExpress, cheap_first

OPERATORS = {"ge": ">=", "le": "<=", "lt": "<", "gt": ">", "eq": "==", "ne": "!="}
HOLDERS = {"principal": "r.sub", "resource": "r.obj", "context": "r.ctx"}

# `*` stands for any. The cheap comparisons come first, since `&&` stops at the first that fails.
MODEL = """\
[request_definition]
r = sub, obj, act, ctx

[policy_definition]
p = sub, obj, act, eft, rule

[role_definition]
g = _, _
g2 = _, _
g3 = _, _

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = (p.act == "*" || r.act == p.act || g3(r.act, p.act)) && (p.sub == "*" || g(r.sub.id, p.sub)) && (p.obj == "*" || g2(r.obj.id, p.obj)) && eval(p.rule)
"""
# Where no rule of a workload has a scope.
MODEL_WITHOUT_SCOPES = MODEL[:MODEL.index("m = ")] + "m = eval(p.rule)\n"


def path(dotted):
    holder, rest = dotted.split(".", 1)
    return f"{HOLDERS[holder]}.{rest}"


def condition(test):
    kind, value = test.kind, test.value
    if kind not in OPERATORS and kind not in ("true", "false", "one_of", "between", "like"):
        raise CannotExpress("Casbin's expressions have neither sets nor quantifiers over what a request brings")
    x = path(test.path)
    if kind == "true":
        return x
    if kind == "false":
        return f"!{x}"
    if kind == "one_of":
        return f"{x} in ({', '.join(map(json.dumps, value))})"
    if kind == "between":
        return f"{x} >= {value[0]} && {x} < {value[1]}"
    if kind == "like":
        affix = glob_pattern.affix(value)
        if affix and affix[0] == "prefix":
            return f"keyMatch({x}, {json.dumps(affix[1] + '*')})"
        return f"{x} =~ {json.dumps(glob_pattern.regex(value))}"
    return f"{x} {OPERATORS[kind]} {json.dumps(value)}"


def row(rule):
    def scope(pair):
        return pair[1] if pair else "*"
    return [scope(rule.principal_in), scope(rule.resource_in), scope(rule.action),
            "allow" if rule.effect == "permit" else "deny", " && ".join(map(condition, cheap_first(rule.tests)))]


def write(workload, out):
    rules = [row(rule) for rule in workload.rules]
    members = {type: [[entity.id, id] for entity in workload.entities if entity.type == type for _, id in entity.parents]
               for type in (workload.principal_type, workload.resource_type)}
    scoped = any(rule.principal_in or rule.resource_in or rule.action for rule in workload.rules)
    out.text("casbin/model.conf", MODEL if scoped else MODEL_WITHOUT_SCOPES)
    out.json("casbin/policy.json", {
        "rules": rules, "roles": members[workload.principal_type], "groups": members[workload.resource_type],
        "actions": [[action, group] for group, actions in workload.action_groups.items() for action in actions]})
