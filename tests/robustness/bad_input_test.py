"""Bad input never crashes the command: each case gives a clear error in bounded memory.

Usage: bad_input_test.py ZTP
"""
import os
import resource
import subprocess
import sys
import tempfile
import unittest

ZTP = sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/bin/ztp"
POLICY = """ztp 1
package a
entity User { n: Int }
entity Doc { d: Decimal }
action read on Doc by User
permit p {
  principal u: User
  action    read
  resource  any
  when      u.n > 0
}
"""
MEMORY = 1 << 30


class Outcome:
    def __init__(self, process, peak):
        self.code = process.returncode
        self.text = (process.stdout + process.stderr).decode("utf-8", "replace")
        self.peak = peak


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.policy = self.write("good.ztp", POLICY)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, content):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def run_ztp(self, *args, stdin=b""):
        """Runs the command with an address space limit, so that unbounded memory is a failure and no nuisance."""
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY, 4 * MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        process = subprocess.run([ZTP, *args], input=stdin, capture_output=True, preexec_fn=limit, timeout=300)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        return Outcome(process, peak)

    def assert_refused(self, outcome, *parts):
        self.assertEqual(outcome.code, 1, outcome.text[:2000])
        self.assertLess(outcome.peak, MEMORY)
        for part in parts:
            self.assertIn(part, outcome.text)

    def check(self, content, *parts):
        self.assert_refused(self.run_ztp("check", self.write("bad.ztp", content)), *parts)

    def decide(self, facts, request, *parts):
        facts_path = self.write("facts.json", facts)
        self.assert_refused(self.run_ztp("decide", "-p", self.policy, "-f", facts_path, stdin=request), *parts)

    def test_nested_parentheses(self):
        self.check("ztp 1\npackage a\nconst c = " + "(" * 50000 + "1" + ")" * 50000 + "\n", "ZTP1004", "bad.ztp:3")

    def test_nested_everything(self):
        for opening, middle, closing in [("[", "1", "]"), ("{ ", "1", " }"), ("not ", "true", ""), ("-", "1", ""),
                                         ("if true then ", "1", " else 2"), ("f(", "1", ")"), ("1 ?? ", "2", "")]:
            self.check("ztp 1\npackage a\nconst c = " + opening * 50000 + middle + closing * 50000 + "\n", "error[ZTP")

    def test_long_chains_are_no_nesting(self):
        text = POLICY + "const c = " + " + ".join(["1"] * 20000) + "\n"
        outcome = self.run_ztp("check", self.write("long.ztp", text))
        self.assertIn(outcome.code, (0, 1), outcome.text[:2000])
        self.assertLess(outcome.peak, MEMORY)

    def test_100_mb_file(self):
        self.check(b"// " + b"x" * (100 << 20), "bad.ztp")

    def test_invalid_utf8(self):
        self.check(b"ztp 1\npackage a\n// \xff\xfe\n", "ZTP1002", "bad.ztp:3")

    def test_nul_bytes(self):
        self.check(b"ztp 1\npackage a\x00b\n", "ZTP1003", "bad.ztp:2")

    def test_truncated(self):
        for cut in range(1, len(POLICY) - 2, 7):
            outcome = self.run_ztp("check", self.write("cut.ztp", POLICY[:cut]))
            self.assertIn(outcome.code, (0, 1), outcome.text)

    def test_numbers_beyond_64_bits(self):
        self.check("ztp 1\npackage a\nconst c = 9223372036854775808\n", "bad.ztp:3", "64")
        self.decide('[{"uid": {"type": "User", "id": "u"}, "attrs": {"n": 99999999999999999999}}]', b"{}", "$[0].attrs.n")
        self.decide('[{"uid": {"type": "Doc", "id": "d"}, "attrs": {"d": 1e400}}]', b"{}", "$[0].attrs.d")

    def test_json_bomb(self):
        self.decide("[" * 100000, b"{}", "facts.json:1")
        self.decide("[]", b'{"a":' * 100000, "error[ZTP")

    def test_facts_that_are_no_json(self):
        for text in ("", "{", "[1,]", '{"uid": }', "\xff", '[{"uid": {"type": "User", "id": "u"}, "attrs": {"n": 1, "n": 2}}]'):
            if text:
                self.decide(text, b"{}", "error[ZTP")

    def test_bundles_that_are_none(self):
        for name, content in (("empty.ztpb", b""), ("text.ztpb", b"hello, this is no bundle"),
                              ("header.ztpb", b"\x10\0\0\0ZTPB" + b"\xff" * 64)):
            path = self.write(name, content)
            self.assert_refused(self.run_ztp("decide", "-p", path, stdin=b"{}"), name)

    def test_bundles_that_are_no_files(self):
        folder = os.path.join(self.folder.name, "folder.ztpb")
        os.mkdir(folder)
        pipe = os.path.join(self.folder.name, "pipe.ztpb")
        os.mkfifo(pipe)
        huge = self.write("huge.ztpb", b"")
        os.truncate(huge, 8 << 30)
        for path in (folder, pipe, huge):
            self.assert_refused(self.run_ztp("decide", "-p", path, stdin=b"{}"), os.path.basename(path))

    def test_a_bundle_cut_off(self):
        path = os.path.join(self.folder.name, "whole.ztpb")
        self.assertEqual(self.run_ztp("build", self.policy, "-o", path).code, 0)
        with open(path, "rb") as f:
            whole = f.read()
        for size in range(1, len(whole), len(whole) // 9):
            self.assert_refused(self.run_ztp("decide", "-p", self.write("cut.ztpb", whole[:size]), stdin=b"{}"), "cut.ztpb")

    def test_a_policy_that_costs_more_than_is_allowed(self):
        bundle = os.path.join(self.folder.name, "dear.ztpb")
        build = ("build", self.policy, "-o", bundle)
        outcome = self.run_ztp(*build, "--max-scratch", "1000")
        self.assert_refused(outcome, "action read can take", "bytes of working memory (--max-scratch); at most 1000")
        self.assertFalse(os.path.exists(bundle), "nothing is written")
        self.assertEqual(self.run_ztp(*build, "--max-scratch", "1000000", "--max-tests", "1").code, 0)
        self.assertTrue(os.path.exists(bundle))

    def test_facts_files(self):
        facts = self.write("facts.jsonl", b'{"uid":"User::\\"u\\"","attrs":{"n":1}}\n{"uid":"Doc::\\"d\\"","attrs":{"d":"0.5"}}\n')
        path = os.path.join(self.folder.name, "whole.ztpf")
        self.assertEqual(self.run_ztp("facts", "build", "-p", self.policy, facts, "-o", path).code, 0)
        request = b'{"subject":{"type":"User","id":"u"},"action":{"name":"read"},"resource":{"type":"Doc","id":"d"}}'
        decided = [self.run_ztp("decide", "-p", self.policy, "-f", f, stdin=request) for f in (facts, path)]
        self.assertEqual((decided[0].code, decided[0].text), (0, decided[1].text))
        info = self.run_ztp("facts", "info", path, "-p", self.policy)
        self.assertEqual(info.code, 0)
        self.assertIn("User  1", info.text)

        def refused(name, *parts):
            self.assert_refused(self.run_ztp("decide", "-p", self.policy, "-f", name, stdin=request), *parts)
        with open(path, "rb") as f:
            whole = f.read()
        for size in range(8, len(whole), len(whole) // 9):
            refused(self.write("cut.ztpf", whole[:size]), "cut.ztpf: the facts file should have")
        for at in (70, 300, len(whole) // 2, len(whole) - 1):
            refused(self.write("bad.ztpf", whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]), "is damaged")
        self.assert_refused(self.run_ztp("decide", "-p", self.policy, "-f", path, "-f", facts, stdin=request), "give it alone")
        other = self.write("other.ztp", POLICY.replace("n: Int", "n: Int, more?: Int"))
        self.assert_refused(self.run_ztp("decide", "-p", other, "-f", path, stdin=request), "made for another policy")
        rules = self.write("rules.ztp", POLICY.replace("u.n > 0", "u.n > 5"))
        self.assertEqual(self.run_ztp("decide", "-p", rules, "-f", path, stdin=request).code, 2)
        self.assert_refused(self.run_ztp("facts", "info", facts), "no facts file")
        unwritten = self.run_ztp("facts", "build", "-p", self.policy, facts, "-o", os.path.join(self.folder.name, "no", "x.ztpf"))
        self.assertEqual(unwritten.code, 4)

    def test_wrong_usage_and_missing_files(self):
        self.assertEqual(self.run_ztp().code, 3)
        self.assertEqual(self.run_ztp("chekc").code, 3)
        outcome = self.run_ztp("check", os.path.join(self.folder.name, "none.ztp"))
        self.assertEqual(outcome.code, 4)
        self.assertIn("none.ztp", outcome.text)


if __name__ == "__main__":
    unittest.main()
