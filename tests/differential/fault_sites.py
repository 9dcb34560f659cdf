"""Where faults can be put, and what they are: for seed_faults.py.

Boundary: reads sources and knows nothing of building them. What is left out stands here, each entry
with its reason.
"""

import difflib
import random
import re
import sys
import zlib

FOLDERS = [
    "engine/core/*.cc",
    "engine/eval/*.cc",
    "engine/facts/*.cc",
    "engine/ir/*.cc",
    "engine/bundle/constant_names.cc",
]
# Headers that have more than declarations; not those of core/ that are all constant expressions, and
# that everything includes.
HEADERS = [
    "engine/core/candidates.h",
    "engine/core/decide.h",
    "engine/core/facts_read.h",
    "engine/core/facts_view.h",
    "engine/core/machine.h",
    "engine/core/missing_facts.h",
    "engine/core/probes.h",
    "engine/core/quick.h",
    "engine/core/result.h",
    "engine/core/workspace.h",
    "engine/eval/*.h",
]
# What has tests of its own and no part in a decision; and versions and schedules, which the reference
# takes from the same place.
NOT_THESE = re.compile(r"(_test\.cc|/json_[^/]*|/explain\.cc|/dump\.cc|/core/version\.cc"
                       r"|_testing\.h|/record_digest\.cc)$")
