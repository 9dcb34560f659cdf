#!/usr/bin/env python3
"""Holds the sources against the rules of the architecture.

1. Every #include "engine/..." or "bindings/..." goes to the same folder or to one below it (engine/LAYERS).
2. In engine/ only one file has try, catch or throw: the one that guards ANTLR.
3. ANTLR, its generated parser included, is seen in engine/syntax only.
4. engine/core is freestanding: it includes itself and the standard library, no package.
5. XML libraries are seen in engine/rim only, and bindings/cli alone stands on that: no host's process gets one.

Usage: check_layers.py [ROOT]     prints what is wrong, a line each: PATH:LINE: WHAT
"""

import pathlib
import re
import sys

SOURCE_SUFFIXES = {".h", ".hpp", ".cc", ".inc", ".def"}
EXCEPTION_GUARD = "engine/syntax/parse_guard.cc"
ANTLR_FOLDER = "engine/syntax/"

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
EXCEPTION_WORD = re.compile(r"\b(try|catch|throw)\b")
ANTLR_HEADER = re.compile(r"(^|/)(antlr4-runtime\.h|antlr4-\w+|Ztp(Lexer|Parser)\w*\.h)")
XML_FOLDER = "engine/rim/"
XML_HEADER = re.compile(r"^(libxml2|libxml|xmlsec1|xmlsec|libxslt)/")


def read_layers(text):
    """The table as {folder: set of folders it may include}, closed under inclusion."""
    direct, tests_only = {}, {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        if ":" not in line:
            raise ValueError(f"engine/LAYERS:{number}: no colon")
        folder, rest = (part.strip() for part in line.split(":", 1))
        if folder in direct:
            raise ValueError(f"engine/LAYERS:{number}: {folder} is there twice")
        allowed, _, extra = rest.partition("+")
        direct[folder] = allowed.split()
        tests_only[folder] = extra.split()
    for folder, below in direct.items():
        for name in below + tests_only[folder]:
            if name not in direct:
                raise ValueError(f"engine/LAYERS: {folder} names {name}, which has no line")

    closed = {}

    def close(folder, path):
        if folder in path:
            raise ValueError("engine/LAYERS: a circle: " + " -> ".join(path + [folder]))
        if folder not in closed:
            reach = {folder}
            for name in direct[folder]:
                reach |= close(name, path + [folder])
            closed[folder] = reach
        return closed[folder]

    for folder in direct:
        close(folder, [])
    tests = {folder: set().union(closed[folder], *(closed[name] for name in tests_only[folder]))
             for folder in direct}
    return closed, tests


def layer_of(path):
    """The layer of a path from the root: "sema" for engine/sema/x.h, "bindings/cli" for bindings/cli/x.h."""
    parts = path.split("/")
    if parts[0] == "engine" and len(parts) > 2:
        return parts[1]
    if parts[0] == "bindings" and len(parts) > 2:
        return "bindings/" + parts[1]
    return None


def code_only(text):
    """The text with comments, strings and characters blanked out; newlines stay."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)"'
        r"|\"(?:\\.|[^\"\\\n])*\"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'", re.DOTALL)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def check_file(path, text, closed, tests):
    """Yields (line, what) for each fault of one file; `path` is from the root, with slashes."""
    layer = layer_of(path)
    if layer is None:
        return
    if layer not in closed:
        yield 1, f"the folder {layer} has no line in engine/LAYERS"
        return
    is_test = path.endswith(("_test.cc", "_testing.h")) or "_test_" in path.rsplit("/", 1)[1]
    allowed = tests[layer] if is_test else closed[layer]
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        header = match.group(2)
        target = layer_of(header)
        if target is not None and target not in allowed:
            yield number, f"{layer} may not include {target}: {header}"
        if ANTLR_HEADER.search(header) and not path.startswith(ANTLR_FOLDER):
            yield number, f"only {ANTLR_FOLDER} may include ANTLR: {header}"
        if XML_HEADER.search(header) and not path.startswith(XML_FOLDER):
            yield number, f"only {XML_FOLDER} may include XML libraries: {header}"
        if target == "rim" and layer not in ("rim", "bindings/cli"):
            yield number, f"only bindings/cli may include rim: {header}"
        if layer == "core" and not is_test and target is None and "/" in header:
            yield number, f"core stands on no package: {header}"
    if path.startswith("engine/") and path != EXCEPTION_GUARD:
        for number, line in enumerate(code_only(text).splitlines(), 1):
            match = EXCEPTION_WORD.search(line)
            if match:
                yield number, f"'{match.group(1)}' stands in {EXCEPTION_GUARD} only"


def sources(root):
    for top in ("engine", "bindings"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in SOURCE_SUFFIXES and path.is_file():
                yield path


def check(root):
    closed, tests = read_layers((root / "engine/LAYERS").read_text(encoding="utf-8"))
    faults, count = [], 0
    for path in sources(root):
        count += 1
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8", errors="replace")
        faults.extend(f"{name}:{line}: {what}" for line, what in check_file(name, text, closed, tests))
    return faults, count


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    try:
        faults, count = check(root)
    except ValueError as error:
        print(error)
        return 1
    for fault in faults:
        print(fault)
    print(f"{count} files held against engine/LAYERS: {len(faults)} faults")
    return 1 if faults or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
