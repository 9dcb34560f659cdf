#!/usr/bin/env python3
"""That check_layers.py finds what it is there to find."""

import pathlib
import tempfile
import unittest

import check_layers

LAYERS = """
core:
base: core     # a comment
syntax: base
sema: syntax
facts: base + sema
rim: facts
bindings/cli: sema rim
"""


class LayersTest(unittest.TestCase):
    def faults(self, path, text):
        closed, tests = check_layers.read_layers(LAYERS)
        return [what for _, what in check_layers.check_file(path, text, closed, tests)]

    def test_an_include_downwards_is_fine(self):
        self.assertEqual(self.faults("engine/sema/a.cc", '#include "engine/core/time.h"\n'), [])
        self.assertEqual(self.faults("engine/sema/a.cc", '#include "engine/sema/b.h"\n'), [])
        self.assertEqual(self.faults("bindings/cli/a.cc", '#include "engine/base/b.h"\n'), [])

    def test_an_include_upwards_is_found(self):
        self.assertEqual(self.faults("engine/base/a.h", '#include "engine/sema/b.h"\n'),
                         ["base may not include sema: engine/sema/b.h"])
        self.assertEqual(self.faults("engine/sema/a.h", '#  include "bindings/cli/b.h"\n'),
                         ["sema may not include bindings/cli: bindings/cli/b.h"])

    def test_a_sideways_include_is_found_but_in_tests_where_the_table_says_so(self):
        line = '#include "engine/sema/b.h"\n'
        self.assertEqual(len(self.faults("engine/facts/a.cc", line)), 1)
        self.assertEqual(self.faults("engine/facts/a_test.cc", line), [])

    def test_an_unknown_folder_is_found(self):
        self.assertEqual(len(self.faults("engine/extra/a.h", "")), 1)
        self.assertEqual(len(self.faults("engine/base/a.h", '#include "engine/extra/b.h"\n')), 1)

    def test_exceptions_are_found_outside_the_guard(self):
        code = "void F() {\n  try { G(); } catch (...) { throw; }\n}\n"
        self.assertEqual(len(self.faults("engine/sema/a.cc", code)), 1)
        self.assertEqual(self.faults(check_layers.EXCEPTION_GUARD, code), [])
        self.assertEqual(self.faults("bindings/cli/main.cc", code), [])

    def test_words_in_comments_and_strings_are_no_code(self):
        text = "// try\n/* catch\nthrow */ const char* s = \"try \\\" throw\"; char c = '\\'';\n" \
               "auto r = R\"x(catch \")x\"; int64_t n = 1'000'000; bool retry;\n"
        self.assertEqual(self.faults("engine/sema/a.cc", text), [])
        self.assertEqual(len(self.faults("engine/sema/a.cc", text + "throw 1;\n")), 1)

    def test_xml_is_found_outside_rim(self):
        for header in ("libxml/tree.h", "xmlsec/xmlsec.h"):
            line = f"#include <{header}>\n"
            self.assertEqual(len(self.faults("engine/facts/a.cc", line)), 1)
            self.assertEqual(len(self.faults("bindings/cli/a.cc", line)), 1)
            self.assertEqual(self.faults("engine/rim/a.cc", line), [])
        line = '#include "engine/rim/b.h"\n'
        self.assertEqual(len(self.faults("engine/sema/a.cc", line)), 2)
        self.assertEqual(self.faults("bindings/cli/a.cc", line), [])

    def test_antlr_is_found_outside_syntax(self):
        for header in ('"antlr4-runtime.h"', "<antlr4-runtime/antlr4-runtime.h>", '"ZtpParser.h"',
                       '"ZtpParserBaseVisitor.h"'):
            line = f"#include {header}\n"
            self.assertEqual(len(self.faults("engine/sema/a.cc", line)), 1, header)
            self.assertEqual(self.faults("engine/syntax/a.cc", line), [], header)

    def test_core_stands_on_no_package(self):
        line = '#include "absl/strings/str_cat.h"\n'
        self.assertEqual(len(self.faults("engine/core/a.h", line)), 1)
        self.assertEqual(self.faults("engine/base/a.h", line), [])
        self.assertEqual(self.faults("engine/core/a.h", "#include <cstdint>\n"), [])

    def test_a_bad_table_is_refused(self):
        for table in ("a: b\n", "a:\na:\n", "a: b\nb: a\n", "a\n", "a: + b\n"):
            with self.assertRaises(ValueError, msg=table):
                check_layers.read_layers(table)

    def test_a_whole_tree(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "engine/base").mkdir(parents=True)
            (root / "engine/LAYERS").write_text(LAYERS)
            (root / "engine/base/a.cc").write_text('#include <vector>\n#include "engine/facts/f.h"\n')
            faults, count = check_layers.check(root)
            self.assertEqual(count, 1)
            self.assertEqual(faults, ["engine/base/a.cc:2: base may not include facts: engine/facts/f.h"])


if __name__ == "__main__":
    unittest.main()
