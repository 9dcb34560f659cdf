"""ztp's globs (`*` stops at "/", `**` does not), and the same pattern in other languages' words.

Boundary: patterns without escapes, as the generators make them.
"""

import functools
import re

WILDCARD = re.compile(r"\*+")


@functools.cache
def regex(pattern):
    """An expression in RE2's and Python's common syntax that matches the same whole strings."""
    parts, at = [], 0
    for star in WILDCARD.finditer(pattern):
        parts += [re.escape(pattern[at:star.start()]), ".*" if len(star.group()) > 1 else "[^/]*"]
        at = star.end()
    return "^" + "".join(parts) + re.escape(pattern[at:]) + "$"


@functools.cache
def compiled(pattern):
    return re.compile(regex(pattern), re.DOTALL)


def matches(pattern, text):
    return compiled(pattern).match(text) is not None


def affix(pattern):
    """("prefix", x), ("suffix", x) or ("infix", x) if the pattern asks for no more than that, else None."""
    literal = pattern.strip("*")
    before, after = pattern.startswith("**"), pattern.endswith("**")
    if "*" in literal or not (before or after):
        return None
    if pattern.startswith("*") != before or pattern.endswith("*") != after:
        return None
    return ("infix" if before and after else "suffix" if before else "prefix", literal)
