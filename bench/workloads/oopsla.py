"""gdrive-N, github-N, tinytodo-N: the applications of Cedar's OOPSLA 2024 paper, from the data in oopsla/.

Boundary: converts. The policies of each engine were written by hand and lie beside the data; what is decided is what
Cedar decided. oopsla/README.md says where all of it comes from.
"""

import gzip
import json
import pathlib

DATA = pathlib.Path(__file__).resolve().parent / "oopsla"
APPLICATIONS = ["gdrive", "github", "tinytodo"]
SIZES = [5, 20, 50]
# Names that ztp has a meaning for.
ZTP_TYPES = {"List": "TodoList"}
CANNOT = {"casbin": "Casbin has no relations between attributes of entities"}


def read(app, size, name):
    with gzip.open(DATA / app / f"n{size}" / f"{name}.gz", "rt", encoding="utf-8") as file:
        return file.read()


def uid(reference):
    """(type, id) of Cedar's {"__entity": {"type": …, "id": …}} or of what stands in it."""
    reference = reference.get("__entity", reference)
    return (reference["type"], reference["id"])


def is_reference(value):
    return isinstance(value, dict) and "__entity" in value


class World:
    def __init__(self, entities):
        self.attrs = {uid(entity["uid"]): entity["attrs"] for entity in entities if uid(entity["uid"])[0] != "Action"}
        self.parents = {uid(entity["uid"]): [uid(parent) for parent in entity["parents"]] for entity in entities}
        # To Cedar an entity that is not there is one without parents: so that all decide on the same facts, it is there.
        for missing in sorted({parent for parents in self.parents.values() for parent in parents} - set(self.parents)):
            self.attrs[missing], self.parents[missing] = {}, []

    def containers(self, entity):
        """The entity and everything that contains it."""
        found, waiting = [], [entity]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.append(one)
                waiting.extend(self.parents[one])
        return found


def ztp_uid(pair):
    return {"type": ZTP_TYPES.get(pair[0], pair[0]), "id": pair[1]}


def ztp_value(value):
    if is_reference(value):
        return ztp_uid(uid(value))
    return [ztp_value(item) for item in value] if isinstance(value, list) else value


def write_ztp(app, world, requests, out):
    out.text("policy.ztp", (DATA / app / "policy.ztp").read_text(encoding="utf-8"))
    facts = []
    for entity, attrs in world.attrs.items():
        fact = {"uid": ztp_uid(entity)}
        if attrs:
            fact["attrs"] = {name: ztp_value(value) for name, value in attrs.items()}
        if world.parents[entity]:
            fact["parents"] = [ztp_uid(parent) for parent in world.parents[entity]]
        facts.append(fact)
    out.json_lines("facts.jsonl", facts)
    out.json_lines("requests.jsonl", [
        {"subject": ztp_uid(uid(request["principal"])), "action": {"name": request["action"]["id"]},
         "resource": ztp_uid(uid(request["resource"])), "context": {}} for request in requests])


def flat_uid(pair):
    return "::".join(pair)


def flat_value(value):
    """References as text, sets of them as objects, which Rego and CEL look things up in."""
    if is_reference(value):
        return flat_uid(uid(value))
    if isinstance(value, list) and all(map(is_reference, value)):
        return {flat_uid(uid(item)): True for item in value}
    return value


def flat_entity(world, entity):
    seen = {"uid": flat_uid(entity), "in": {flat_uid(one): True for one in world.containers(entity)}}
    for name, value in world.attrs[entity].items():
        # github's rules go one reference further: the permissions of the organization that owns a repository.
        further = world.attrs.get(uid(value), {}) if is_reference(value) else {}
        if any(map(is_reference, further.values())):
            seen[name] = {inner: flat_value(inner_value) for inner, inner_value in further.items()}
        else:
            seen[name] = flat_value(value)
    return seen


def write_others(app, size, world, requests, out):
    out.text("cedar/policies.cedar", (DATA / app / "policies.cedar").read_text(encoding="utf-8"))
    out.text("cedar/entities.json", read(app, size, "entities.json"))
    out.json_lines("cedar/requests.jsonl", requests)
    out.text("rego/policy.rego", (DATA / app / "policy.rego").read_text(encoding="utf-8"))
    out.json_lines("rego/inputs.jsonl", [
        {"principal": flat_entity(world, uid(request["principal"])), "action": request["action"]["id"],
         "resource": flat_entity(world, uid(request["resource"]))} for request in requests])
    out.json("cel/rules.json", json.loads((DATA / app / "cel.json").read_text(encoding="utf-8")))


def write(app, size, out):
    """Writes the workload; returns (rules, entities, [(decision, rules)] by request)."""
    world = World(json.loads(read(app, size, "entities.json")))
    requests = [json.loads(line) for line in read(app, size, "requests.jsonl").splitlines()]
    write_ztp(app, world, requests, out)
    write_others(app, size, world, requests, out)
    rules = json.loads((DATA / app / "cel.json").read_text(encoding="utf-8"))
    return len(rules), len(world.attrs), [(line.lower(), []) for line in read(app, size, "expected.txt").splitlines()]
