#!/usr/bin/env python3
"""The generators themselves: the same name gives the same bytes, and what is expected is what the rules say."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import evaluate
import generate
import glob_pattern
import write_cedar
import write_rego
from model import CannotExpress, Entity, Label, Request, Rule, Test, Workload


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Generators(unittest.TestCase):
    def test_the_same_name_gives_the_same_bytes(self):
        for name in ["gateway-10", "ranges-10", "labels-10", "github-5"]:
            with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
                generate.write_workload(name, pathlib.Path(one))
                generate.write_workload(name, pathlib.Path(two))
                self.assertEqual(contents(pathlib.Path(one)), contents(pathlib.Path(two)), name)

    def test_each_workload_allows_and_denies_a_fair_share(self):
        for name in ["gateway-100", "ranges-100", "labels-100", "gdrive-20", "github-20", "tinytodo-20"]:
            with tempfile.TemporaryDirectory() as folder:
                summary = generate.write_workload(name, pathlib.Path(folder))
            share = summary["allowed"] / summary["requests"]
            self.assertTrue(0.1 < share < 0.9, f"{name}: {share}")

    def test_the_rules_of_ranges_have_bounds_sets_and_patterns_of_their_own(self):
        workload = generate.FAMILIES["ranges"](1000)
        for kind in ["between", "one_of", "like"]:
            tests = [test for rule in workload.rules for test in rule.tests if test.kind == kind]
            self.assertGreater(len(tests), 500)
            self.assertGreater(len(set(tests)) / len(tests), 0.95, kind)


class Globs(unittest.TestCase):
    def test_a_star_stops_at_a_slash_and_two_do_not(self):
        for pattern, text, wanted in [("a/*/c", "a/b/c", True), ("a/*/c", "a/b/b/c", False), ("a/**/c", "a/b/b/c", True),
                                      ("a**", "a", True), ("a.c", "abc", False), ("**b**", "abc", True)]:
            self.assertEqual(glob_pattern.matches(pattern, text), wanted, (pattern, text))

    def test_affixes(self):
        self.assertEqual(glob_pattern.affix("a/b**"), ("prefix", "a/b"))
        self.assertEqual(glob_pattern.affix("**a"), ("suffix", "a"))
        self.assertEqual(glob_pattern.affix("**a**"), ("infix", "a"))
        for pattern in ["a/*", "a*b**", "abc", "*a"]:
            self.assertIsNone(glob_pattern.affix(pattern), pattern)


def world(rules):
    eu = Label(1, frozenset({"pii"}), frozenset({"eu", "us"}))
    entities = [Entity("Team", "red"), Entity("Workload", "w", {"clearance": eu}, [("Team", "red")]),
                Entity("Dataset", "raw", {"label": eu, "hold": True}),
                Entity("Dataset", "clean", {"label": Label(0, frozenset({"phi"}), frozenset({"eu"})), "hold": False},
                       derives=[("Dataset", "raw")]),
                Entity("Model", "m", {"label": Label(0, frozenset(), frozenset({"eu", "us"}))}, derives=[("Dataset", "clean")])]
    device = {"issued_at": 0, "expires_at": 60_000_000}
    requests = [Request(("Workload", "w"), "infer", ("Model", "m"), {"device": device}, now) for now in (0, 30_000_000, 60_000_000)]
    return Workload("test", "bench.test", "", "Workload", "Model", {"serve": ["infer"], "change": ["tune"]}, rules, entities,
                    requests)


def decisions(*tests, effect="permit", action=None):
    everything = Rule("all", "permit", None, None, None, [])
    rule = Rule("one", effect, ("Team", "red"), action, None, list(tests))
    return [decision for decision, _ in evaluate.decide_all(world([rule] if effect == "permit" else [everything, rule]))]


class Expected(unittest.TestCase):
    def test_scopes(self):
        self.assertEqual(decisions(action=("eq", "infer")), ["allow"] * 3)
        self.assertEqual(decisions(action=("in", "serve")), ["allow"] * 3)
        self.assertEqual(decisions(action=("in", "change")), ["deny"] * 3)

    def test_a_forbid_wins_and_is_named(self):
        self.assertEqual(decisions(effect="forbid"), ["deny"] * 3)

    def test_labels_join_over_ancestors(self):
        effective = evaluate.effective_label(world([]), ("Model", "m"))
        self.assertEqual(effective, Label(1, frozenset({"pii", "phi"}), frozenset({"eu"})))
        self.assertEqual(decisions(Test("flows_to", "resource.label", effective)), ["allow"] * 3)
        self.assertEqual(decisions(Test("exceeds", "resource.label", effective)), ["deny"] * 3)
        self.assertEqual(decisions(Test("flows_to", "resource.label", "principal.clearance")), ["deny"] * 3)

    def test_ancestors(self):
        held = Test("true", "ancestor.hold")
        self.assertEqual(decisions(Test("ancestor", "", held)), ["allow"] * 3)
        self.assertEqual(decisions(Test("no_ancestor", "", held)), ["deny"] * 3)

    def test_evidence_is_fresh_for_a_while_and_stale_from_then_on(self):
        self.assertEqual(decisions(Test("fresh", "context.device", 10)), ["allow", "allow", "deny"])
        self.assertEqual(decisions(Test("stale", "context.device", 10), effect="forbid"), ["allow", "allow", "deny"])

    def test_what_cannot_be_said_is_not_written(self):
        with self.assertRaises(CannotExpress):
            write_cedar.condition(Test("ancestor", "", Test("true", "ancestor.hold")))
        self.assertEqual(write_rego.statements(Test("true", "ancestor.hold"), "x"), ["x.hold == true"])


if __name__ == "__main__":
    unittest.main()
