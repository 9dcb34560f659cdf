#!/usr/bin/env python3
"""Seeds faults into the engine, one at a time, and reports which the random comparison does not see.

A copy of the tree is built once. Each fault is one small change to one line (a comparison, a logical
operator, a constant, a dropped statement); the copy is rebuilt and ztp_differential_run is run on it. A
nonzero exit, a crash or a run past its limits kills the fault, and so does an index that leaves over
more rules than the unchanged one. With --sanitize, what survives is tried again in a build with
AddressSanitizer and UndefinedBehaviorSanitizer. One that does not compile is not counted, and another
site takes its place. The same --seed on the same sources picks the same sites.

Boundary: faults go into the evaluator, the facts it reads, the lowering, the index and the arithmetic
below them. The reference interpreter, the compiler's front end and the JSON forms have tests of their
own.

Exit status: 0 if no more than --allow faults survive, 1 if more do, 2 if nothing could be measured.
"""

import argparse
import collections
import difflib
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = "ztp_differential_run"
FOLDERS = [
    "engine/core/*.cc",
    "engine/eval/*.cc",
    "engine/facts/*.cc",
    "engine/ir/*.cc",
    "engine/bundle/constant_names.cc",
]
# Headers that have more than declarations, with --headers: nearly everything is compiled anew for one.
HEADERS = [
    "engine/core/decimal.h",
    "engine/core/facts_view.h",
    "engine/core/index.h",
    "engine/core/ip.h",
    "engine/core/label.h",
    "engine/eval/*.h",
]
# What has tests of its own and no part in a decision; and versions and schedules, which the reference
# takes from the same place.
NOT_THESE = re.compile(r"(_test\.cc|/json_[^/]*|/explain\.cc|/dump\.cc|/core/version\.cc"
                       r"|_testing\.h|/record_digest\.cc)$")
ADDRESS_SPACE = 4 << 30  # bytes, of one run of the comparison
BUILD_SECONDS = 1800
RUN_SECONDS = 1800  # of the first run, without a fault
SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=all"

# Sites that no well-formed case can tell apart, each with its reason. An entry is a file, the first and
# the last line of a stretch (regular expressions; no last line: only the lines that match the first),
# and why. An entry that matches nothing any more is an error, so the list cannot outlive its reasons.
UNREACHABLE = [
    ("engine/eval/bound_request.cc", r"^absl::Status BoundRequest::Check", r"^}",
     "refuses malformed requests; the generator makes well-formed ones"),
    ("engine/facts/snapshot_closures.cc", r"^absl::Status SnapshotBuilder::Cycle", r"^}",
     "words the message about a cycle; generated graphs have none"),
    ("engine/facts/snapshot.cc", r"^size_t Snapshot::memory_bytes", r"^}", "memory accounting"),
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
    ("engine/eval/reading.cc", r"kMaxSize", None, "larger values than a test can make"),
    ("engine/eval/verdict.h", r"^struct Explanation", r"^};", "explanations"),
    ("engine/core/facts_view.h", r"static constexpr size_t kMax", None,
     "larger values than a test can make"),
    ("engine/core/facts_view.h", r"^inline uint64_t FactsHash", r"^}",
     "makes another hash; any will do"),
    ("engine/eval/probes.cc", r"reading_stamp_ == 0", None, "reached after many million decisions"),
    ("engine/ir/lower.cc", r"^  void LowerSources\(\)", r"^  }",
     "names and digests of source files, for descriptions"),
    ("engine/ir/lower.cc", r"^  SourcePos Position\(", r"^  }", "positions, for explanations"),
    ("engine/ir/lower.cc", r"^  std::string_view TextAt\(", r"^  }", "texts, for explanations"),
    ("engine/ir/lower.cc", r"^bool IsAtom\(", r"^}", "figures about a plan, for descriptions"),
    ("engine/ir/lower.cc", r"^bool MakesItems\(", r"^}", "figures about a plan, for descriptions"),
    ("engine/ir/lower.cc", r"^  void Measure\(", r"^  }", "figures about a plan, for descriptions"),
    ("engine/eval/machine.cc", r"s_\.clock_ > UINT32_MAX / 2", None,
     "reached after two thousand million evaluations"),
    ("engine/eval/machine.cc", r"opcode_counts_", None, "statistics of a benchmark"),
    ("engine/eval/machine.cc", r"^int64_t Earlier\(", None,
     "the smaller of two equal numbers is either"),
    ("engine/core/glob.cc", r"^GlobError CheckGlob", r"^}",
     "malformed patterns; the compiler refuses them before they are evaluated"),
    ("engine/core/ip.cc", r"^bool HasNoHostBits", r"^}", "malformed networks, as above"),
    ("engine/core/ip.cc", r"if \(prefix [<>]= 8 \*", None,
     "at the boundary the shift below gives the same byte"),
    ("engine/core/ip.h", r"bool is_v4\(\)", r"^  }", "how an address is printed"),
]

