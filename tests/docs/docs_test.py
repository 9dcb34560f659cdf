"""The examples in the documentation compile, and the language reference exemplifies the whole language.

Usage: docs_test.py ZTP

Of each page every block fenced ```ztp is checked with `ztp check`, and its tests are run. A block that begins with `ztp 1`
is a whole file, or several, each of which begins so. Other blocks are fragments: they stand after the page's first
block. A block fenced ```ztp-error CODE must be refused with that error and no other.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ZTP = str(pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/bin/ztp").resolve())
ROOT = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "grammar/README.md"
PAGES = [REFERENCE, ROOT / "README.md", *sorted((ROOT / "policies").rglob("README.md"))]

FENCE = re.compile(r"^```ztp(-error)?[ \t]*(\S*)[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
WHOLE = re.compile(r"^ztp 1$", re.MULTILINE)

# What an author writes to get an operator, in text without comments and with every string as "".
OPERATORS = {
    "const": r"\bconst\b", "principal": r"\bprincipal\b", "resource": r"\bresource\b",
    "param": r"\baction\.\w", "has_param": r"\baction has \w", "input": r"\binput\b",
    "has_input": r"(\b(and|or|when|unless|not)|\() has \w|when +has \w", "bound_input": r"\bbound\(device\)",
    "var": r"\bany\(\w+ in", "bound_entity": r"\bbound\(p\)", "attr": r"\bd\.hold\b",
    "has_attr": r"\bd has \w", "field": r"\.gpu\.confidential\b", "has_field": r"\br has note\b",
    "issued_at": r"\.issued_at\b", "expires_at": r"\.expires_at\b", "index": r"\w\[\"\"\]",
    "first": r"\.first\b", "last": r"\.last\b", "??": r"\?\?", "is": r"\bis [A-Z]",
    "and": r"\band\b", "or": r"\bor\b", "not": r"\bnot\b", "if": r"\bif\b.*\bthen\b.*\belse\b",
    "==": r"==", "<": r"[^<]<[^=]", "<=": r"<=", "flows_to": r"\bflows to\b",
    "now_compare": r"\bnow [-+<>]", "now_within": r"\bnow within \"\"", "neg": r"[-] *-\d|\(-\w",
    "+": r"\+", "-": r" - ", "*": r" \* ", "join": r"\w join [\w{]", "meet": r"\w meet \w",
    "part": r"\.label\.level\b", "in_label": r"\bin \w+\.label\.tags\b",
    "set_label": r"\btags: \{ \w", "product": r"\{ level: ", "in": r" in [A-Z]\w+::\"\"",
    "in_any": r" in \{ [A-Z]\w+::\"\"", "derives_from": r"\bderives from\b",
    "ancestors": r"\.ancestors\(", "contains": r"\.contains\(", "contains_all": r"\.containsAll\(",
    "contains_any": r"\.containsAny\(", "ip_in": r"source_ip in Cidr|\) in \{ \"\"|Ip\(\"\"\) in \{",
    "size": r"\.size\b", "is_empty": r"\.isEmpty\b", "keys": r"\.keys\b", "values": r"\.values\b",
    "like": r"\blike\b", "matches": r"\bmatches\b", "trust_domain": r"\.trust_domain\b",
    "path": r"\.spiffe\.path\b", "set": r"= \{ *\w|= \{\}|\{ dev, stage \}", "list": r"= \[",
    "map": r"\{ \"\": ", "record": r"= \{ \w+: ", "any": r"\bany\(\w+ in", "all": r"\ball\(\w+ in",
    "count": r"\bcount\(\w+ in", "sum": r"\bsum\(\w+ in", "join_of": r"\bjoin\(\w+ in",
    "set_of": r"\bset\(\w+ in",
}


class Block:
    def __init__(self, page, line, code, text, prelude):
        self.name = f"{page.relative_to(ROOT)}:{line}"
        self.code = code
        self.own = text
        self.files = [text]
        if not WHOLE.match(text):
            self.files = [prelude + "\n" + text]
        else:
            starts = [m.start() for m in WHOLE.finditer(text)] + [len(text)]
            self.files = [text[a:b] for a, b in zip(starts, starts[1:])]


def blocks_of(page):
    text = page.read_text(encoding="utf-8")
    prelude, blocks = "", []
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if not prelude:
            prelude = match.group(3)
        code = match.group(2) if match.group(1) else None
        blocks.append(Block(page, line, code, match.group(3), prelude))
    return blocks


def plain(text):
    """Without comments, and every string as "": what is left are the language's own words."""
    strings_or_comments = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*')
    return strings_or_comments.sub(lambda m: '""' if m.group(0)[0] == '"' else "", text)


