#!/usr/bin/env python3
"""Puts libztp, libztpc and the shared libraries that they need into a package, so that it needs nothing else.

The C library, libstdc++ and libcrypto stay the machine's own: every Linux with Python has them, and security fixes of
libcrypto should reach this too. What is copied gets a name of its own (libre2-1a2b3c4d.so.9), so that no other library of
that name in the process is taken for it, and finds what it needs beside itself ($ORIGIN). libztp and libztpc keep theirs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

# What a wheel may leave to the machine. tests/test_wheel.py holds the built wheel against it.
SYSTEM = re.compile(r"^(libc|libm|libpthread|libdl|librt|libgcc_s|libstdc\+\+|libcrypto|ld-linux[-\w]*|linux-vdso)\.so")


def run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def resolved(library: Path) -> dict[str, Path]:
    """Every library that this one loads, by the name that it is asked for."""
    found = {}
    for line in run("ldd", str(library)).splitlines():
        match = re.match(r"\s*(\S+) => (\S+)", line)
        if match:
            if match[2] == "not":
                sys.exit(f"{library} needs {match[1]}, which is not there")
            found[match[1]] = Path(match[2])
    return found


def package_name(soname: str, path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    stem, dot, rest = soname.partition(".so")
    return f"{stem}-{digest}{dot}{rest}"


def copy_license(path: Path, to: Path) -> None:
    """The licence of a library that a distribution's package brought, where that can be found."""
    if not shutil.which("dpkg-query"):
        return
    for name in (path, path.resolve(), Path("/usr") / path.relative_to("/"), Path("/usr") / path.resolve().relative_to("/")):
        found = subprocess.run(["dpkg-query", "-S", str(name)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if found.returncode == 0:
            package = found.stdout.split(":")[0]
            source = Path("/usr/share/doc") / package / "copyright"
            if source.is_file():
                to.mkdir(exist_ok=True)
                shutil.copyfile(source, to / f"{package}.txt")
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patchelf", required=True)
    parser.add_argument("--strip", default="")
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("libraries", type=Path, nargs="+")
    args = parser.parse_args()
    folder = args.package / "_libs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    own: dict[str, Path] = {}
    others: dict[str, Path] = {}
    for library in args.libraries:
        own[run(args.patchelf, "--print-soname", str(library)).strip()] = library
    for library in args.libraries:
        for name, path in resolved(library).items():
            if not SYSTEM.match(name) and name not in own:
                others[name] = path

    names = {name: package_name(name, path) for name, path in others.items()} | {name: name for name in own}
    for name, path in (own | others).items():
        copy = folder / names[name]
        shutil.copyfile(path, copy)  # what a link names, and a file that may be written
        os.chmod(copy, 0o755)
        if args.strip and not args.strip.endswith("NOTFOUND"):
            run(args.strip, "--strip-unneeded", str(copy))
        renamed = []
        for needed in run(args.patchelf, "--print-needed", str(copy)).split():
            if needed in others:
                renamed += ["--replace-needed", needed, names[needed]]
        run(args.patchelf, "--set-soname", names[name], "--set-rpath", "$ORIGIN", *renamed, str(copy))
        if name in others:
            copy_license(path, folder / "licenses")


if __name__ == "__main__":
    main()