# Single faults that change nothing that a decision says, each with its reason: a file, the line, the
# operator (None: every one), why. As above, one that no line has any more is an error.
EQUIVALENT = [
    ("engine/eval/machine.cc", "return true;", "true to false",
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


def give_up(why):
    print(f"seed_faults.py: {why}", file=sys.stderr)
    sys.exit(2)


class Fault:
    def __init__(self, path, line, operator, old, new):
        self.path, self.line, self.operator, self.old, self.new = path, line, operator, old, new

    def place(self):
        return f"{self.path}:{self.line + 1}"

    def diff(self):
        return "\n".join("    " + d.rstrip("\n") for d in difflib.ndiff([self.old], [self.new])
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
    lines = text.splitlines()
    code = code_only(text).splitlines()
    left_out = refusals(lines) | unreachable(path, lines, used)
    faults = []
    for at, (line, bare) in enumerate(zip(lines, code)):
        if at in left_out or re.match(r"\s*(#|static_assert|template\b)", bare):
            continue

        def add(operator, begin, end, new):
            for entry in EQUIVALENT:
                if entry[0] == path and entry[1] == line.strip() and entry[2] in (None, operator):
                    used.add(entry)
                    return
            faults.append(Fault(path, at, operator, line, line[:begin] + new + line[end:]))

        for operator, pattern, new in OPERATORS:
            for m in re.finditer(pattern, bare):
                add(operator, m.start(), m.end(), new)
        if CONDITION.search(bare):
            for m in NEGATION.finditer(bare):
                add("! dropped", m.start(), m.end(), "")
        if DROPPED.match(bare):
            indent = len(line) - len(line.lstrip())
            add("statement dropped", indent, len(line), ";")
    return faults


def sources(root, headers):
    found = set()
    for pattern in HEADERS if headers else FOLDERS:
        found.update(p.relative_to(root).as_posix() for p in root.glob(pattern))
    return sorted(p for p in found if p.endswith((".cc", ".h")) and not NOT_THESE.search(p))


def all_faults(root, headers=False):
    used, faults = set(), []
    for of_headers in (False, True):
        for path in sources(root, of_headers):
            found = faults_of(path, (root / path).read_text(encoding="utf-8"), used)
            if of_headers == headers:
                faults += found
    stale = [f"  {entry[0]}: {entry[1]}" for entry in UNREACHABLE + EQUIVALENT if entry not in used]
    if stale:
        give_up("of what is left out, these are no longer there:\n" + "\n".join(stale))
    return faults


def pick_order(faults, seed):
    """Every fault in a shuffled order, at most one of a line."""
    order = list(faults)
    random.Random(seed).shuffle(order)
    lines = set()
    return [f for f in order if f.place() not in lines and not lines.add(f.place())]


def copy_tree(to):
    """The files git knows or would add; unchanged ones keep their time, so that little is rebuilt."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    kept = set()
    for name in filter(None, os.fsdecode(listed).split("\0")):
        source, target = ROOT / name, to / name
        if not source.is_file():
            continue
        kept.add(target)
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)
    for old in to.rglob("*"):
        if old.is_file() and old not in kept:
            old.unlink()


class Bench:
    def __init__(self, folder, cases, cmake_args, sanitized=False):
        self.source, self.cases, self.sanitized = folder / "src", cases, sanitized
        self.build_dir = folder / ("sanitized" if sanitized else "build")
        self.source.mkdir(parents=True, exist_ok=True)
        copy_tree(self.source)
        # Little optimisation: most of the time goes into compiling. A fault may leave a variable
        # unused, which is no reason to refuse it.
        flags = f"-O1 {SANITIZERS}" if sanitized else "-O1"
        linker = " -fuse-ld=gold" if shutil.which("ld.gold") else ""
        command = ["cmake", "-G", "Ninja", "-S", str(self.source), "-B", str(self.build_dir),
                   "-DCMAKE_BUILD_TYPE=None", f"-DCMAKE_CXX_FLAGS={flags}", f"-DCMAKE_C_FLAGS={flags}",
                   f"-DCMAKE_EXE_LINKER_FLAGS={SANITIZERS if sanitized else ''}{linker}",
                   "-DZTP_WERROR=OFF"]
        if shutil.which("ccache"):
            command += ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]
        self._must(command + cmake_args, "configuring")
        self._must(self._ninja(), "building")
        program = list(self.build_dir.rglob(TARGET))
        self.program = next(p for p in program if p.is_file() and os.access(p, os.X_OK))
        self.candidates = None
        began = time.monotonic()
        outcome = self.run(RUN_SECONDS)
        if outcome != "survived":
            give_up(f"without any fault the comparison fails ({outcome})")
        self.seconds = max(20.0, 5 * (time.monotonic() - began))

    jobs = []

    def _ninja(self):
        return ["ninja", "-C", str(self.build_dir), *self.jobs, TARGET]

    @staticmethod
    def _must(command, what):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace")
        if done.returncode != 0:
            sys.stderr.write(done.stdout[-4000:])
            give_up(f"{what} failed")

    def run(self, seconds):
        def limits():
            # A sanitizer's shadow takes address space without end, and has a limit of its own.
            if not self.sanitized:
                resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        environment = dict(os.environ)
        environment["ASAN_OPTIONS"] = f"detect_leaks=0:hard_rss_limit_mb={ADDRESS_SPACE >> 20}"
        try:
            done = subprocess.run([str(self.program), "--cases", str(self.cases)], timeout=seconds,
                                  preexec_fn=limits, env=environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True, errors="replace")
        except subprocess.TimeoutExpired:
            return "time limit"
        if done.returncode != 0:
            if done.returncode < 0:
                return f"signal {-done.returncode}"
            if self.sanitized and not done.stdout:
                return "sanitizer"
            return "disagreement"
        candidates = int(re.search(r"(\d+) rules left over by the index", done.stdout).group(1))
        if self.candidates is None:
            self.candidates = candidates
        return "survived" if candidates <= self.candidates else "more rules left over"

    def try_fault(self, fault):
        """What became of it, or None if it does not compile."""
        path = self.source / fault.path
        whole = path.read_text(encoding="utf-8")
        lines = whole.split("\n")
        assert lines[fault.line] == fault.old
        lines[fault.line] = fault.new
        try:
            path.write_text("\n".join(lines), encoding="utf-8")
            try:
                built = subprocess.run(self._ninja(), timeout=BUILD_SECONDS, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            except subprocess.TimeoutExpired:
                return None
            return self.run(self.seconds) if built.returncode == 0 else None
        finally:
            path.write_text(whole, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--faults", type=int, default=100, help="how many (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="which sites (default 1)")
    parser.add_argument("--cases", type=int, default=300, help="random policies for each (default 300)")
    parser.add_argument("--allow", type=int, default=10, help="survivors that pass (default 10)")
    parser.add_argument("--build", type=pathlib.Path, metavar="DIR",
                        help="keep the copy and its build in DIR, for the next run")
    parser.add_argument("--cmake-arg", action="append", default=[], metavar="ARG",
                        help="one more argument of cmake's, as often as needed")
    parser.add_argument("--sanitize", action="store_true",
                        help="try survivors again with sanitizers (a second build)")
    parser.add_argument("--headers", action="store_true", help="faults in headers instead (slow)")
    parser.add_argument("--jobs", type=int, help="of the compiler at a time (default: ninja's)")
    parser.add_argument("--only", action="append", default=[], metavar="FILE[:LINE]",
                        help="faults there, as often as needed, instead of random ones")
    parser.add_argument("--skip", type=int, default=0, help="leave out the first so many sites")
    parser.add_argument("--list", action="store_true", help="list the chosen sites and stop")
    args = parser.parse_args()

    def chosen(root):
        faults = all_faults(root, args.headers)
        order = pick_order(faults, args.seed)
        if args.only:
            return [f for f in faults if any(o in (f.path, f.place()) for o in args.only)]
        return order[args.skip:]

    if args.list:
        order = chosen(ROOT)
        for fault in order[:args.faults]:
            print(f"{fault.place()}: {fault.operator}\n{fault.diff()}")
        print(f"{min(args.faults, len(order))} of {len(order)} lines with {len(all_faults(ROOT, args.headers))} faults")
        return 0

    if args.jobs:
        Bench.jobs = ["-j", str(args.jobs)]
    folder = args.build.resolve() if args.build else pathlib.Path(tempfile.mkdtemp(prefix="ztp-faults-"))
    began = time.monotonic()
    try:
        bench = Bench(folder, args.cases, args.cmake_arg)
        print(f"built; {args.cases} cases without a fault: {bench.candidates} rules left over, at most "
              f"{bench.seconds:.0f} s for one with", flush=True)
        # From the copy: the tree may be edited while this runs.
        order = chosen(bench.source)
        survivors, outcomes, counted, refused = [], collections.Counter(), 0, 0
        for fault in order:
            if counted == args.faults:
                break
            outcome = bench.try_fault(fault)
            if outcome is None:
                refused += 1
                print(f"{fault.place()}: {fault.operator}: does not compile, not counted", flush=True)
                continue
            counted += 1
            print(f"[{counted}/{args.faults} {time.monotonic() - began:.0f} s] {fault.place()}: "
                  f"{fault.operator}: {outcome}", flush=True)
            if outcome == "survived":
                survivors.append(fault)
            else:
                outcomes[outcome] += 1
        if args.sanitize and survivors:
            bench = Bench(folder, args.cases, args.cmake_arg, sanitized=True)
            again, survivors = survivors, []
            for fault in again:
                outcome = bench.try_fault(fault) or "survived"
                print(f"[again, {time.monotonic() - began:.0f} s] {fault.place()}: {fault.operator}: "
                      f"{outcome}", flush=True)
                if outcome == "survived":
                    survivors.append(fault)
                else:
                    outcomes[outcome] += 1
    finally:
        if not args.build:
            shutil.rmtree(folder, ignore_errors=True)

    if counted == 0:
        give_up("no fault could be seeded")
    if survivors:
        print("\nNot noticed:")
    for fault in survivors:
        print(f"{fault.place()}: {fault.operator}\n{fault.diff()}")
    if refused:
        print(f"{refused} sites did not compile and were not counted")
    print(f"killed {counted - len(survivors)} of {counted} ("
          + ", ".join(f"{n} {what}" for what, n in outcomes.most_common())
          + f"); {len(survivors)} survivors")
    return 0 if len(survivors) <= args.allow else 1


if __name__ == "__main__":
    sys.exit(main())
