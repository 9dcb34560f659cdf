"""The wheel as it is: what it carries, what it needs, and that it works where nothing else is installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

# libc and its parts, libstdc++ and its runtime, libcrypto: all else comes along.
ALLOWED = re.compile(
    r"^(libc|libm|libpthread|libdl|librt)\.so\.\d+$|^ld-linux[-\w]*\.so\.\d+$|^lib(stdc\+\+|gcc_s)\.so\.\d+$|^libcrypto\.so\.3$"
)


@pytest.fixture(scope="module")
def wheel() -> Path:
    path = os.environ.get("ZTP_WHEEL")
    if path is None:
        pytest.skip("ZTP_WHEEL does not name a wheel: tests/run_package.py makes one and sets it")
    return Path(path)


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def libraries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if ".so" in path.name and path.is_file())


def read_dynamic(path: Path) -> dict[str, list[str]]:
    """NEEDED, SONAME and RUNPATH of the dynamic section."""
    text = subprocess.run(["readelf", "--dynamic", "--wide", str(path)], check=True, capture_output=True, text=True).stdout
    entries: dict[str, list[str]] = {}
    for kind, value in re.findall(r"\((NEEDED|SONAME|RUNPATH|RPATH)\)[^\[]*\[([^\]]*)\]", text):
        entries.setdefault(kind, []).append(value)
    return entries


def test_it_is_for_every_python_from_3_10_on(wheel: Path) -> None:
    assert re.fullmatch(r"ztp-[\d.]+-cp310-abi3-(many)?linux\w*\.whl", wheel.name)


def test_it_has_what_it_should(unpacked: Path) -> None:
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    for name in ("__init__.py", "py.typed", "_ztp.abi3.so", "_ztp.pyi", "_ztpc.abi3.so", "_ztpc.pyi", "guard.py"):
        assert f"ztp/{name}" in names
    assert {"ztp/_libs/libztp.so.0", "ztp/_libs/libztpc.so.0", "ztp/_libs/licenses/ztp.txt"} <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith((".cc", ".h"))]


def test_what_is_needed_is_inside_or_everybodys(unpacked: Path) -> None:
    found = libraries(unpacked)
    inside = {path.name for path in found}
    for path in found:
        dynamic = read_dynamic(path)
        for needed in dynamic.get("NEEDED", []):
            assert needed in inside or ALLOWED.match(needed), f"{path.name} needs {needed}"
        assert set(dynamic.get("RUNPATH", []) + dynamic.get("RPATH", [])) <= {"$ORIGIN", "$ORIGIN/_libs"}, path.name
        if path.parent.name == "_libs":
            assert dynamic["SONAME"] == [path.name]


def test_every_library_is_found_inside(unpacked: Path) -> None:
    for path in libraries(unpacked):
        for line in subprocess.run(["ldd", str(path)], check=True, capture_output=True, text=True).stdout.splitlines():
            match = re.match(r"\s*(\S+) => (.*?)( \(0x.*)?$", line)
            if match and not ALLOWED.match(match[1]):
                assert match[2].startswith(str(unpacked)), f"{path.name}: {line.strip()}"


def test_no_path_of_the_building_machine_is_inside(unpacked: Path) -> None:
    here = str(Path(__file__).resolve().parents[3]).encode()
    for path in unpacked.rglob("*"):
        if path.is_file():
            assert here not in path.read_bytes(), path.relative_to(unpacked)


def test_it_works_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True, system_site_packages=False)
    python = tmp_path / "venv" / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LD_", "PYTHON", "ZTP_"))}
    install: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, env=environment)
    code = """
import sys
import ztp
assert "numpy" not in sys.modules and "ztp._ztpc" not in sys.modules
source = '''ztp 1
package p
entity E { n: Int }
action go on E by E with { host: String vouched }
permit go { principal E action go resource e: E when e.n > 1 and action.host matches "[a-z]+" }
'''
engine = ztp.Engine.load(ztp.compile_text(source))
engine.facts.upsert({"uid": {"type": "E", "id": "e"}, "attrs": {"n": 2}})
assert engine.decide(("E", "x"), "go", ("E", "e"), host="abc").lease.valid()
assert list(engine.decide_batch("go", {"e": ["e", "f"]}, principal=("E", "x"), resource="e", resource_type="E",
                                values={"host": "abc"})) == [True, False]
for line in open("/proc/self/maps"):
    if "libre2" in line or "libabsl" in line or "libztp" in line:
        assert "/site-packages/ztp/_libs/" in line, line
print("works", sys.prefix)
"""
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("works")
    assert sys.prefix not in done.stdout