# Sites that no well-formed case can tell apart, each with its reason. An entry is a file, the first and
# the last line of a stretch (regular expressions; no last line: only the lines that match the first),
# and why. An entry that matches nothing any more is an error, so the list cannot outlive its reasons.
UNREACHABLE = [
    ("engine/eval/bound_request.cc", r"^absl::Status BoundRequest::Check", r"^}",
     "refuses malformed requests; the generator makes well-formed ones"),
    ("engine/facts/snapshot_closures.cc", r"^absl::Status SnapshotBuilder::Cycle", r"^}",
     "words the message about a cycle; generated graphs have none"),
    ("engine/facts/snapshot.cc", r"^size_t Snapshot::memory_bytes", r"^}", "memory accounting"),
    ("engine/facts/snapshot.cc", r"\.size\(\) != memory_->\w+\.table\(\)\.size\(\)", None,
     "more segments of a pool than a test's facts fill"),
    ("engine/facts/snapshot_builder.cc", r"memory_->first_bytes = ", None, "memory accounting"),
    ("engine/facts/snapshot_builder.cc", r"if \(!status_.ok\(\)", None,
     "after a refusal; generated records fit"),
    ("engine/facts/snapshot_pages.cc", r"\+\+s\.absent_count_", None, "a figure about facts"),
    ("engine/facts/snapshot_pages.cc", r"kMaxEntities", None, "more entities than a test can make"),
    ("engine/facts/snapshot_pages.cc", r"^bool IsTooFull", r"^}", "when a table grows"),
    ("engine/facts/snapshot_pages.cc", r"IsTooFull\(s\.bucket_entries_", None, "when a table grows"),
    ("engine/facts/snapshot_pages.cc", r"const uint64_t buckets = entries", None, "a table's size"),
    ("engine/facts/snapshot_pages.cc", r"std::min\(2 \* last, kSlabBytes\)", None, "a block's size"),
    ("engine/facts/snapshot_builder.cc", r"bucket_entries_ \* 2 <", None, "when a table shrinks"),
    ("engine/facts/snapshot_closures.cc", r"max_closure_entries_|if \(at == nullptr\)|: \"the lineage\"", None,
     "more edges than a test can make"),
    ("engine/facts/fact_encoder.cc", r"kMaxSize$|kMaxSize \?|kMaxCount \?|== nullptr\) \{|full_ = true",
     None, "more facts than a test can make"),
    ("engine/facts/layout.cc", r"UINT16_MAX \|\|", None, "more patterns than a test can make"),
    ("engine/facts/pool.cc", r"^Block Block::Make", r"^}", "which pages memory is of"),
    ("engine/facts/lineage.cc", r"use_count\(\) == 1", None, "how deep a destructor recurses"),
    ("engine/facts/set_hash.cc", r"!= 1|cipher_ == nullptr", None, "a cipher that fails"),
    ("engine/bundle/constant_names.cc", r"kMaxTexts &&", None, "more texts than a test can make"),
    ("engine/core/reading.cc", r"kMaxSize", None, "larger values than a test can make"),
    ("engine/eval/explanation.h", r"^struct Explanation", r"^};", "explanations"),
    ("engine/core/facts_view.h", r"static constexpr size_t kMax", None,
     "larger values than a test can make"),
    ("engine/core/facts_view.h", r"^inline uint64_t FactsHash", r"^}",
     "makes another hash; any will do"),
    ("engine/core/workspace.h", r"^  struct Fold \{", r"^  };", "set when a fold begins"),
    ("engine/core/probes.h", r"reading_stamp_ == 0", None, "reached after many million decisions"),
    ("engine/ir/lower.cc", r"^  void LowerSources\(\)", r"^  }",
     "names and digests of source files, for descriptions"),
    ("engine/ir/lower.cc", r"^  SourcePos Position\(", r"^  }", "positions, for explanations"),
    ("engine/ir/lower.cc", r"^  std::string_view TextAt\(", r"^  }", "texts, for explanations"),
    ("engine/ir/lower.cc", r"^bool IsAtom\(", r"^}", "figures about a plan, for descriptions"),
    ("engine/ir/lower.cc", r"^bool MakesItems\(", r"^}", "figures about a plan, for descriptions"),
    ("engine/ir/lower.cc", r"^  void Measure\(", r"^  }", "figures about a plan, for descriptions"),
    ("engine/ir/stored_matches.cc", r"^bool NodeBuilder::CollectStored", r"^}",
     "a text that was not tried when facts were loaded is tried when deciding; dumps show which are"),
    ("engine/core/machine.cc", r"s_\.clock_ > UINT32_MAX / 2", None,
     "reached after two thousand million evaluations"),
    ("engine/core/machine.cc", r"opcode_counts_", None, "statistics of a benchmark"),
    ("engine/core/machine.cc", r"^int64_t Earlier\(", None,
     "the smaller of two equal numbers is either"),
    ("engine/core/glob.cc", r"^GlobError CheckGlob", r"^}",
     "malformed patterns; the compiler refuses them before they are evaluated"),
    ("engine/core/ip.cc", r"^bool HasNoHostBits", r"^}", "malformed networks, as above"),
    ("engine/core/ip.cc", r"if \(prefix [<>]= 8 \*", None,
     "at the boundary the shift below gives the same byte"),
]

