"""The libraries export what their maps list, under the map's version, and the headers declare just that.

Usage: exports_test.py LIBZTP LIBZTPC
"""

import re
import sys

from embed import C_FOLDER, need, run

sys.path.insert(0, str(C_FOLDER / "abi"))
from abi import code_of, functions_of  # noqa: E402

PRIVATE = "ZTP_PRIVATE"
need("nm")


def listed(path):
    """{function: version} of a map."""
    names = {}
    for version, body in re.findall(r"([\w.]+)\s*\{(.*?)\}", code_of(path.read_text(encoding="utf-8")), re.DOTALL):
        parts = re.split(r"\b(global|local):", body)
        for scope, part in zip(parts[1::2], parts[2::2]):
            entries = part.replace(";", " ").split()
            if scope == "local":
                assert entries == ["*"], f"{path}: {entries}"
                continue
            for name in entries:
                assert re.fullmatch(r"ztp_\w+", name), f"{path}: {name} is no function's name"
                assert name not in names, f"{path}: {name} is there twice"
                names[name] = version
    return names


def exported(library):
    """{function: version} of a library; versions themselves are absolute symbols of their own name."""
    names, versions = {}, set()
    for line in run("nm", "-D", "--defined-only", "--with-symbol-versions", library).splitlines():
        _, kind, symbol = line.split()
        name, _, version = symbol.partition("@@")
        if kind == "A":
            versions.add(name)
            continue
        assert kind == "T", f"{library}: {line}: no function"
        names[name] = version
    assert versions == set(names.values()), f"{library}: {versions}"
    return names


def difference(a, b):
    return sorted(a.items() ^ b.items())


for library, map_name, header in zip(sys.argv[1:], ("libztp.map", "libztpc.map"), ("ztp.h", "ztp_compile.h")):
    in_map = listed(C_FOLDER / map_name)
    in_library = exported(library)
    assert in_map == in_library, f"{map_name} and {library}: {difference(in_map, in_library)}"
    declared = [name for _, name, _ in functions_of((C_FOLDER / header).read_text(encoding="utf-8"))]
    assert len(declared) == len(set(declared)), f"{header} declares a function twice"
    # However it is written: a declaration that is not recognised is one that is not held against the map.
    marks = len(re.findall(r"^(?!#).*\bZTP_API\b", (C_FOLDER / header).read_text(encoding="utf-8"), re.MULTILINE))
    assert len(declared) == marks, f"{header}: {marks} times ZTP_API, {len(declared)} declarations"
    public = {name for name, version in in_map.items() if version != PRIVATE}
    assert set(declared) == public, f"{header} and {map_name}: {sorted(set(declared) ^ public)}"
    private = set(in_map) - public
    assert all(name.startswith("ztp_private_") for name in private), private
    assert not any(name.startswith("ztp_private_") for name in public), public
    print(f"{map_name}: {len(public)} functions and {len(private)} private ones")
