"""A workload as ztp: policy.ztp, facts.jsonl, requests.jsonl."""

import json
from datetime import datetime, timedelta, timezone

from model import Label

LEVELS = ["public", "internal", "confidential", "restricted"]
OPERATORS = {"ge": ">=", "le": "<=", "lt": "<", "gt": ">", "eq": "==", "ne": "!="}
# How a rule calls what it is about. An input stands by its own name.
NAMES = {"principal": "p", "resource": "r", "ancestor": "a"}


def path(dotted):
    holder, rest = dotted.split(".", 1)
    return rest if holder == "context" else f"{NAMES[holder]}.{rest}"


def names(values):
    return "{ " + ", ".join(values) + " }" if values else "{ }"


def constant(value):
    if isinstance(value, Label):
        return (f"{{ level: {LEVELS[value.level]}, tags: {names(sorted(value.tags))}, "
                f"regions: {names(sorted(value.regions))} }}")
    return json.dumps(value)


def condition(test):
    kind, value = test.kind, test.value
    if kind in ("ancestor", "no_ancestor"):
        return ("not " if kind == "no_ancestor" else "") + f"any(a in r.ancestors(Dataset): {condition(value)})"
    x = path(test.path)
    if kind == "true":
        return x
    if kind == "false":
        return f"not {x}"
    if kind == "one_of":
        return f"{x} in {names(map(constant, value))}"
    if kind == "between":
        return f"{x} >= {value[0]} and {x} < {value[1]}"
    if kind == "like":
        return f"{x} like {constant(value)}"
    if kind in ("flows_to", "exceeds"):
        flows = f"{x} flows to {constant(value) if isinstance(value, Label) else path(value)}"
        return flows if kind == "flows_to" else f"not ({flows})"
    if kind == "fresh":
        return f"{x}.fresh({value}m)"
    if kind == "stale":
        return f"not {x}.fresh({value}m)"
    return f"{x} {OPERATORS[kind]} {constant(value)}"


def scope(keyword, name, type, group):
    inside = f' in {group[0]}::"{group[1]}"' if group else ""
    return f"  {keyword} {name}: {type}{inside}\n"


def rule_text(workload, rule):
    text = f"\n{rule.effect} {rule.name} {{\n"
    text += scope("principal", "p", workload.principal_type, rule.principal_in)
    if rule.action or rule.effect == "permit":
        text += f"  action {rule.action[1] if rule.action else 'any'}\n"
    text += scope("resource", "r", workload.resource_type, rule.resource_in)
    return text + "".join(f"  when {condition(test)}\n" for test in rule.tests) + "}\n"


def policy(workload):
    text = f"ztp 1\npackage {workload.package}\n\n{workload.declarations}\n"
    text += f"action {', '.join(workload.actions)} on {workload.resource_type} by {workload.principal_type}\n"
    for group, actions in workload.action_groups.items():
        text += f"action group {group} {{ {', '.join(actions)} }}\n"
    return text + "".join(rule_text(workload, rule) for rule in workload.rules)


def timestamp(micros):
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=micros)).isoformat().replace("+00:00", "Z")


def json_value(value):
    if isinstance(value, Label):
        return {"level": LEVELS[value.level], "tags": sorted(value.tags), "regions": sorted(value.regions)}
    if isinstance(value, dict):
        return {name: timestamp(x) if name in ("issued_at", "expires_at") else json_value(x) for name, x in value.items()}
    return value


def uid(pair):
    return {"type": pair[0], "id": pair[1]}


def fact(entity):
    out = {"uid": uid(entity.uid)}
    if entity.attrs:
        out["attrs"] = {name: json_value(value) for name, value in entity.attrs.items()}
    if entity.parents:
        out["parents"] = [uid(parent) for parent in entity.parents]
    if entity.derives:
        out["derives"] = [uid(parent) for parent in entity.derives]
    return out


def request_json(request):
    context = json_value(request.context)
    if request.now is not None:
        context["now"] = timestamp(request.now)
    return {"subject": uid(request.principal), "action": {"name": request.action}, "resource": uid(request.resource),
            "context": context}


def write(workload, out):
    out.text("policy.ztp", policy(workload))
    out.json_lines("facts.jsonl", map(fact, workload.entities))
    out.json_lines("requests.jsonl", map(request_json, workload.requests))
