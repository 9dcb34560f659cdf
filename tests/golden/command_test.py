"""What `ztp test` makes of several paths: each folder is a policy of its own, and the summary is of all.

Usage: command_test.py ZTP
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ZTP = str(pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/bin/ztp").resolve())

POLICY = """ztp 1
package gate
entity User {{ admin: Bool }}
entity Doc
action read on Doc by User
permit admins {{ principal u: User action read resource any when u.admin }}
test "{name}" {{
  entity ann = User::"ann" {{ admin: true }}
  entity d = Doc::"d"
  expect {expect} ann read d
}}
"""
GOLDEN = "{name}\n\n== policy gate.ztp ==\n{policy}\n== tests ==\npass  gate: {name}\n1 passed, 0 failed\n"
SHARED = "ztp 1\npackage shared\nentity User { admin: Bool }\nentity Doc\naction read on Doc by User\n"
ROOT = ('ztp 1\npackage root\nimport shared\npermit admins { principal u: User action read resource any when u.admin }\n'
        'test "both files" { entity ann = User::"ann" { admin: true } entity d = Doc::"d" expect allow ann read d }\n')


def policy(name, expect="allow"):
    return POLICY.format(name=name, expect=expect)


class Paths(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)
        self.write("a/gate.ztp", policy("of a"))
        self.write("b/gate.ztp", policy("of b"))
        self.write("b/deep/golden.golden", GOLDEN.format(name="golden", policy=policy("golden")))
        self.write("bad/gate.ztp", policy("of bad").replace("u.admin", "u.admim"))
        self.write("none/gate.ztp", policy("x").split("test ")[0])
        self.write("one/shared.ztp", SHARED)
        self.write("two/root.ztp", ROOT)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def ztp_test(self, *paths, code=0):
        result = subprocess.run([ZTP, "test", *paths], capture_output=True, text=True, cwd=self.folder)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def test_each_folder_is_a_policy_and_they_come_in_order(self):
        for paths, lines in [
            (["a"], ["pass  gate: of a"]),
            (["b", "a"], ["pass  b: gate: of b", "pass  b/deep: golden", "pass  a: gate: of a"]),
            (["a/", "b/deep/golden.golden", "./b", "a"],
             ["pass  a: gate: of a", "pass  b/deep: golden", "pass  b: gate: of b"]),
            (["a", "a/gate.ztp"], ["pass  gate: of a"]),
            (["one/shared.ztp", "a", "two/root.ztp"], ["pass  one/shared.ztp: root: both files", "pass  a: gate: of a"]),
        ]:
            with self.subTest(paths):
                result = self.ztp_test("-v", *paths)
                self.assertEqual(result.stdout.splitlines(), [*lines, f"{len(lines)} passed, 0 failed"])
                self.assertEqual(result.stderr, "")

    def test_a_policy_with_errors_fails_and_the_others_go_on(self):
        result = self.ztp_test("-v", "a", "bad", "b", code=1)
        self.assertEqual(result.stdout.splitlines(), [
            "pass  a: gate: of a", "FAIL  bad: compiles", "      bad", "        the policy has errors", "pass  b: gate: of b",
            "pass  b/deep: golden", "3 passed, 1 failed"])
        self.assertIn("bad/gate.ztp:6", result.stderr)
        suites = xml.etree.ElementTree.fromstring(self.ztp_test("--format", "junit", "a", "bad", code=1).stdout)
        self.assertEqual({s.get("name"): s.get("failures") for s in suites}, {"a: gate": "0", "bad": "1"})

    def test_a_folder_of_policies_is_none(self):
        self.write("all/a/gate.ztp", policy("of a"))
        self.write("all/b/gate.ztp", policy("of b"))
        self.assertIn("name each, as all/*/ does", self.ztp_test("all", code=1).stdout)
        self.assertIn("2 passed", self.ztp_test("all/a", "all/b").stdout)

    def test_a_failure_says_of_which_folder_it_is(self):
        self.write("b/gate.ztp", policy("of b", expect="deny"))
        tests = json.loads(self.ztp_test("--format", "json", "a", "b", code=1).stdout)["tests"]
        self.assertEqual([(t["suite"], t["passed"]) for t in tests],
                         [("a: gate", True), ("b: gate", False), ("b/deep", True)])
        self.assertEqual(tests[1]["failures"][0]["place"].split(":")[0], "b/gate.ztp")

    def test_no_tests(self):
        self.assertIn("none: there are no tests here", self.ztp_test("a", "none").stderr)
        self.assertIn("none: there are no tests here", self.ztp_test("none", code=1).stderr)
        self.assertIn("no test matches 'of c'", self.ztp_test("a", "b", "--filter", "of c", code=1).stderr)
        self.assertIn("1 passed", self.ztp_test("a", "b", "--filter", "of b").stdout)
        self.assertIn("nowhere: there is no such file", self.ztp_test("a", "nowhere", code=4).stderr)

    def test_coverage_is_by_policy(self):
        self.assertEqual(self.ztp_test("--coverage", "a", "none", code=0).stdout.splitlines(), [
            "a:", "not covered by tests:", "  gate.admins", "    a/gate.ztp:6:65: always true: u.admin",
            "coverage: 1 of 1 rules decided, 0 of 1 clauses seen both true and not true",
            "none:", "not covered by tests:", "  gate.admins: never in scope", "    none/gate.ztp:6:65: never evaluated: u.admin",
            "coverage: 0 of 1 rules decided, 0 of 1 clauses seen both true and not true", "1 passed, 0 failed"])


if __name__ == "__main__":
    unittest.main()
