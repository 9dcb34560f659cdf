"""A workload as CEL: cel/rules.json, an expression a rule. They read the same inputs as Rego (rego/inputs.jsonl)."""

import json

import glob_pattern
from model import Label, cheap_first

OPERATORS = {"ge": ">=", "le": "<=", "lt": "<", "gt": ">", "eq": "==", "ne": "!="}
AFFIXES = {"prefix": "startsWith", "suffix": "endsWith", "infix": "contains"}


def text_list(values):
    return "[" + ", ".join(map(json.dumps, values)) + "]"


def flows_to(x, value):
    if isinstance(value, Label):
        level, tags, regions = value.level, text_list(sorted(value.tags)), text_list(sorted(value.regions))
    else:
        level, tags, regions = f"{value}.level", f"{value}.tags", f"{value}.regions"
    return f"({x}.level <= {level} && {x}.tags.all(t, t in {tags}) && {regions}.all(g, g in {x}.regions))"


def expression(test):
    kind, value, x, now = test.kind, test.value, test.path, "context.now"
    match kind:
        case "ancestor": return f"resource.ancestors.exists(ancestor, {expression(value)})"
        case "no_ancestor": return f"!resource.ancestors.exists(ancestor, {expression(value)})"
        case "true": return x
        case "false": return f"!{x}"
        case "flows_to": return flows_to(x, value)
        case "exceeds": return f"!{flows_to(x, value)}"
        case "one_of": return f"{x} in {text_list(value)}"
        case "between": return f"({x} >= {value[0]} && {x} < {value[1]})"
        case "fresh" | "stale":
            fresh = f"({x}.issued_at <= {now} && {now} < {x}.expires_at && {now} - {x}.issued_at < {value * 60_000_000})"
            return fresh if kind == "fresh" else "!" + fresh
        case "like":
            affix = glob_pattern.affix(value)
            if affix:
                return f"{x}.{AFFIXES[affix[0]]}({json.dumps(affix[1])})"
            return f"{x}.matches({json.dumps(glob_pattern.regex(value))})"
    return f"{x} {OPERATORS[kind]} {json.dumps(value)}"


def rule_expression(workload, rule):
    parts = []
    if rule.action:
        how, name = rule.action
        parts.append(f"action == {json.dumps(name)}" if how == "eq" else
                     f"action in {text_list(workload.action_groups[name])}")
    if rule.principal_in:
        parts.append(f"{json.dumps(rule.principal_in[1])} in principal.groups")
    if rule.resource_in:
        parts.append(f"{json.dumps(rule.resource_in[1])} in resource.groups")
    return " && ".join(parts + [expression(test) for test in cheap_first(rule.tests)])


def write(workload, out):
    out.json("cel/rules.json", [{"name": rule.name, "effect": rule.effect, "expression": rule_expression(workload, rule)}
                                for rule in workload.rules])
