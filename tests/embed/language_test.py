"""The Go or the Rust example, built against the installed tree.

Usage: language_test.py go|rust TREE CACHE        (CACHE: where Go may keep what it compiled)
"""

import os
import pathlib
import subprocess
import sys

from embed import EXAMPLES, bundle_of, environment, expect_answers, lib_of, need, run, scratch, skip

language, tree, cache = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]


def build_go(program):
    home = program.parent / "home"
    home.mkdir()
    env = environment(tree, HOME=str(home), GOCACHE=cache, GOPROXY="off", GOFLAGS="-buildvcs=false", GOTOOLCHAIN="local",
                      GOWORK="off", CGO_ENABLED="1", CC="cc")
    run("go", "build", "-o", program, ".", cwd=EXAMPLES / "go", env=env)


def build_rust(program):
    run("rustc", "--edition", "2021", "-D", "warnings", "-L", lib_of(tree), "-o", program, EXAMPLES / "rust/decide.rs")


tool, build = {"go": ("go", build_go), "rust": ("rustc", build_rust)}[language]
need(tool, "cc")
# A launcher without what it launches is as good as none.
if subprocess.run([tool, "version" if tool == "go" else "--version"], env={**os.environ, "GOTOOLCHAIN": "local"},
                  stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode != 0:
    skip(f"{tool} does not run here")
if tool == "go":
    need("pkg-config")

with scratch() as name:
    folder = pathlib.Path(name)
    build(folder / "decide")
    expect_answers(folder / "decide", bundle_of(tree, folder), environment(tree))
