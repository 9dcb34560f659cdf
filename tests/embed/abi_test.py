"""The binary interface is the one taken down in bindings/c/abi, and a change of it would be noticed.

The libraries themselves are held against what was taken down. What would be noticed is shown on small libraries that have
the headers' functions with empty bodies: as the headers are they agree with what was taken down, and with one change they
do not.

Usage: abi_test.py LIBZTP LIBZTPC
"""

import pathlib
import re
import subprocess
import sys
import unittest

from embed import C_FOLDER, need, run, scratch

sys.path.insert(0, str(C_FOLDER / "abi"))
import abi  # noqa: E402

LIBRARIES = dict(zip(abi.HEADERS, (sys.argv.pop(1), sys.argv.pop(1))))
AGAIN = "if the change is meant: cmake --build --preset release --target abi_dump"
# abidiff's exit code is made of these.
CHANGED, INCOMPATIBLE = 4, 8


def abidiff(*args):
    done = subprocess.run(["abidiff", *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode & ~(CHANGED | INCOMPATIBLE):
        raise AssertionError(f"abidiff failed: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.returncode, done.stdout


class Abi(unittest.TestCase):
    def setUp(self):
        self.temporary = scratch()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)
        self.headers = self.folder / "headers"
        self.headers.mkdir()
        abi.stage(self.headers)

    def change(self, header, old, new):
        """One change in a copy of a header."""
        path = self.headers / header
        text = path.read_text(encoding="utf-8")
        self.assertEqual(len(re.findall(old, text)), 1, f"{old} in {header}")
        path.write_text(re.sub(old, new, text), encoding="utf-8")

    def difference(self, name="libztp"):
        """abidiff's code and report, from what was taken down to a library with the changed headers' functions."""
        header = abi.HEADERS[name]
        functions = abi.functions_of((self.headers / header).read_text(encoding="utf-8"))
        lines = [f'#include "{header}"', 'extern "C" {']
        for kind, function, parameters in functions:
            lines.append(f"{kind} {function}({parameters}) {{ {'' if kind == 'void' else 'return {};'} }}")
        source = self.folder / "functions.cc"
        source.write_text("\n".join([*lines, "}", ""]), encoding="utf-8")
        map_file = self.folder / "functions.map"
        globals_ = "".join(f"    {function};\n" for _, function, _ in functions)
        map_file.write_text(f"ZTP_0.1 {{\n  global:\n{globals_}  local: *;\n}};\n", encoding="utf-8")
        library, dump = self.folder / "library.so", self.folder / "library.abi"
        run("c++", "-std=c++17", "-g2", "-w", "-fPIC", "-shared", "-nostdlib", "-I", self.headers,
            f"-Wl,-soname,{name}.so.0,--version-script={map_file}", "-o", library, source)
        abi.dump(library, self.headers, dump)
        return abidiff(C_FOLDER / f"abi/{name}.abi", dump)

    def test_libraries_are_as_taken_down(self):
        for name, library in LIBRARIES.items():
            with self.subTest(name):
                dump = self.folder / f"{name}.abi"
                abi.dump(library, self.headers, dump)
                code, report = abidiff(C_FOLDER / f"abi/{name}.abi", dump)
                self.assertEqual(code, 0, f"{report}\n{AGAIN}")

    def test_constants_are_as_taken_down(self):
        taken = (C_FOLDER / "abi/constants.txt").read_text(encoding="utf-8")
        self.assertEqual(abi.constants_of(self.headers), taken, AGAIN)
        self.assertIn("ZTP_MISUSE 1\n", taken)

    def test_headers_are_as_taken_down(self):
        for name in abi.HEADERS:
            code, report = self.difference(name)
            self.assertEqual(code, 0, f"{name}: {report}\n{AGAIN}")

    def test_a_new_member_is_noticed(self):
        self.change("ztp.h", r"(struct ztp_decision \{(?:[^}]*\n)*?)\};", r"\1  uint64_t injected;\n};")
        code, report = self.difference()
        self.assertTrue(code & CHANGED)
        self.assertIn("struct ztp_decision", report)
        self.assertIn("injected", report)

    def test_a_member_that_moves_is_noticed(self):
        self.change("ztp.h", r"  int64_t decided_at;\n", "")
        code, report = self.difference()
        self.assertTrue(code & CHANGED)
        self.assertIn("decided_at", report)

    def test_a_removed_function_is_noticed(self):
        self.change("ztp.h", r"ZTP_API int64_t ztp_now\(void\);", "")
        code, report = self.difference()
        self.assertTrue(code & INCOMPATIBLE)
        self.assertIn("ztp_now", report)

    def test_a_new_function_is_noticed_as_compatible(self):
        self.change("ztp.h", r"ZTP_API int64_t ztp_now\(void\);", "\\g<0>\nZTP_API int ztp_injected(void);")
        code, report = self.difference()
        self.assertEqual(code, CHANGED)
        self.assertIn("ztp_injected", report)

    def test_another_parameter_is_noticed(self):
        self.change("ztp.h", r"ztp_lease_check\(ztp_lease\* lease, int64_t now\)", "ztp_lease_check(ztp_lease* lease, int32_t now)")
        code, report = self.difference()
        self.assertTrue(code & CHANGED)
        self.assertIn("ztp_lease_check", report)

    def test_a_change_of_libztpc_is_noticed(self):
        self.change("ztp_compile.h", r"  ztp_text text;\n\} ztp_source;", "  ztp_text text;\n  int injected;\n} ztp_source;")
        code, report = self.difference("libztpc")
        self.assertTrue(code & CHANGED)
        self.assertIn("ztp_source", report)

    def test_another_constant_is_noticed(self):
        self.change("ztp.h", r"ZTP_STALE = 7,", "ZTP_STALE = 17,")
        self.assertNotEqual(abi.constants_of(self.headers), (C_FOLDER / "abi/constants.txt").read_text(encoding="utf-8"))


if __name__ == "__main__":
    need("abidw", "abidiff", "cc", "c++")
    unittest.main()
