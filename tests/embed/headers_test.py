"""Each public header compiles alone, as every language version that it is for, without a warning.

Usage: headers_test.py
"""

import pathlib
import re

from embed import C_FOLDER, WARNINGS, compilers, run, scratch

C, CXX = ["c11", "gnu17"], ["c++11", "c++20"]
HEADERS = {"ztp.h": (C, CXX), "ztp_compile.h": (C, CXX), "ztp.hpp": ([], ["c++17", "c++20"])}


def uses(header):
    """A program that includes a header twice and uses what it defines as macros, which else nobody compiles."""
    text = (C_FOLDER / header).read_text(encoding="utf-8")
    lines = [f'#include "{header}"'] * 2 + ["void use(void);", "void use(void) {"]
    initialisers = re.findall(r"^#define (ZTP_(\w+)_INIT)\b", text, re.MULTILINE)
    for macro, name in initialisers:
        lines += [f"  ztp_{name.lower()} {name.lower()} = {macro};", f"  (void){name.lower()};"]
    lines += ['  ztp_text text = ZTP_TEXT("text");', "  (void)text;", "  (void)ZTP_FOREVER;", "}", ""]
    assert initialisers or header != "ztp.h"
    return "\n".join(lines)


with scratch() as name:
    count = 0
    for header, (c, cxx) in HEADERS.items():
        for suffix, versions, names in ("c", c, ("cc", "gcc", "clang")), ("cc", cxx, ("c++", "g++", "clang++")):
            source = pathlib.Path(name, f"{header}.{suffix}")
            source.write_text(uses(header), encoding="utf-8")
            for version in versions:
                for compiler in compilers(*names):
                    run(compiler, f"-std={version}", *WARNINGS, "-Wshadow", "-I", C_FOLDER, "-fsyntax-only", source)
                    count += 1
    print(f"{count} compilations")
