"""The example sources, by pkg-config and a plain compiler, against the installed tree.

Usage: pkg_config_test.py TREE
"""

import pathlib
import re
import sys

from embed import C_FOLDER, EXAMPLES, SOURCE, WARNINGS, bundle_of, environment, expect_answers, flags_of, lib_of, need, run, scratch

tree = pathlib.Path(sys.argv[1])
need("pkg-config", "cc", "c++")
env = environment(tree)
version = re.search(r'ZTP_VERSION "([^"]+)"', (C_FOLDER / "ztp.h").read_text(encoding="utf-8")).group(1)


with scratch() as name:
    folder = pathlib.Path(name)
    for package in "ztp", "ztpc":
        assert run("pkg-config", "--modversion", package, env=env).strip() == version
        for variable, folder_of_it in ("includedir", tree / "include"), ("libdir", lib_of(tree)):
            path = run("pkg-config", f"--variable={variable}", package, env=env).strip()
            assert pathlib.Path(path).resolve() == folder_of_it.resolve(), path
    assert "-lztpc" not in flags_of("ztp", env)

    run("cc", "-std=c11", *WARNINGS, EXAMPLES / "c/decide.c", "-o", folder / "decide", *flags_of("ztp", env))
    expect_answers(folder / "decide", bundle_of(tree, folder), env)

    run("c++", "-std=c++17", *WARNINGS, EXAMPLES / "c/compile_and_decide.cc", "-o", folder / "compile_and_decide",
        *flags_of("ztpc", env))
    expect_answers(folder / "compile_and_decide", SOURCE, env)