def run(*args, **kwargs):
    return subprocess.run([ZTP, *args], capture_output=True, text=True, timeout=60, check=False, **kwargs)


def check(block, command="check"):
    if len(block.files) == 1 and command == "check":
        return run("check", "-", input=block.files[0])
    with tempfile.TemporaryDirectory() as folder:
        for i, text in enumerate(block.files):
            pathlib.Path(folder, f"file{i}.ztp").write_text(text, encoding="utf-8")
        return run(command, folder)


class Examples(unittest.TestCase):
    def test_pages_have_examples(self):
        for page in PAGES[:2]:
            self.assertTrue(blocks_of(page), f"{page} has no ```ztp block")
        # A fence with another spelling would go unchecked.
        for page in PAGES:
            for line in page.read_text(encoding="utf-8").splitlines():
                if line.startswith("```ztp"):
                    self.assertRegex(line, r"^```ztp(-error ZTP\d{4})?$", f"in {page}")

    def test_examples_compile(self):
        for page in PAGES:
            for block in blocks_of(page):
                if block.code:
                    continue
                with self.subTest(block.name):
                    done = check(block)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_examples_hold(self):
        held = 0
        for page in PAGES:
            for block in blocks_of(page):
                if block.code or not re.search(r"^test \"", block.own, re.MULTILINE):
                    continue
                with self.subTest(block.name):
                    done = check(block, "test")
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                    held += 1
        self.assertGreater(held, 0)

    def test_mistakes_are_reported(self):
        seen = 0
        for page in PAGES:
            for block in blocks_of(page):
                if not block.code:
                    continue
                with self.subTest(block.name):
                    done = check(block)
                    out = done.stdout + done.stderr
                    self.assertEqual(done.returncode, 1, out)
                    self.assertEqual(set(re.findall(r"error\[(ZTP\d+)\]", out)), {block.code}, out)
                    seen += 1
        self.assertGreater(seen, 0)


class Coverage(unittest.TestCase):
    """The reference leaves nothing out."""

    def setUp(self):
        self.text = plain("\n".join(b.own for b in blocks_of(REFERENCE) if not b.code))

    def test_every_word_and_sign(self):
        lexer = (ROOT / "grammar/ZtpLexer.g4").read_text(encoding="utf-8")
        lexer = lexer[: lexer.index("SLIP_AND:")]
        tokens = re.findall(r"^[A-Z]+: '([^']+)';$", lexer, re.MULTILINE)
        self.assertGreater(len(tokens), 90)
        used = set(re.findall(r"[A-Za-z_]\w*|::|\.\.|\?\?|==|!=|<=|>=|[^\s\w]", self.text))
        self.assertEqual([t for t in tokens if t not in used], [], "in no example of the reference")

    def test_every_declaration(self):
        tree = (ROOT / "engine/syntax/ast.h").read_text(encoding="utf-8")
        kinds = re.search(r"enum class DeclKind[^{]*\{([^}]*)\}", tree).group(1)
        openings = {"ActionGroup": "action group", "Rule": "permit"}
        missing = []
        for kind in re.findall(r"\bk(\w+)", kinds):
            opening = openings.get(kind, kind.lower())
            if not re.search(rf"^{opening} ", self.text, re.MULTILINE):
                missing.append(opening)
        self.assertEqual(missing, [], "in no example of the reference")

    def test_every_operator(self):
        table = (ROOT / "engine/sema/ops.def").read_text(encoding="utf-8")
        names = re.findall(r'^ZTP_OP\(k\w+, "([^"]+)"', table, re.MULTILINE)
        self.assertGreater(len(names), 50)
        self.assertEqual(sorted(set(names) ^ set(OPERATORS)), [], "not the operators listed here")
        missing = [n for n in names if not re.search(OPERATORS[n], self.text)]
        self.assertEqual(missing, [], "in no example of the reference")

    def test_every_type(self):
        types = ["Bool", "Int", "Decimal", "String", "Time", "Duration", "Version", "HexVersion", "Ip",
                 "Cidr", "Digest", "SpiffeId", "Glob", "Set", "List", "Map"]
        page = REFERENCE.read_text(encoding="utf-8")
        self.assertEqual([t for t in types if not re.search(rf"`{t}\b", page)], [])


if __name__ == "__main__":
    unittest.main()
