"""What a workload decides: every rule tried on every request, in the plainest way there is.

Boundary: shares no code with any engine; the decisions that it gives are what all engines are held against.
"""

import glob_pattern
from model import Label


def ancestors(workload, uid):
    """Everything that the entity was made from, itself excluded."""
    found, waiting = [], list(workload.by_uid[uid].derives)
    while waiting:
        parent = waiting.pop()
        if parent not in found:
            found.append(parent)
            waiting.extend(workload.by_uid[parent].derives)
    return found


def effective_label(workload, uid):
    """The own label joined with all ancestors'."""
    label = workload.by_uid[uid].attrs["label"]
    for ancestor in ancestors(workload, uid):
        label = label.join(workload.by_uid[ancestor].attrs["label"])
    return label


def view(workload, request):
    """What a request's rules can see, as one dictionary. Rego, CEL and Casbin, which have no entities, are given this."""
    principal, resource = workload.by_uid[request.principal], workload.by_uid[request.resource]
    seen = {
        "principal": {"id": principal.id, **principal.attrs, "groups": [id for _, id in principal.parents]},
        "action": request.action,
        "resource": {"id": resource.id, **resource.attrs, "groups": [id for _, id in resource.parents]},
        "context": dict(request.context),
    }
    if request.now is not None:
        seen["context"]["now"] = request.now
    if resource.derives or "label" in resource.attrs:
        seen["resource"]["label"] = effective_label(workload, resource.uid)
        seen["resource"]["ancestors"] = [
            {"id": id, **workload.by_uid[(type, id)].attrs} for type, id in sorted(ancestors(workload, resource.uid))
            if type == "Dataset"]
    return seen


def lookup(seen, path):
    for step in path.split("."):
        seen = seen[step]
    return seen


def holds(test, seen):
    value, kind = test.value, test.kind
    if kind == "ancestor":
        return any(holds(value, {"ancestor": ancestor}) for ancestor in seen["resource"]["ancestors"])
    x = lookup(seen, test.path)
    if kind in ("fresh", "stale"):
        now = seen["context"]["now"]
        bound = x["issued_at"] <= now < x["expires_at"]
        fresh = bound and now - x["issued_at"] < value * 60_000_000
        # Evidence that is not bound makes the test unknown: a permit does not apply, a forbid does.
        return fresh if kind == "fresh" else not fresh
    if kind == "flows_to":
        return x.flows_to(value if isinstance(value, Label) else lookup(seen, value))
    match kind:
        case "true": return x is True
        case "false": return x is False
        case "ge": return x >= value
        case "le": return x <= value
        case "lt": return x < value
        case "gt": return x > value
        case "eq": return x == value
        case "ne": return x != value
        case "between": return value[0] <= x < value[1]
        case "one_of": return x in value
        case "like": return glob_pattern.matches(value, x)
    raise ValueError(kind)


def in_scope(workload, rule, request):
    if rule.principal_in and rule.principal_in not in workload.by_uid[request.principal].parents:
        return False
    if rule.resource_in and rule.resource_in not in workload.by_uid[request.resource].parents:
        return False
    if rule.action is None:
        return True
    how, name = rule.action
    return request.action == name if how == "eq" else request.action in workload.action_groups[name]


def decide(workload, request, rules=None):
    """("allow", [the first permit that applies]) or ("deny", [the forbids that apply])."""
    seen = view(workload, request)
    permits, forbids = [], []
    for rule in workload.rules if rules is None else rules:
        if in_scope(workload, rule, request) and all(holds(test, seen) for test in rule.tests):
            (permits if rule.effect == "permit" else forbids).append(rule.name)
    if permits and not forbids:
        return "allow", permits[:1]
    return "deny", forbids
