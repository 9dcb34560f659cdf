#!/usr/bin/env python3
"""The binary interface as it is promised: taken down, and held against the libraries.

libztp.abi and libztpc.abi are what abidw says of the functions and of the types in the public headers; constants.txt has the
values of the enumerations, which are not in them as the headers' types for them are plain integers.

Usage: abi.py dump FOLDER LIBZTP LIBZTPC        (the target abi_dump; FOLDER is this one)

Boundary: knows the headers' style: a function is declared as `ZTP_API … name(…);`, an enumerator stands in an `enum {…};`.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

SOURCES = pathlib.Path(__file__).resolve().parents[1]
HEADERS = {"libztp": "ztp.h", "libztpc": "ztp_compile.h"}
PUBLIC = tuple(HEADERS.values())


def run(*args, **kwargs):
    return subprocess.run([str(arg) for arg in args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, **kwargs)


def checked(*args, **kwargs):
    done = run(*args, **kwargs)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, args))}\n{done.stdout}{done.stderr}")
    return done.stdout


def code_of(header):
    """A header's text without comments."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", header, flags=re.DOTALL)


def functions_of(header):
    """[(return type, name, parameters)] of a header's text."""
    found = re.findall(r"^ZTP_API\s+(?:ZTP_MUST_USE\s+)?([^;{}()]*?)\b(ztp_\w+)\s*\(([^;]*?)\)\s*;", code_of(header),
                       re.MULTILINE)
    return [tuple(" ".join(part.split()) for part in function) for function in found]


def constants_of(folder):
    """The lines of constants.txt, for the headers in a folder."""
    names = []
    for header in PUBLIC:
        code = code_of((folder / header).read_text(encoding="utf-8"))
        for body in re.findall(r"\benum\s*\{([^}]*)\}", code):
            names += re.findall(r"\b(ZTP_\w+)\b", re.sub(r"=[^,]*", "", body))
        names += re.findall(r"^#define (ZTP_\w+) INT64_MAX$", code, re.MULTILINE)
    lines = "".join(f'  printf("%s %lld\\n", "{name}", (long long)({name}));\n' for name in names)
    with tempfile.TemporaryDirectory() as temporary:
        source, program = pathlib.Path(temporary, "constants.c"), pathlib.Path(temporary, "constants")
        source.write_text(f'#include <stdio.h>\n#include "ztp_compile.h"\nint main(void) {{\n{lines}}}\n', encoding="utf-8")
        checked("cc", "-std=c11", "-I", folder, source, "-o", program)
        return checked(program)


def dump(library, headers, out):
    """Writes what abidw says of a library to `out`; `headers` is a folder with the public headers and no others."""
    checked("abidw", "--drop-private-types", "--headers-dir", headers, "--exported-interfaces-only", "--no-corpus-path",
            "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed", "--no-parameter-names", "--out-file", out, library)
    text = out.read_text(encoding="utf-8")
    # What is for libztpc of the same version alone, and where it was built: no promises. (abidw's own suppressions leave the
    # declarations in.)
    text = re.sub(r"^ *<elf-symbol name='ztp_private_.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^ *<function-decl name='ztp_private_.*?</function-decl>\n", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"(<abi-instr [^>]*path=')[^']*/", r"\1", text)
    out.write_text(text, encoding="utf-8")


def stage(headers, source=SOURCES):
    for header in PUBLIC:
        (headers / header).write_bytes((source / header).read_bytes())


def main():
    if len(sys.argv) != 5 or sys.argv[1] != "dump":
        print(__doc__, file=sys.stderr)
        return 3
    folder = pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as headers:
        stage(pathlib.Path(headers))
        for name, library in zip(HEADERS, sys.argv[3:]):
            dump(library, headers, folder / f"{name}.abi")
        (folder / "constants.txt").write_text(constants_of(pathlib.Path(headers)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
