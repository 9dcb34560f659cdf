"""Weaves faults into a source file, so that one compilation has them all: for seed_faults.py.

Each fault becomes a choice that is made when the program runs: `a < b` turns into
`(ztp_active_fault == 7 ? (a <= b) : (a < b))`. What is doubled is the whole expression around the
fault, up to a bracket, a comma, an assignment, a question mark or the statement's end: so no
precedence changes. Lines keep their numbers, so that a compiler's message says whose fault it was.

Boundary: text in, text out. Not every result compiles (constants, enumerators); which faults have to
be left out is the caller's to find.
"""

import re

DECLARATION = 'extern "C" int ztp_active_fault; '
# Appended to the file of main: which fault is active is said by the environment.
DEFINITION = """
#include <cstdlib>
extern "C" {
int ztp_active_fault = 0;
}
[[gnu::constructor]] static void ChooseFault() {
  if (const char* number = std::getenv("ZTP_FAULT")) ztp_active_fault = std::atoi(number);
}
"""
OPEN, CLOSE = "([{", ")]}"
WORD_BEFORE = re.compile(r"\b(return|case|else|do|throw)$")


def is_assignment(code, at):
    return (code[at] == "=" and code[at + 1:at + 2] != "=" and
            code[at - 1] not in "=<>!" if at > 0 else False)


def around(code, begin, end):
    """The expression that code[begin, end) stands in."""
    depth, left = 0, begin
    while left > 0:
        c = code[left - 1]
        if c in CLOSE:
            depth += 1
        elif c in OPEN:
            if depth == 0:
                break
            depth -= 1
        elif depth == 0:
            if c in ",;?" or is_assignment(code, left - 1):
                break
            if c == ":" and code[left - 2] != ":" and code[left] != ":":
                break
            if WORD_BEFORE.search(code[max(0, left - 8):left]) and not re.match(r"\w", code[left]):
                break
        left -= 1
    depth, right = 0, end
    while right < len(code):
        c = code[right]
        if c in OPEN:
            depth += 1
        elif c in CLOSE:
            if depth == 0:
                break
            depth -= 1
        elif depth == 0:
            if c in ",;?" or is_assignment(code, right):
                break
            if c == ":" and code[right - 1] != ":" and code[right + 1] != ":":
                break
        right += 1
    while left < begin and code[left].isspace():
        left += 1
    while right > end and code[right - 1].isspace():
        right -= 1
    return left, right


def one_line(text, code):
    """Without comments and line ends: what the code has blanked is a comment, or within a text."""
    out = []
    inside = None
    for i, c in enumerate(text):
        if code[i] == c or c == "\n":
            out.append(" " if c == "\n" else c)
            inside = None
            continue
        # A blanked stretch: a comment begins with two signs, a text with a quote.
        if inside is None:
            inside = "comment" if text.startswith(("//", "/*"), i) else "text"
        out.append(" " if inside == "comment" else c)
    return "".join(out)


class Node:
    def __init__(self, left, right):
        self.left, self.right, self.faults, self.inner = left, right, [], []


def weave(text, code, faults):
    """The file with these faults in it. `code`: the text with comments and texts blanked."""
    root = Node(0, len(text))
    nodes = {}
    for fault in faults:
        if fault.operator == "statement dropped":
            place = (fault.begin, fault.end)
        else:
            place = around(code, fault.begin, fault.end)
        nodes.setdefault(place, Node(*place)).faults.append(fault)
    # Outer ones first; brackets nest, and so do these.
    stack = [root]
    for node in sorted(nodes.values(), key=lambda n: (n.left, -n.right)):
        while node.left >= stack[-1].right:
            stack.pop()
        if node.right > stack[-1].right:
            continue  # never: its faults would stay out
        stack[-1].inner.append(node)
        stack.append(node)

    def plain(left, right, fault):
        return (one_line(text[left:fault.begin], code[left:fault.begin]) + fault.new +
                one_line(text[fault.end:right], code[fault.end:right]))

    def render(node):
        out, at = [], node.left
        for inner in node.inner:
            out += [text[at:inner.left], render(inner)]
            at = inner.right
        out.append(text[at:node.right])
        whole = "".join(out)
        if node is root:
            return whole
        if node.faults[0].operator == "statement dropped":
            return f"{{ if (ztp_active_fault != {node.faults[0].number}) {whole} }}"
        choices = "".join(f"ztp_active_fault == {f.number} ? ({plain(node.left, node.right, f)}) : "
                          for f in node.faults)
        return f"({choices}({whole}))"

    # A comment stands in the first line.
    return DECLARATION + render(root)


def lines_of(text, code, fault):
    """The first and the last line that weaving it changes."""
    left, right = around(code, fault.begin, fault.end)
    if fault.operator == "statement dropped":
        left, right = fault.begin, fault.end
    return text.count("\n", 0, left), text.count("\n", 0, right)
