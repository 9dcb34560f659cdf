"""What the tests of this folder share: running programs, skipping, and what the example programs must say."""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
C_FOLDER = ROOT / "bindings/c"
EXAMPLES = C_FOLDER / "examples"
SOURCE = EXAMPLES / "policy/training.ztp"
FACTS = EXAMPLES / "policy/facts.json"

WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")

# What is asked of every example program: its arguments, its exit code, what it prints.
ASKED = [
    (("trainer-7", "faces", "research"), 0,
     "allowed until 4102444800000000\n"
     "  acme.training.own_data: the team owns the data and may use it for research\n"
     "  do: audit\n"
     "  stopped after 2 steps\n"),
    (("trainer-7", "faces", "advertising"), 2, "denied\n  stopped after 0 steps\n"),
    (("trainer-7", "signs", "research"), 2,
     "denied\n"
     "  acme.training.held: the data, or what it was made from, is under legal hold\n"
     "  stopped after 0 steps\n"),
    (("nobody", "faces", "research"), 2, 'denied\n  not known: Workload::"nobody"\n  stopped after 0 steps\n'),
]


def skip(reason):
    """Ends the program with the code by which ctest counts a test as skipped."""
    print(f"skipped: {reason}")
    sys.exit(77)


def need(*tools):
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        skip(f"this machine has no {', '.join(missing)}")


def run(*args, code=0, **kwargs):
    """The standard output of a program that must end with the code."""
    done = subprocess.run([str(arg) for arg in args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
                          check=False, **kwargs)
    if done.returncode != code:
        raise AssertionError(f"{' '.join(map(str, args))}\nended with {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
    return done.stdout


def lib_of(tree):
    """The tree's folder of libraries, whatever this system calls it: lib, lib64, lib/x86_64-linux-gnu."""
    found = sorted(tree.glob("lib*/**/libztp.so"))
    if len(found) != 1:
        raise AssertionError(f"libztp.so in {tree}: {found}")
    return found[0].parent


def environment(tree, **more):
    """Of a program that is built against the installed tree by pkg-config, and that runs from there."""
    lib = lib_of(tree)
    return {**os.environ, "PKG_CONFIG_PATH": str(lib / "pkgconfig"), "LD_LIBRARY_PATH": str(lib), **more}


def flags_of(package, env):
    """What pkg-config says; a space in a path is escaped as for a shell."""
    return shlex.split(run("pkg-config", "--cflags", "--libs", package, env=env))


def bundle_of(tree, folder, env=None):
    """The examples' policy, built by the installed command."""
    bundle = folder / "training.ztpb"
    run(tree / "bin/ztp", "build", SOURCE, "-o", bundle, env=env)
    return bundle


def expect_answers(program, policy, env=None):
    for arguments, code, output in ASKED:
        said = run(program, policy, FACTS, *arguments, code=code, env=env)
        if said != output:
            raise AssertionError(f"{program} {arguments} said\n{said}instead of\n{output}")
    # An error is told, and is no denial.
    run(program, FACTS, FACTS, "trainer-7", "faces", "research", code=1, env=env)


def moved(tree, folder):
    """A copy of the installed tree at another place: what was installed must not know where it was."""
    return pathlib.Path(shutil.copytree(tree, folder / "moved tree", symlinks=True))


def scratch():
    return tempfile.TemporaryDirectory(prefix="ztp embed ")


def compilers(*names):
    """Those of the names that are there, at least one, each compiler once."""
    found = {}
    for name in names:
        path = shutil.which(name)
        if path:
            found.setdefault(os.path.realpath(path), name)
    if not found:
        raise AssertionError(f"none of {names} is there")
    return list(found.values())
