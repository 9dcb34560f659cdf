"""What a workload decides: every rule tried on every request, in the plainest way there is.

Boundary: shares no code with any engine; the decisions that it gives are what all engines are held against.
"""

import glob_pattern
from model import Label, Test


def ancestors(workload, uid):
    """Everything that the entity was made from, itself excluded."""
    found, waiting = set(), list(workload.by_uid[uid].derives)
    while waiting:
        parent = waiting.pop()
        if parent not in found:
            found.add(parent)
            waiting.extend(workload.by_uid[parent].derives)
    return found


def effective_label(workload, uid):
    """The own label joined with all ancestors'."""
    label = workload.by_uid[uid].attrs["label"]
    for ancestor in ancestors(workload, uid):
        label = label.join(workload.by_uid[ancestor].attrs["label"])
    return label


def view(workload, request):
    """What a request's rules can see, as one dictionary. Rego, CEL and Casbin, which have no entities, are given this: with
    labels joined and ancestors listed beforehand, as ztp does when it loads facts."""
    principal, resource = workload.by_uid[request.principal], workload.by_uid[request.resource]
    seen = {
        "principal": {"id": principal.id, **principal.attrs, "groups": [id for _, id in principal.parents]},
        "action": request.action,
        "resource": {"id": resource.id, **resource.attrs, "groups": [id for _, id in resource.parents]},
        "context": dict(request.context),
    }
    if request.now is not None:
        seen["context"]["now"] = request.now
    if "label" in resource.attrs:
        seen["resource"]["label"] = effective_label(workload, resource.uid)
        seen["resource"]["ancestors"] = [
            {name: value for name, value in workload.by_uid[uid].attrs.items() if name != "label"}
            for uid in sorted(ancestors(workload, resource.uid)) if uid[0] == "Dataset"]
    return seen


def flat(seen, prefix=""):
    """Everything that a path can name, by its path."""
    paths = {}
    for name, value in seen.items():
        paths[prefix + name] = value
        if isinstance(value, dict):
            paths |= flat(value, f"{prefix}{name}.")
    return paths


def fresh(evidence, now, minutes):
    issued = evidence["issued_at"]
    return issued <= now < evidence["expires_at"] and now - issued < minutes * 60_000_000


def predicate(test):
    """The test as a function of what flat() returns."""
    path, value = test.path, test.value
    match test.kind:
        case "true": return lambda seen: seen[path] is True
        case "false": return lambda seen: seen[path] is False
        case "ge": return lambda seen: seen[path] >= value
        case "le": return lambda seen: seen[path] <= value
        case "lt": return lambda seen: seen[path] < value
        case "gt": return lambda seen: seen[path] > value
        case "eq": return lambda seen: seen[path] == value
        case "ne": return lambda seen: seen[path] != value
        case "between": return lambda seen: value[0] <= seen[path] < value[1]
        case "one_of": return lambda seen: seen[path] in value
        case "like": return lambda seen: glob_pattern.matches(value, seen[path])
        case "fresh": return lambda seen: fresh(seen[path], seen["context.now"], value)
        case "stale": return lambda seen: not fresh(seen[path], seen["context.now"], value)
        case "flows_to":
            if isinstance(value, Label):
                return lambda seen: seen[path].flows_to(value)
            return lambda seen: seen[path].flows_to(seen[value])
        case "exceeds":
            flows = predicate(Test("flows_to", path, value))
            return lambda seen: not flows(seen)
        case "ancestor" | "no_ancestor":
            inner, wanted = predicate(value), test.kind == "ancestor"
            return lambda seen: wanted == any(inner(one) for one in seen["resource.ancestors"])
    raise ValueError(test.kind)


def in_scope(workload, rule, request):
    if rule.principal_in and rule.principal_in not in workload.by_uid[request.principal].parents:
        return False
    if rule.resource_in and rule.resource_in not in workload.by_uid[request.resource].parents:
        return False
    if rule.action is None:
        return True
    how, name = rule.action
    return request.action == name if how == "eq" else request.action in workload.action_groups[name]


def all_hold(tests, seen):
    for test in tests:
        if not test(seen):
            return False
    return True


def decide_all(workload):
    """For each request ("allow", [the first permit that applies]) or ("deny", [the forbids that apply])."""
    rules = [(rule, [predicate(test) for test in rule.tests]) for rule in workload.rules]
    decisions = []
    for request in workload.requests:
        seen = flat(view(workload, request))
        if "resource.ancestors" in seen:
            seen["resource.ancestors"] = [flat({"ancestor": one}) for one in seen["resource.ancestors"]]
        permits, forbids = [], []
        for rule, tests in rules:
            if in_scope(workload, rule, request) and all_hold(tests, seen):
                (permits if rule.effect == "permit" else forbids).append(rule.name)
        decisions.append(("allow", permits[:1]) if permits and not forbids else ("deny", forbids))
    return decisions