# Single faults that change nothing that a decision says, each with its reason: a file, the line, the
# operator (None: every one), why. As above, one that no line has any more is an error.
EQUIVALENT = [
    ("engine/ir/index.cc",
     "gains[{test.probe, kind}] += 1 - std::min(1.0, (kind == Kind::kValue ? 2 : 4) * bits / 32);", None,
     "a guess at what a filter is worth: any filter is right"),
    ("engine/ir/index.cc", "while (ranks.size() > options_.handful && depth < kMaxDepth) {", "< to <=",
     "groups one level deeper"),
    ("engine/facts/snapshot_derive.cc", "s.view_.has_quantifiers = true;", None,
     "what was worked out is not used, and worked out when deciding"),
    ("engine/core/facts_view.h", "bool has_issued = false;", None, "every window is filled"),
    ("engine/core/facts_view.h", "bool has_expires = false;", None, "every window is filled"),
    ("engine/core/operators.cc",
     "for (uint32_t i = 0; i < count; ++i) items[i] = collection.list[2 * i + (keys ? 0 : 1)];", "< to <=",
     "one value more in the arena's free room, which whoever takes it overwrites"),
    ("engine/core/probes.h", "int64_t valid_until = kForEver;", None,
     "of an outcome that says nothing: nobody reads it"),
    ("engine/ir/tests.cc", "if (constant->bits >= 64) return std::nullopt;", ">= to >",
     "labels with an element 64 are wider than a word, and left out before"),
    ("engine/core/machine.cc", "return true;", "true to false",
     "of a leaf: whoever asked asks again, and finds it worked out"),
    ("engine/bundle/constant_names.cc",
     "while (slots < 2 * count) slots *= 2;  // half of them are free, or more", "< to <=",
     "a table of another size"),
    ("engine/bundle/constant_names.cc",
     "texts_.emplace(ToAbsl(pool.Text(ref)), true).second) {", "true to false", "a set's filling"),
    ("engine/bundle/constant_names.cc",
     "if (entities_.emplace(std::make_pair(uint32_t{cell.extra}, ToAbsl(pool.Text(ref))), true)",
     "true to false", "a set's filling"),
    ("engine/bundle/constant_names.cc",
     "return static_cast<uint32_t>(TextHash(id.data(), id.size(), type.index + 1) >> 32) & (slots - 1);",
     "+ 1 to + 0", "another hash"),
    ("engine/facts/fact_encoder.cc",
     "if (FactsText::IsNoted(cell) != noted || text_of(cell) != text) return false;", "false to true",
     "a text noted for other patterns: those that it was not tried on are tried when deciding"),
]

# What is replaced by what. The patterns see the code without its comments and texts.
OPERATORS = [
    ("< to <=", r"(?<= )<(?= )", "<="),
    ("<= to <", r"(?<= )<=(?= )", "<"),
    ("> to >=", r"(?<= )>(?= )", ">="),
    (">= to >", r"(?<= )>=(?= )", ">"),
    ("== to !=", r"(?<= )==(?= )", "!="),
    ("!= to ==", r"(?<= )!=(?= )", "=="),
    ("&& to ||", r"(?<= )&&", "||"),
    ("|| to &&", r"(?<= )\|\|", "&&"),
    ("min to max", r"\bstd::min\b", "std::max"),
    ("max to min", r"\bstd::max\b", "std::min"),
    ("true to false", r"\btrue\b", "false"),
    ("false to true", r"\bfalse\b", "true"),
    ("kTrue to kFalse", r"\bkTrue\b", "kFalse"),
    ("kFalse to kTrue", r"\bkFalse\b", "kTrue"),
    ("+ 1 to + 0", r"(?<= )\+ 1\b(?!')", "+ 0"),
    ("- 1 to - 0", r"(?<= )- 1\b(?!')", "- 0"),
    # A lease that never ends becomes one that is over. Not in comparisons with it, which choose
    # shortcuts only.
    ("kForEver to 0", r"(?<![=!<>]= )(?<![<>] )\bkForEver\b", "0"),
]
NEGATION = re.compile(r"(?<![\w!])!(?=[\w(*])")
CONDITION = re.compile(r"\b(if|while|return)\b|&&|\|\||\?")
DROPPED = re.compile(r"^\s*(?:[\w.>\[\]-]*facts\w* = [^;]*Union\(|[\w.>\[\]()*-]+(?:\.|->)"
                     r"(?:push_back|emplace_back)\()[^;]*\);\s*$")
REFUSAL = re.compile(r"\breturn (status_ = )?"
                     r"(InvalidArgument|Internal|NotFound|ResourceExhausted|Full)\(")


