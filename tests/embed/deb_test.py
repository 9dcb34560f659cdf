"""The Debian package is made, has what it should, and works from the folder that it is unpacked to.

Usage: deb_test.py CPACK BUILD-FOLDER
"""

import pathlib
import re
import sys

from embed import EXAMPLES, ROOT, SOURCE, WARNINGS, bundle_of, environment, expect_answers, flags_of, lib_of, need, run, scratch

cpack, build = sys.argv[1], pathlib.Path(sys.argv[2])
need("dpkg-deb", "dpkg-shlibdeps", "dpkg-query", "readelf", "file", "pkg-config", "cc", "c++")

FILES = ["bin/ztp", "include/ztp.h", "include/ztp.hpp", "include/ztp_compile.h", "include/ztp_grpc.h",
         "include/ztp_grpc_call.h", "share/doc/ztp/copyright"]
LIB_FILES = ["libztp.so", "libztp.so.0", "libztpc.so", "libztpc.so.0", "libztp_envoy.so", "pkgconfig/ztp.pc", "pkgconfig/ztpc.pc",
             "cmake/ztp/ztpConfig.cmake", "cmake/ztp/ztpConfigVersion.cmake"]
OWN = {"libztp.so.0", "libztpc.so.0"}


def field(package, name):
    return run("dpkg-deb", "-f", package, name).strip()


def dynamic(path, tag):
    return re.findall(rf"\({tag}\).*\[([^\]]*)\]", run("readelf", "-d", path))


def check_dependencies(package, tree):
    """What the programs need comes from the packages that it names."""
    needed = set()
    for path in tree / "bin/ztp", *(lib_of(tree) / name for name in ("libztp.so", "libztpc.so", "libztp_envoy.so")):
        needed |= set(dynamic(path, "NEEDED"))
        # No path of the machine that built it, only the package's own libraries.
        for places in dynamic(path, "RUNPATH") + dynamic(path, "RPATH"):
            found = (path.parent / places.removeprefix("$ORIGIN").lstrip("/")).resolve()
            assert places.startswith("$ORIGIN") and found == lib_of(tree).resolve(), (path, places)
    named = {part.split()[0] for part in field(package, "Depends").split(",")}
    for library in sorted(needed - OWN):
        owners = {line.split(":")[0] for line in run("dpkg-query", "-S", f"*/{library}").splitlines()}
        assert owners & named, f"{library} is of {owners}, and the package names {sorted(named)}"
    return len(needed)


def package_of(folder):
    run(cpack, "--config", build / "CPackConfig.cmake", "-G", "DEB", "-B", folder, cwd=folder)
    made = list(folder.glob("*.deb"))
    assert len(made) == 1, made
    return made[0]


with scratch() as name:
    folder = pathlib.Path(name)
    package = package_of(folder)
    version = re.search(r"project\(ztp VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")).group(1)
    assert field(package, "Package") == "ztp"
    assert field(package, "Version") == version
    assert package.name == f"ztp_{version}_{field(package, 'Architecture')}.deb", package.name

    unpacked = folder / "unpacked"
    run("dpkg-deb", "-x", package, unpacked)
    tree = unpacked / "usr"
    wanted = [tree / path for path in FILES] + [lib_of(tree) / path for path in LIB_FILES]
    missing = [path for path in wanted if not path.exists()]
    assert not missing, missing
    count = check_dependencies(package, tree)
    control = folder / "control"
    run("dpkg-deb", "-e", package, control)
    assert "libztp 0 ztp" in (control / "shlibs").read_text(encoding="utf-8")

    # The command, in a folder without the sources and without the libraries' help.
    assert version in run(tree / "bin/ztp", "--version", cwd=folder)
    bundle = bundle_of(tree, folder)
    run(tree / "bin/ztp", "check", SOURCE, cwd=folder)

    # Programs in C and C++ by the package's own descriptions.
    env = environment(tree)
    for compiler, standard, source, libraries, policy in (
            ("cc", "c11", "decide.c", "ztp", bundle), ("c++", "c++17", "compile_and_decide.cc", "ztpc", SOURCE)):
        program = folder / source.split(".", maxsplit=1)[0]
        run(compiler, f"-std={standard}", *WARNINGS, EXAMPLES / "c" / source, "-o", program,
            *flags_of(libraries, env))
        expect_answers(program, policy, env)
    print(f"{package.name}: {package.stat().st_size} bytes, needs {count} libraries")
