"""The files that operators take from bindings/server/deploy are what this version of ztp takes.

Usage: deploy_test.py ZTP BUILD-FOLDER
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

ZTP, BUILD = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
DEPLOY = Path(__file__).resolve().parents[2] / "bindings/server/deploy"
POLICY = """ztp 1
package gate
entity Workload
entity Model
action read on Model by Workload
route models {
  on        GET "/models/{model}"
  peer      "spiffe://acme.org/{id...}"
  principal Workload::"{id}"
  action    read
  resource  Model::"{model}"
}
permit everything { principal any action read resource any }
"""


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


class Deploy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_the_settings_serve(self):
        (self.folder / "gate.ztp").write_text(POLICY, encoding="utf-8")
        code, said = run(ZTP, "build", self.folder / "gate.ztp", "-o", self.folder / "gate.ztpb")
        self.assertEqual(code, 0, said)
        (self.folder / "facts.json").write_text("[]", encoding="utf-8")
        text = (DEPLOY / "serve.toml").read_text(encoding="utf-8")
        for place in ("/etc/ztp", "/run/ztp", "/var/lib/ztp"):
            text = text.replace(place, str(self.folder))
        (self.folder / "serve.toml").write_text(text.replace(":9090", ":0"), encoding="utf-8")
        code, said = run(ZTP, "serve", "--config", self.folder / "serve.toml", "--check")
        self.assertEqual(code, 0, said)
        # What is there as a comment is a setting, too.
        _, flags = run(ZTP, "serve", "--help")
        for name in re.findall(r"^# ([a-z-]+) = ", text, flags=re.M):
            self.assertRegex(flags, rf"--{name}\b")

    def test_the_unit_is_one(self):
        analyze = shutil.which("systemd-analyze")
        if analyze is None:
            self.skipTest("there is no systemd-analyze here")
        unit = (DEPLOY / "ztp-serve.service").read_text(encoding="utf-8")
        self.assertEqual(set(re.findall(r"/usr/bin/ztp (\S+)", unit)), {"serve"})
        (self.folder / "ztp-serve.service").write_text(unit.replace("/usr/bin/ztp", str(ZTP)), encoding="utf-8")
        code, said = run(analyze, "verify", "--man=no", self.folder / "ztp-serve.service")
        self.assertEqual((code, [line for line in said.splitlines() if "ztp-serve" in line]), (0, []), said)

    def test_flags_and_targets_are_there(self):
        _, flags = run(ZTP, "serve", "--help")
        istio = list(yaml.safe_load_all((DEPLOY / "istio.yaml").read_text(encoding="utf-8")))
        container = next(part for part in istio if part["kind"] == "Deployment")["spec"]["template"]["spec"]["containers"][0]
        recipe = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
        asked = [*container["args"], *re.findall(r"^#.*", recipe, flags=re.M)[-1].split()]
        for flag in (part for part in asked if part.startswith("--")):
            self.assertRegex(flags, rf"{flag}\b")
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        self.assertEqual([part for part in container["args"] if part.startswith(":")], [f":{ports['grpc']}", f":{ports['admin']}"])
        provider = istio[0]["spec"]["meshConfig"]["extensionProviders"][0]
        self.assertFalse(provider["envoyExtAuthzGrpc"]["failOpen"])
        policy = next(part for part in istio if part["kind"] == "AuthorizationPolicy")
        self.assertEqual(policy["spec"]["provider"]["name"], provider["name"])
        for target in re.search(r"--target (.*) -j", recipe).group(1).split():
            code, said = run("ninja", "-C", BUILD, "-t", "query", target)
            self.assertEqual(code, 0, said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
