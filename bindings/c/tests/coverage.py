#!/usr/bin/env python3
"""Fails when a function of the C headers has no test of a good or of a bad call.

A good call stands in WORKS(…), ALLOWS(…) or CHECK(…), or is a call of a *_free; a bad one in FAILS(…), FAILS_SAYING(…) or
REFUSES(…). Usage: coverage.py HEADER... -- TEST...
"""

import re
import sys


def functions(header):
    text = re.sub(r"/\*.*?\*/", " ", open(header, encoding="utf-8").read(), flags=re.S)
    return set(re.findall(r"ZTP_API[^;]*?\b(ztp_\w+)\s*\(", text))


def called_in(text, macros):
    """The ztp_ functions called within the arguments of any of these macros."""
    names = set()
    for match in re.finditer(r"\b(?:%s)\s*\(" % "|".join(macros), text):
        depth, at = 1, match.end()
        while depth and at < len(text):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        names |= set(re.findall(r"\b(ztp_\w+)\s*\(", text[match.end():at]))
    return names


def main():
    split = sys.argv.index("--")
    wanted = set().union(*(functions(header) for header in sys.argv[1:split]))
    text = "\n".join(open(test, encoding="utf-8").read() for test in sys.argv[split + 1:])
    text = re.sub(r"#define.*?[^\\]\n", "\n", text, flags=re.S)
    text = re.sub(r'"(?:\\.|[^"\\])*"', '""', text)
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    good = called_in(text, ["WORKS", "CHECK", "ALLOWS"]) | set(re.findall(r"^\s*(ztp_\w+_free)\(", text, flags=re.M))
    good |= set(re.findall(r"error = (ztp_\w+)\(", text))
    bad = called_in(text, ["FAILS", "FAILS_SAYING", "REFUSES"])
    missing = [f"{name}: no test of a good call" for name in sorted(wanted - good)]
    missing += [f"{name}: no test of a bad call" for name in sorted(wanted - bad)]
    # What takes nothing can be given nothing wrong.
    missing = [m for m in missing if m not in ("ztp_now: no test of a bad call",
                                               "ztp_version: no test of a bad call")]
    for line in missing:
        print(line)
    print(f"{len(wanted)} functions, {len(missing)} tests missing")
    return 1 if missing or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
