"""What is decided about, and requests: data for ztp and for OPA, and what each request's decision must be.

Boundary: makes data; the same seed makes the same. `expected` says the policy once more, in Python.
"""

import json
import random

WORKLOADS, MODELS, TEAMS, REQUESTS = 1000, 200, 40, 1000
INSIDE, OUTSIDE = "10.1.2.3", "203.0.113.9"


class World:
    def __init__(self, seed=1):
        draw = random.Random(seed)
        self.workloads = {f"workload-{i:04}": {
            "teams": sorted(draw.sample(range(TEAMS), draw.randint(1, 3))), "tier": draw.randint(0, 4),
            "suspended": draw.random() < 0.03} for i in range(WORKLOADS)}
        self.models = {f"model-{i:03}": {
            "teams": sorted(draw.sample(range(TEAMS), draw.randint(1, 6))), "open": draw.random() < 0.3,
            "controlled": draw.random() < 0.1, "smallest_tier": draw.randint(0, 3)} for i in range(MODELS)}
        self.requests = [self.draw_request(draw) for _ in range(REQUESTS)]

    def draw_request(self, draw):
        workload = draw.choice(list(self.workloads))
        teams = set(self.workloads[workload]["teams"])
        own = [name for name, model in self.models.items() if teams & set(model["teams"])]
        model = draw.choice(own if own and draw.random() < 0.7 else list(self.models))
        return {"workload": workload, "model": model, "action": draw.choices(["infer", "embed", "describe"], [6, 2, 2])[0],
                "max_tokens": draw.choice([64, 256, 512, 1024, 4096, 8192]), "source_ip": draw.choice([INSIDE] * 9 + [OUTSIDE])}

    def expected(self, request, source_ip=None):
        workload, model = self.workloads[request["workload"]], self.models[request["model"]]
        shared = bool(set(workload["teams"]) & set(model["teams"]))
        if request["action"] == "describe":
            permitted = model["open"] or shared
        else:
            permitted = (shared and workload["tier"] >= model["smallest_tier"] and request["max_tokens"] <= 4096) or (
                model["open"] and request["max_tokens"] <= 512)
        inside = (source_ip or request["source_ip"]) != OUTSIDE
        return permitted and not workload["suspended"] and (inside or not model["controlled"])

    def write_facts(self, path):
        def team(number):
            return {"type": "Team", "id": f"team-{number}"}
        lines = [{"uid": team(i)} for i in range(TEAMS)]
        lines += [{"uid": {"type": "Workload", "id": name}, "attrs": {"tier": w["tier"], "suspended": w["suspended"]},
                   "parents": [team(i) for i in w["teams"]]} for name, w in self.workloads.items()]
        lines += [{"uid": {"type": "Model", "id": name}, "attrs": {**m, "teams": [team(i) for i in m["teams"]]}}
                  for name, m in self.models.items()]
        path.write_text("\n".join(json.dumps(line) for line in lines) + "\n")

    def write_data(self, path):
        path.write_text(json.dumps({
            "workloads": {name: {**w, "teams": [f"team-{i}" for i in w["teams"]]} for name, w in self.workloads.items()},
            "models": {name: {**m, "teams": {f"team-{i}": True for i in m["teams"]}} for name, m in self.models.items()}}))

    @staticmethod
    def authzen(request):
        action = {"name": request["action"]}
        if request["action"] != "describe":
            action["properties"] = {"max_tokens": request["max_tokens"]}
        return {"subject": {"type": "Workload", "id": request["workload"]}, "action": action,
                "resource": {"type": "Model", "id": request["model"]}, "context": {"source_ip": request["source_ip"]}}

    @staticmethod
    def http(request):
        """(method, path, body)"""
        if request["action"] == "describe":
            return "GET", f"/v1/models/{request['model']}", ""
        path = {"infer": "/v1/chat/completions", "embed": "/v1/embeddings"}[request["action"]]
        body = {"model": request["model"], "max_tokens": request["max_tokens"],
                "messages": [{"role": "user", "content": "What is the capital of Ecuador, and how high is it?"}]}
        return "POST", path, json.dumps(body)

    def check_request(self, request):
        """Envoy's CheckRequest, as JSON for ghz."""
        method, path, body = self.http(request)
        headers = {":method": method, ":path": path, ":authority": "models.example.org", ":scheme": "http",
                   "x-workload": request["workload"], "user-agent": "openai-python/2.1", "accept": "application/json",
                   "x-request-id": "6c5d2f0e-4a0b-4b5e-9d4e-0f6b1a2c3d4e", "x-forwarded-proto": "http"}
        if body:
            headers |= {"content-type": "application/json", "content-length": str(len(body)), "x-envoy-auth-partial-body": "false"}
        return {"attributes": {
            "source": {"address": {"socket_address": {"address": request["source_ip"], "port_value": 40000}}},
            "request": {"http": {"method": method, "headers": headers, "path": path, "host": "models.example.org",
                                 "scheme": "http", "size": len(body), "protocol": "HTTP/1.1", "body": body}}}}