class Fault:
    """One change: text[begin, end) of the file becomes `new`."""

    def __init__(self, path, line, operator, text, begin, end, new):
        self.path, self.line, self.operator = path, line, operator
        self.begin, self.end, self.new = begin, end, new
        first = text.rfind("\n", 0, begin) + 1
        last = text.find("\n", end)
        self.old_line = text[first:last]
        self.new_line = text[first:begin] + new + text[end:last]
        self.left_out = False  # by one of the lists above
        # Other faults may come and go, and this one keeps its number.
        self.number = zlib.crc32(f"{path}|{self.old_line}|{self.new_line}|{text.count(self.old_line, 0, first)}"
                                 .encode()) >> 1

    def place(self):
        return f"{self.path}:{self.line + 1}"

    def diff(self):
        return "\n".join("    " + d.rstrip("\n") for d in difflib.ndiff([self.old_line], [self.new_line])
                         if d[0] in "-+")


def code_only(text):
    """The text with comments, string and character literals blanked, every offset kept."""
    pattern = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|(?<![\w])'(?:\\.|[^'\\\n])+'", re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def refusals(lines):
    """Lines of `if (...) { return InvalidArgument(...) }`: the condition, and the message."""
    found = set()
    for at, line in enumerate(lines):
        if not REFUSAL.search(line):
            continue
        first = at
        while first > max(0, at - 4) and not re.match(r"\s*if \(", lines[first]):
            first -= 1
        if not re.match(r"\s*if \(", lines[first]):
            first = at
        last = at
        while last < len(lines) - 1 and ";" not in lines[last]:
            last += 1
        found.update(range(first, last + 1))
    return found


def unreachable(path, lines, used):
    found = set()
    for entry in UNREACHABLE:
        if entry[0] != path:
            continue
        inside = False
        for at, line in enumerate(lines):
            if not inside and re.search(entry[1], line):
                used.add(entry)
                found.add(at)
                inside = entry[2] is not None
            elif inside:
                found.add(at)
                inside = not re.search(entry[2], line)
    return found


def faults_of(path, text, used):
    lines = text.split("\n")
    code = code_only(text).split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    left_out = refusals(lines) | unreachable(path, lines, used)
    faults = []
    for at, (line, bare) in enumerate(zip(lines, code)):
        if re.match(r"\s*(#|static_assert|template\b)", bare):
            continue

        def add(operator, begin, end, new):
            fault = Fault(path, at, operator, text, starts[at] + begin, starts[at] + end, new)
            fault.left_out = at in left_out
            for entry in EQUIVALENT:
                if entry[0] == path and entry[1] == line.strip() and entry[2] in (None, operator):
                    used.add(entry)
                    fault.left_out = True
            faults.append(fault)

        for operator, pattern, new in OPERATORS:
            for m in re.finditer(pattern, bare):
                add(operator, m.start(), m.end(), new)
        if CONDITION.search(bare):
            for m in NEGATION.finditer(bare):
                # Twice is not at all, and still a Bool.
                add("! dropped", m.start(), m.end(), "!!")
        if DROPPED.match(bare):
            indent = len(line) - len(line.lstrip())
            add("statement dropped", indent, len(bare.rstrip()), ";")
    return faults


def sources(root):
    found = set()
    for pattern in FOLDERS + HEADERS:
        found.update(p.relative_to(root).as_posix() for p in root.glob(pattern))
    return sorted(p for p in found if p.endswith((".cc", ".h")) and not NOT_THESE.search(p))


def all_faults(root):
    """Those that are left out too: they are marked."""
    used, faults = set(), []
    for path in sources(root):
        faults += faults_of(path, (root / path).read_text(encoding="utf-8"), used)
    stale = [f"  {entry[0]}: {entry[1]}" for entry in UNREACHABLE + EQUIVALENT if entry not in used]
    if stale:
        sys.exit("of what is left out, these are no longer there:\n" + "\n".join(stale))
    return faults


def pick_order(faults, seed):
    """Every fault in a shuffled order, at most one of a line."""
    order = [f for f in faults if not f.left_out]
    random.Random(seed).shuffle(order)
    lines = set()
    return [f for f in order if f.place() not in lines and not lines.add(f.place())]
