"""A workload as Rego v1 for OPA and regorus: rego/policy.rego (data.NAME.allow), rego/inputs.jsonl.

OPA's documentation says what it is fast with: rules whose statements its index can use (equality with a constant, `in` a
constant set, glob.match with a constant pattern), and nothing that the host could have worked out. So each rule of the
workload is one Rego rule, everything about principal and resource is in the input, and a pattern that is a mere prefix,
suffix or infix uses the built-in for that.
"""

import json

import evaluate
import glob_pattern
from model import Label, cheap_first

OPERATORS = {"ge": ">=", "le": "<=", "lt": "<", "gt": ">", "eq": "==", "ne": "!="}
AFFIXES = {"prefix": "startswith", "suffix": "endswith", "infix": "contains"}


def text_set(values):
    return "{" + ", ".join(map(json.dumps, values)) + "}" if values else "set()"


def label_differences(x, value):
    """What must be empty, or at most 0, for the label x to flow to the value. Labels come as {"level": rank, "tags": {tag:
    true}, "regions": {region: true}}."""
    if isinstance(value, Label):
        level, tags, regions = value.level, text_set(sorted(value.tags)), text_set(sorted(value.regions))
    else:
        other = "input." + value
        level, tags, regions = f"{other}.level", f"object.keys({other}.tags)", f"object.keys({other}.regions)"
    return f"{x}.level - {level}", f"object.keys({x}.tags) - {tags}", f"{regions} - object.keys({x}.regions)"


def label_statements(kind, x, value):
    level, tags, regions = label_differences(x, value)
    if kind == "flows_to":
        return [f"{level} <= 0", f"{tags} == set()", f"{regions} == set()"]
    return [f"max([{level}, count({tags}), count({regions})]) > 0"]


def statements(test, variable):
    """A test as Rego statements, all of which must hold. `variable` names an ancestor, and is used nowhere else in the rule."""
    kind, value = test.kind, test.value
    if kind == "ancestor":
        return [f"some {variable} in input.resource.ancestors"] + statements(value, variable)
    if kind == "no_ancestor":
        return [f"every {variable} in input.resource.ancestors {{ not {statements(value, variable)[0]} }}"]
    holder, rest = test.path.split(".", 1)
    x = f"{variable}.{rest}" if holder == "ancestor" else f"input.{test.path}"
    now = "input.context.now"
    if kind == "fresh":
        return [f"{x}.issued_at <= {now}", f"{now} < {x}.expires_at", f"{now} - {x}.issued_at < {value * 60_000_000}"]
    if kind == "stale":
        return [f"max([{now} - {x}.issued_at - {value * 60_000_000}, {now} - {x}.expires_at, {x}.issued_at - {now} - 1]) >= 0"]
    if kind in ("flows_to", "exceeds"):
        return label_statements(kind, x, value)
    if kind in ("true", "false"):
        return [f"{x} == {kind}"]
    if kind == "one_of":
        return [f"{x} in {text_set(value)}"]
    if kind == "between":
        return [f"{x} >= {value[0]}", f"{x} < {value[1]}"]
    if kind == "like":
        affix = glob_pattern.affix(value)
        if affix:
            return [f"{AFFIXES[affix[0]]}({x}, {json.dumps(affix[1])})"]
        return [f'glob.match({json.dumps(value)}, ["/"], {x})']
    return [f"{x} {OPERATORS[kind]} {json.dumps(value)}"]


def rule_text(workload, rule):
    lines = []
    if rule.action:
        how, name = rule.action
        lines.append(f'input.action == "{name}"' if how == "eq" else
                     f"input.action in {text_set(workload.action_groups[name])}")
    if rule.principal_in:
        lines.append(f'"{rule.principal_in[1]}" in input.principal.groups')
    if rule.resource_in:
        lines.append(f'"{rule.resource_in[1]}" in input.resource.groups')
    for i, test in enumerate(cheap_first(rule.tests)):
        lines += statements(test, f"ancestor{i}")
    head = "permit" if rule.effect == "permit" else "deny"
    return f"# {rule.name}\n{head} if {{\n" + "".join(f"\t{line}\n" for line in lines) + "}\n"


HEAD = """\
package {package}

import rego.v1

default allow := false

allow if {{
	permit
	not deny
}}
"""


def input_value(value):
    if isinstance(value, Label):
        return {"level": value.level, "tags": dict.fromkeys(sorted(value.tags), True),
                "regions": dict.fromkeys(sorted(value.regions), True)}
    if isinstance(value, dict):
        return {name: input_value(x) for name, x in value.items()}
    if isinstance(value, list):
        return [input_value(x) for x in value]
    return value


def write(workload, out):
    texts = [HEAD.format(package=workload.package)] + [rule_text(workload, rule) for rule in workload.rules]
    out.text("rego/policy.rego", "\n".join(texts))
    out.json_lines("rego/inputs.jsonl", (input_value(evaluate.view(workload, request)) for request in workload.requests))
