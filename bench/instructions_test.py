#!/usr/bin/env python3
"""The guard on instructions notices what it is there for. Needs neither valgrind nor an engine."""

import contextlib
import io
import json
import os
import pathlib
import platform
import sys
import tempfile
import unittest
from unittest import mock

import instructions

DUMPS = """\
desc: Timerange: Basic block 0 - 10
desc: Trigger: Client Request: decide
events: Ir
fn=(1) f
totals: 8001
desc: Trigger: Client Request: bind_decide
events: Ir
totals: 16000
desc: Trigger: Client Request: json
events: Ir
totals: 32000
desc: Trigger: Program termination
events: Ir
totals: 0
"""

# Stands in for valgrind: writes dumps of 4 decisions where callgrind would, whatever the program.
VALGRIND = f"""\
#!/bin/sh
for argument in "$@"; do
  case "$argument" in --callgrind-out-file=*) cat > "${{argument#*=}}" <<'END'
{DUMPS}END
  esac
done
echo '{{"decisions": 4, "compiler": "13"}}'
exit ${{VALGRIND_EXIT:-0}}
"""


def document(instructions_by_figure, compiler="13"):
    return {"processor": platform.machine(), "compiler": compiler, "instructions": {"w-1": instructions_by_figure}}


class Counts(unittest.TestCase):
    def test_each_dump_has_its_count(self):
        self.assertEqual(instructions.parse_counts(DUMPS), {"decide": 8001, "bind_decide": 16000, "json": 32000})

    def test_a_dump_that_is_missing_or_empty_is_no_count_of_zero(self):
        for text in ["", DUMPS.replace("totals: 8001", "totals: 0"), DUMPS.replace("bind_decide", "other")]:
            with self.assertRaises(instructions.CannotCount):
                instructions.parse_counts(text)

    def test_other_events_are_no_instructions(self):
        with self.assertRaises(instructions.CannotCount):
            instructions.parse_counts(DUMPS.replace("events: Ir", "events: Ir Dr"))


class Faults(unittest.TestCase):
    CEILINGS = document({"decide": 110, "bind_decide": 220})

    def test_at_the_ceiling_is_fine_and_above_is_not(self):
        self.assertEqual(instructions.faults(document({"decide": 110, "bind_decide": 220}), self.CEILINGS), [])
        wrong = instructions.faults(document({"decide": 111, "bind_decide": 220}), self.CEILINGS)
        self.assertEqual(wrong, ["w-1 decide: 111 instructions, above the ceiling of 110"])

    def test_both_sides_must_have_the_figure(self):
        self.assertEqual(len(instructions.faults(document({"decide": 1}), self.CEILINGS)), 1)
        self.assertEqual(len(instructions.faults(document({"decide": 1, "bind_decide": 1, "new": 1}), self.CEILINGS)), 1)

    def test_another_compiler_is_named_but_no_fault(self):
        self.assertEqual(instructions.faults(document({"decide": 1, "bind_decide": 1}, "99"), self.CEILINGS), [])
        self.assertIn("compiler is 99", instructions.faults(document({"decide": 999, "bind_decide": 1}, "99"), self.CEILINGS)[-1])

    def test_a_loose_ceiling_is_pointed_out(self):
        self.assertIn("loose", instructions.table(document({"decide": 80}), self.CEILINGS))
        self.assertNotIn("loose", instructions.table(document({"decide": 100}), self.CEILINGS))

    def test_ceilings_are_rounded_up(self):
        self.assertEqual([instructions.ceiling_of(value) for value in (100, 101)], [110, 112])


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bin = pathlib.Path(folder.name)
        self.ceilings = self.bin / "ceilings.json"
        (self.bin / "ztp_instructions").touch()
        (self.bin / "valgrind").write_text(VALGRIND)
        (self.bin / "valgrind").chmod(0o755)

    def run_it(self, *arguments, path=None, **environment):
        path = f"{self.bin}:{os.environ['PATH']}" if path is None else path
        out = io.StringIO()
        with (mock.patch.object(sys, "argv", ["instructions.py", "--bin", str(self.bin), "--ceilings", str(self.ceilings), *arguments]),
              mock.patch.object(instructions, "WORKLOADS", ["gateway-10"]),
              mock.patch.dict(os.environ, environment | {"PATH": path}),
              contextlib.redirect_stdout(out), contextlib.redirect_stderr(out)):
            status = instructions.main()
        return status, out.getvalue()

    def edit(self, change):
        document = json.loads(self.ceilings.read_text())
        change(document)
        self.ceilings.write_text(json.dumps(document))

    def test_an_update_says_old_and_new_and_then_holds(self):
        self.assertIn("none ->     2,200", self.run_it("--update")[1])
        self.assertEqual(self.run_it()[0], 0)
        self.assertIn("2,200 ->     2,200", self.run_it("--update")[1])

    def test_a_count_above_its_ceiling_fails(self):
        self.run_it("--update")
        self.edit(lambda document: document["instructions"]["gateway-10"].update(decide=1999))
        status, out = self.run_it()
        self.assertEqual(status, 1)
        self.assertIn("gateway-10 decide: 2,000 instructions, above the ceiling of 1,999", out)

    def test_a_program_that_fails_fails(self):
        self.run_it("--update")
        self.assertEqual(self.run_it(VALGRIND_EXIT="1")[0], 1)

    def test_unlike_things_are_skipped(self):
        self.run_it("--update")
        self.assertEqual(self.run_it("--build-type", "Debug")[0], instructions.SKIPPED)
        self.assertEqual(self.run_it(path=str(self.bin / "none")), (instructions.SKIPPED, "skipped: valgrind is not installed\n"))
        self.edit(lambda document: document.update(processor="abacus"))
        self.assertEqual(self.run_it()[0], instructions.SKIPPED)

    def test_nothing_is_updated_from_what_would_be_skipped(self):
        self.assertEqual(self.run_it("--build-type", "Debug", "--update")[0], 1)
        self.assertFalse(self.ceilings.exists())


class Committed(unittest.TestCase):
    def test_every_workload_has_its_ceilings(self):
        ceilings = json.loads(instructions.CEILINGS.read_text())
        self.assertEqual(list(ceilings["instructions"]), instructions.WORKLOADS)
        self.assertTrue(all(list(row) == instructions.FIGURES for row in ceilings["instructions"].values()))


if __name__ == "__main__":
    unittest.main()
