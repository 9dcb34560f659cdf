#!/usr/bin/env python3
"""Seeds faults into the engine, one at a time, and reports which the random comparison does not see.

Each fault is one small change to one line (a comparison, a logical operator, a constant, a dropped
statement; fault_sites.py). A copy of the tree is built once with all of them woven in (fault_weave.py),
and ztp_differential_run is run on it with one switched on after the other. A nonzero exit, a crash or a
run past its limits kills a fault, and so does an index that leaves over more rules than the unchanged
one. With --sanitize, what survives is tried again in a build with AddressSanitizer and
UndefinedBehaviorSanitizer. Faults in what is computed by the compiler cannot be woven in: such a one is
compiled by itself, and not counted if it does not compile. The same --seed on the same sources picks
the same sites.

Boundary: faults go into the evaluator, the facts it reads, the lowering, the index and the arithmetic
below them. The reference interpreter, the compiler's front end and the JSON forms have tests of their
own.

Exit status: 0 if no more than --allow faults survive, 1 if more do, 2 if nothing could be measured.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import fault_weave
from fault_sites import all_faults, code_only, pick_order

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = "ztp_differential_run"
MAIN = "tests/differential/main.cc"
ADDRESS_SPACE = 4 << 30  # bytes, of one run of the comparison
# Of processor time; a run takes a multiple of the one without a fault, and on a busy machine much
# longer.
LEAST_SECONDS = 10
MOST_TIMES = 3
SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=all"
# Where one compilation of all files costs a fraction of one of each.
UNITED = {f"engine/{name}/CMakeLists.txt":
          f"set_target_properties(ztp_{name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)\n"
          for name in ("eval", "facts", "scenario")}
ROUNDS = 12  # of building until only faults are left that compile


def give_up(why):
    print(f"seed_faults.py: {why}", file=sys.stderr)
    sys.exit(2)


class Tree:
    """The copy of the sources: as they are, or with faults woven in."""

    def __init__(self, folder):
        self.folder = folder
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        self.names = [n for n in filter(None, os.fsdecode(listed).split("\0")) if (ROOT / n).is_file()]
        self.faults = all_faults(ROOT)
        self.alone = set()  # numbers of those that cannot be woven in
        self.text = {}
        for fault in self.faults:
            if re.search(r"\b(constexpr|enum|case)\b", fault.old_line):
                self.alone.add(fault.number)
        for path in {f.path for f in self.faults} | {MAIN}:
            self.text[path] = (ROOT / path).read_text(encoding="utf-8")
        self.code = {path: code_only(text) for path, text in self.text.items()}

    def woven(self, path):
        if path == MAIN:
            return self.text[path] + fault_weave.DEFINITION
        faults = [f for f in self.faults if f.path == path and f.number not in self.alone]
        return fault_weave.weave(self.text[path], self.code[path], faults)

    def write(self):
        """Unchanged files keep their time, so that little is built anew."""
        kept = set()
        for name in self.names:
            target = self.folder / name
            kept.add(target)
            content = self.woven(name).encode() if name in self.text else (ROOT / name).read_bytes()
            if name in UNITED:
                content += UNITED[name].encode()
            if target.is_file() and target.read_bytes() == content:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            shutil.copymode(ROOT / name, target)
        for old in self.folder.rglob("*"):
            if old.is_file() and old not in kept:
                old.unlink()

    def leave_out(self, messages):
        """Those whose lines the compiler complains of. False: it complains of something else."""
        lines = collections.defaultdict(set)
        for path, line in re.findall(r"^(\S+?):(\d+):\d+: (?:error:|  required)", messages, re.M):
            for name in self.text:
                if path.endswith(name):
                    lines[name].add(int(line) - 1)
        before = len(self.alone)
        for fault in self.faults:
            if fault.number in self.alone or not lines[fault.path]:
                continue
            first, last = fault_weave.lines_of(self.text[fault.path], self.code[fault.path], fault)
            if lines[fault.path] & set(range(first, last + 1)):
                self.alone.add(fault.number)
        return len(self.alone) > before


class Bench:
    """A build of the tree, and runs of the comparison in it."""

    def __init__(self, tree, folder, args, sanitized):
        self.tree, self.cases, self.jobs, self.sanitized = tree, args.cases, args.jobs, sanitized
        self.build_dir = folder / ("sanitized" if sanitized else "build")
        # Little optimisation: the compiler has much to do.
        flags = f"-O1 {SANITIZERS if sanitized else ''}".strip()
        linker = " -fuse-ld=gold" if shutil.which("ld.gold") else ""
        command = ["cmake", "-G", "Ninja", "-S", str(tree.folder), "-B", str(self.build_dir),
                   "-DCMAKE_BUILD_TYPE=None", f"-DCMAKE_CXX_FLAGS={flags}", f"-DCMAKE_C_FLAGS={flags}",
                   f"-DCMAKE_EXE_LINKER_FLAGS={SANITIZERS if sanitized else ''}{linker}",
                   "-DZTP_WERROR=OFF"]
        tree.write()
        configured = subprocess.run(command + args.cmake_arg, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, errors="replace")
        if configured.returncode != 0:
            give_up("configuring failed:\n" + configured.stdout[-4000:])
        for _ in range(ROUNDS):
            built = self.build(keep_going=True)
            if built.returncode == 0:
                break
            if not tree.leave_out(built.stdout):
                give_up("building failed:\n" + built.stdout[-4000:])
            tree.write()
        else:
            give_up("building failed again and again")
        self.program = next(p for p in self.build_dir.rglob(TARGET) if p.is_file() and os.access(p, os.X_OK))
        self.candidates, self.seconds = None, None
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        outcome = self.run(0)
        if outcome != "survived":
            give_up(f"without any fault the comparison fails ({outcome})")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.seconds = int(max(LEAST_SECONDS, MOST_TIMES * (after.ru_utime - before.ru_utime)))

    def build(self, keep_going=False):
        return subprocess.run(["ninja", "-C", str(self.build_dir), "-j", str(self.jobs),
                               *(["-k", "0"] if keep_going else []), TARGET],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")

    def run(self, number):
        def limits():
            # A sanitizer's shadow takes address space without end, and has a limit of its own.
            if not self.sanitized:
                resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
            if self.seconds is not None:
                resource.setrlimit(resource.RLIMIT_CPU, (self.seconds, self.seconds + 5))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        environment = dict(os.environ, ZTP_FAULT=str(number),
                           ASAN_OPTIONS=f"hard_rss_limit_mb={ADDRESS_SPACE >> 20}")
        done = subprocess.run([str(self.program), "--cases", str(self.cases)], preexec_fn=limits,
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace")
        if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return "time limit"
        if done.returncode < 0:
            return f"signal {-done.returncode}"
        if done.returncode != 0:
            return "sanitizer" if re.search(r"Sanitizer|runtime error:", done.stderr) else "disagreement"
        candidates = int(re.search(r"(\d+) rules left over by the index", done.stdout).group(1))
        if self.candidates is None:
            self.candidates = candidates
        return "survived" if candidates <= self.candidates else "more rules left over"

    def try_fault(self, fault):
        """What became of it, or None if it does not compile."""
        if fault.number not in self.tree.alone:
            return self.run(fault.number)
        path = self.tree.folder / fault.path
        text = self.tree.text[fault.path]
        try:
            path.write_text(text[:fault.begin] + fault.new + text[fault.end:], encoding="utf-8")
            return self.run(0) if self.build().returncode == 0 else None
        finally:
            path.write_text(self.tree.woven(fault.path), encoding="utf-8")
            self.build()

    def try_all(self, faults, report):
        """The survivors, in the order of the faults."""
        woven = [f for f in faults if f.number not in self.tree.alone]
        outcomes = {}
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for fault, outcome in zip(woven, pool.map(self.try_fault, woven)):
                outcomes[fault.number] = outcome
                report(fault, outcome)
        for fault in faults:
            if fault.number not in outcomes:
                outcomes[fault.number] = self.try_fault(fault)
                report(fault, outcomes[fault.number])
        return [f for f in faults if outcomes[f.number] == "survived"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--faults", type=int, default=100, help="how many (default 100; 0: every one)")
    parser.add_argument("--seed", type=int, default=1, help="which sites (default 1)")
    parser.add_argument("--cases", type=int, default=400, help="random policies for each (default 400)")
    parser.add_argument("--allow", type=int, default=0, help="survivors that pass (default 0)")
    parser.add_argument("--sanitize", action="store_true",
                        help="try survivors again with sanitizers (a second build)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(),
                        help="of the compiler, and runs, at a time (default: as many as processors)")
    parser.add_argument("--only", action="append", default=[], metavar="FILE[:LINE]",
                        help="the faults there, as often as needed, instead of random ones")
    parser.add_argument("--build", type=pathlib.Path, metavar="DIR",
                        help="keep the copy and its builds in DIR, for the next run")
    parser.add_argument("--cmake-arg", action="append", default=[], metavar="ARG",
                        help="one more argument of cmake's, as often as needed")
    parser.add_argument("--list", action="store_true", help="list the chosen sites and stop")
    args = parser.parse_args()

    def choose(faults):
        if args.only:
            return [f for f in faults if any(o in (f.path, f.place()) for o in args.only)]
        order = pick_order(faults, args.seed)
        return order[:args.faults] if args.faults else [f for f in faults if not f.left_out]

    if args.list:
        faults = all_faults(ROOT)
        for fault in choose(faults):
            print(f"{fault.place()}: {fault.operator}\n{fault.diff()}")
        left_out = sum(f.left_out for f in faults)
        print(f"{len(choose(faults))} of {len(faults)} faults; {left_out} are left out, with reasons")
        return 0

    folder = args.build.resolve() if args.build else pathlib.Path(tempfile.mkdtemp(prefix="ztp-faults-"))
    began = time.monotonic()
    outcomes = collections.Counter()

    def seconds():
        return f"{time.monotonic() - began:.0f} s"

    def report(fault, outcome):
        outcomes[outcome or "did not compile"] += 1
        print(f"[{sum(outcomes.values())} of {len(chosen)}, {seconds()}] {fault.place()}: {fault.operator}: "
              f"{outcome or 'does not compile, not counted'}", flush=True)

    try:
        (folder / "src").mkdir(parents=True, exist_ok=True)
        tree = Tree(folder / "src")
        bench = Bench(tree, folder, args, sanitized=False)
        chosen = choose(tree.faults)
        print(f"built after {seconds()}; {len(tree.faults)} faults, {len(tree.alone)} of them by themselves, "
              f"{sum(f.left_out for f in tree.faults)} left out with reasons; "
              f"{args.cases} cases without a fault: {bench.candidates} rules left over; with one: at most "
              f"{bench.seconds} s of processor time", flush=True)
        survivors = bench.try_all(chosen, report)
        if args.sanitize and survivors:
            outcomes["survived"] = 0
            survivors = Bench(tree, folder, args, sanitized=True).try_all(survivors, report)
    finally:
        if not args.build:
            shutil.rmtree(folder, ignore_errors=True)

    counted = len(chosen) - outcomes.pop("did not compile", 0)
    if counted == 0:
        give_up("no fault could be seeded")
    if survivors:
        print("\nNot noticed:")
    for fault in survivors:
        print(f"{fault.place()}: {fault.operator}\n{fault.diff()}")
    outcomes.pop("survived", 0)
    if counted != len(chosen):
        print(f"{len(chosen) - counted} did not compile and were not counted")
    print(f"killed {counted - len(survivors)} of {counted} ("
          + ", ".join(f"{n} {what}" for what, n in outcomes.most_common())
          + f"); {len(survivors)} survivors; {seconds()}")
    return 0 if len(survivors) <= args.allow else 1


if __name__ == "__main__":
    sys.exit(main())
