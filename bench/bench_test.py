#!/usr/bin/env python3
"""The benchmarks' own tests: bench_test.py BIN. What they report is right, and what is wrong they notice; no timings."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "workloads")]

import generate
import report

BIN = pathlib.Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 else pathlib.Path()


def check(folder):
    return subprocess.run([BIN / "ztp_bench", "--check-only", folder], capture_output=True, text=True, check=False)


class ZtpBench(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        generate.write_workload("gateway-10", pathlib.Path(self.folder.name))
        self.workload = pathlib.Path(self.folder.name) / "gateway-10"

    def expect(self, line):
        path = self.workload / "expected.txt"
        lines = path.read_text().splitlines()
        path.write_text("\n".join([line(lines[0]), *lines[1:]]) + "\n")

    def test_what_is_right_passes(self):
        done = check(self.workload)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["wrong"], 0)

    def test_a_wrong_decision_fails(self):
        self.expect(lambda line: "deny" if line.startswith("allow") else "allow")
        done = check(self.workload)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["wrong"], 1)
        self.assertIn("request 1: expected", done.stderr)

    def test_a_wrong_rule_fails(self):
        self.expect(lambda line: line + " p9999")
        self.assertEqual(check(self.workload).returncode, 1)

    def test_a_decision_without_rules_asks_for_no_rules(self):
        self.expect(lambda line: line.split()[0])
        self.assertEqual(check(self.workload).returncode, 0)

    def test_missing_lines_fail(self):
        path = self.workload / "expected.txt"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
        self.assertEqual(check(self.workload).returncode, 1)

    def test_a_policy_with_errors_fails_and_says_which(self):
        path = self.workload / "policy.ztp"
        path.write_text(path.read_text().replace("device.managed", "device.manged"))
        done = check(self.workload)
        self.assertEqual(done.returncode, 1)
        self.assertIn("manged", done.stderr)


class Run(unittest.TestCase):
    def run_bench(self, out, bin):
        return subprocess.run([sys.executable, HERE / "run.py", "--bin", bin, "--out", out, "--engines", "ztp", "--seconds", "0.01",
                               "gateway-10", "labels-10"], capture_output=True, text=True, check=False)

    def test_a_run_writes_its_table(self):
        with tempfile.TemporaryDirectory() as out:
            done = self.run_bench(out, BIN)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, r"gateway-10 +\d")
            document = json.loads((pathlib.Path(out) / "results.json").read_text())
            self.assertEqual({line["workload"] for line in document["lines"]}, {"gateway-10", "labels-10"})
            self.assertIn("| gateway-10 |", (pathlib.Path(out) / "RESULTS.md").read_text())

    def test_an_engine_that_is_wrong_fails_the_run(self):
        with tempfile.TemporaryDirectory() as out:
            liar = pathlib.Path(out) / "ztp_bench"
            liar.write_text('#!/bin/sh\necho \'{"engine":"ztp","workload":"gateway-10","checked":1000,"wrong":7}\'\nexit 1\n')
            liar.chmod(0o755)
            (pathlib.Path(out) / "ztp_floor_bench").symlink_to(BIN / "ztp_floor_bench")
            done = self.run_bench(out, out)
            self.assertEqual(done.returncode, 1)
            self.assertIn("gateway-10: ztp: exit status 1", done.stderr)


class Report(unittest.TestCase):
    DOCUMENT = {
        "engines": ["ztp", "cedar", "opa", "regorus"], "skipped": {"opa": "go is not installed: skipped"},
        "floor": {"hash_ns": 11.0}, "workloads": [{"name": "gateway-1000", "cannot": {}}],
        "lines": [
            {"engine": "ztp", "workload": "gateway-1000", "requests": 10, "checked": 10, "evaluate": {"p50_ns": 42, "p99_ns": 150}},
            {"engine": "cedar", "workload": "gateway-1000", "requests": 10, "checked": 3, "evaluate": {"p50_ns": 811_000}},
            {"engine": "regorus", "workload": "gateway-1000", "requests": 10, "refused": "too big"},
        ]}

    def test_durations_and_ratios(self):
        for nanos, text in [(4.16, "4.16 ns"), (42, "42.0 ns"), (999.7, "1.00 µs"), (19_664_000, "19.7 ms"), (2e9, "2.00 s")]:
            self.assertEqual(report.duration(nanos), text)
        self.assertEqual([report.ratio(x) for x in (0.7, 3.14, 19_310)], ["0.7×", "3.1×", "19,310×"])

    def test_a_table_has_ratios_refusals_and_gaps(self):
        rows = report.Results(self.DOCUMENT).decisions()
        self.assertEqual(rows[1], ["gateway-1000", "42.0 ns", "811 µs (19,310×)", "–", "refuses"])

    def test_aims_hold_or_not(self):
        rows = {row[0]: row[-1] for row in report.goals(report.Results(self.DOCUMENT))}
        self.assertEqual(rows["gateway-1000, p50: 7 warm look-ups"], "yes")
        self.assertEqual(rows["gateway-1000, p99: 3 times p50"], "no")
        self.assertEqual(rows["gateway-1000 against Cedar"], "yes")
        self.assertNotIn("gateway-1000 against OPA", rows)

    def test_what_is_left_out_is_said(self):
        notes = report.Results(self.DOCUMENT).left_out()
        self.assertEqual(notes, ["opa: go is not installed: skipped", "gateway-1000: regorus refuses it: too big",
                                 "cedar: for want of time not all decisions were checked: 3 of 10 on gateway-1000"])


if __name__ == "__main__":
    unittest.main()
