"""A CMake project outside finds the installed tree, builds against it and decides.

Usage: find_package_test.py CMAKE TREE
"""

import pathlib
import sys

from embed import EXAMPLES, SOURCE, bundle_of, expect_answers, moved, need, run, scratch

cmake, tree = sys.argv[1], pathlib.Path(sys.argv[2])
need("ninja")


def configure(name, tree, text=None, code=0):
    """Configures a project with these lines, or the examples' own."""
    source = EXAMPLES / "c"
    if text is not None:
        source = folder / name
        source.mkdir()
        (source / "CMakeLists.txt").write_text(f"cmake_minimum_required(VERSION 3.16)\n{text}\n", encoding="utf-8")
        (source / "main.c").write_text("#include <ztp.h>\nint main(void) { return ztp_now() == 0; }\n", encoding="utf-8")
    build = folder / f"{name}-build"
    run(cmake, "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={tree}", "-DCMAKE_C_COMPILER=cc",
        "-DCMAKE_CXX_COMPILER=c++", "-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Werror",
        "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror", code=code)
    return build


with scratch() as name:
    folder = pathlib.Path(name)
    tree = moved(tree, folder)

    # C and C++, with both libraries. The programs find these by the path that CMake links in.
    build = configure("examples", tree)
    run(cmake, "--build", build)
    expect_answers(build / "decide", bundle_of(tree, folder))
    expect_answers(build / "compile_and_decide", SOURCE)

    # A project without C++.
    build = configure("plain-c", tree, "project(plain C)\nfind_package(ztp REQUIRED)\nadd_executable(plain main.c)\n"
                      "target_link_libraries(plain ztp::ztp)")
    run(cmake, "--build", build)
    run(build / "plain")

    # Versions: an older minor one is served, another major one is not, nor is a newer one.
    wanted = "project(version NONE)\nfind_package(ztp {} CONFIG QUIET)\nif(NOT ztp_FOUND)\nmessage(FATAL_ERROR no)\nendif()"
    configure("newer", tree, wanted.format("0.99"), code=1)
    configure("major", tree, wanted.format("1.0"), code=1)
    # A component that there is not.
    configure("component", tree, wanted.format("0.1 COMPONENTS nothing"), code=1)
