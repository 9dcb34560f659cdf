"""A workload as Cedar: cedar/policies.cedar, cedar/entities.json, cedar/requests.jsonl."""

import json

from model import CannotExpress, Label, cheap_first

OPERATORS = {"ge": ">=", "le": "<=", "lt": "<", "gt": ">", "eq": "==", "ne": "!="}


def condition(test):
    kind, value, x = test.kind, test.value, test.path
    if kind == "true":
        return x
    if kind == "false":
        return f"!{x}"
    if kind == "one_of":
        return f"{json.dumps(list(value))}.contains({x})"
    if kind == "between":
        return f"{x} >= {value[0]} && {x} < {value[1]}"
    if kind == "like":
        # Cedar's star does not stop at "/". The generators' paths have a fixed number of parts, so that both match the same.
        return f"{x} like {json.dumps(value.replace('**', '*'))}"
    if kind in OPERATORS:
        return f"{x} {OPERATORS[kind]} {json.dumps(value)}"
    raise CannotExpress("Cedar has no quantifiers: it cannot ask what an entity's ancestors are like")


def group(keyword, pair):
    return f'  {keyword} in {pair[0]}::"{pair[1]}"' if pair else f"  {keyword}"


def action(rule):
    if rule.action is None:
        return "  action"
    how, name = rule.action
    return f'  action {"==" if how == "eq" else "in"} Action::"{name}"'


def policy(rule):
    scope = ",\n".join([group("principal", rule.principal_in), action(rule), group("resource", rule.resource_in)])
    conditions = " && ".join(condition(test) for test in cheap_first(rule.tests))
    return f'@id("{rule.name}")\n{rule.effect} (\n{scope}\n)\nwhen {{ {conditions} }};\n'


def uid(pair):
    return {"type": pair[0], "id": pair[1]}


def entities(workload):
    for name, actions in workload.action_groups.items():
        yield {"uid": uid(("Action", name)), "attrs": {}, "parents": []}
        for act in actions:
            yield {"uid": uid(("Action", act)), "attrs": {}, "parents": [uid(("Action", name))]}
    for entity in workload.entities:
        if entity.derives or any(isinstance(value, Label) for value in entity.attrs.values()):
            raise CannotExpress("Cedar has neither labels nor lineage")
        yield {"uid": uid(entity.uid), "attrs": entity.attrs, "parents": [uid(parent) for parent in entity.parents]}


def request_json(request):
    return {"principal": uid(request.principal), "action": uid(("Action", request.action)),
            "resource": uid(request.resource), "context": request.context}


def write(workload, out):
    policies = "\n".join(map(policy, workload.rules))
    out.json("cedar/entities.json", list(entities(workload)))
    out.text("cedar/policies.cedar", policies)
    out.json_lines("cedar/requests.jsonl", map(request_json, workload.requests))
